"""DNS messages by hand: what dig can't send, and streams of queries. Only what the cases need."""
import os
import socket
import struct

A, NS, CNAME, SOA, TXT, AAAA, OPT, ANY = 1, 2, 5, 6, 16, 28, 41, 255
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16


def name_wire(name):
    labels = [l for l in name.rstrip(".").split(".") if l]
    return b"".join(bytes([len(l)]) + l.encode() for l in labels) + b"\0"


def query(name, qtype=A, qid=None, flags=0, edns=None, qclass=1, options=b"", version=0):
    """The bytes of a query; edns: the UDP size to advertise, None: no OPT."""
    qid = int.from_bytes(os.urandom(2), "big") if qid is None else qid
    msg = struct.pack("!6H", qid, flags, 1, 0, 0, 0 if edns is None else 1)
    msg += name_wire(name) + struct.pack("!2H", qtype, qclass)
    if edns is not None:
        msg += b"\0" + struct.pack("!HHBBHH", OPT, edns, 0, version, 0, len(options)) + options
    return msg


def read_name(msg, at):
    labels, end, hops = [], None, 0
    while True:
        n = msg[at]
        if n >= 0xC0:
            end = at + 2 if end is None else end
            at = struct.unpack("!H", msg[at:at + 2])[0] & 0x3FFF
            hops += 1
            if hops > 64:
                raise ValueError("compression loop")
        elif n == 0:
            return ".".join(labels) + ".", (at + 1 if end is None else end)
        else:
            labels.append(msg[at + 1:at + 1 + n].decode("latin1"))
            at += n + 1


class Reply:
    """A parsed message: id, flags, rcode (with the OPT's bits), sections of (name, type, ttl, data as text or bytes)."""

    def __init__(self, msg):
        self.id, self.flags, qd, an, ns, ar = struct.unpack("!6H", msg[:12])
        self.rcode, self.tc, self.aa = self.flags & 15, bool(self.flags & 0x0200), bool(self.flags & 0x0400)
        self.size, self.edns = len(msg), False
        at = 12
        for _ in range(qd):
            _, at = read_name(msg, at)
            at += 4
        self.answer, at = self.section(msg, at, an)
        self.authority, at = self.section(msg, at, ns)
        self.additional, at = self.section(msg, at, ar)
        if at != len(msg):
            raise ValueError("bytes after the message")

    def section(self, msg, at, count):
        out = []
        for _ in range(count):
            name, at = read_name(msg, at)
            rtype, rclass, ttl, n = struct.unpack("!HHIH", msg[at:at + 10])
            at += 10
            data = msg[at:at + n]
            if rtype == A:
                data = socket.inet_ntoa(data)
            elif rtype == AAAA:
                data = socket.inet_ntop(socket.AF_INET6, data)
            elif rtype in (NS, CNAME):
                data = read_name(msg, at)[0]
            elif rtype == OPT:
                self.edns = True
                self.rcode |= (ttl >> 24) << 4
            at += n
            if at > len(msg):
                raise ValueError("record past the end")
            out.append((name, rtype, ttl, data))
        return out, at

    def addresses(self):
        return sorted(d for _, t, _, d in self.answer if t in (A, AAAA))


def udp(server, msg, timeout=2.0, port=53, source=None):
    """The reply's bytes, or None when there is none in time."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        if source:
            s.bind((source, 0))
        s.settimeout(timeout)
        s.connect((server, port))
        s.send(msg)
        try:
            return s.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


def tcp_frame(msg):
    return struct.pack("!H", len(msg)) + msg


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError("closed after %d of %d bytes" % (len(data), n))
        data += more
    return data


def tcp_read(s):
    return read_exactly(s, struct.unpack("!H", read_exactly(s, 2))[0])
