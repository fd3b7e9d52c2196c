"""DNS messages in bytes: questions to send, answers taken apart so that two of them can be compared."""
import struct

A, NS, CNAME, SOA, MX, TXT, AAAA, DNAME, OPT, DS, RRSIG, ANY = 1, 2, 5, 6, 15, 16, 28, 39, 41, 43, 46, 255
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, BADVERS = 0, 1, 2, 3, 4, 5, 6, 16

# Types whose names a server may compress (RFC 3597 section 4), and the bytes before and the number of them.
COMPRESSIBLE = {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1), 9: (0, 1),
                12: (0, 1), 14: (0, 2), 15: (2, 1)}


def wire_of(text):
    """A name in dots without escapes -> wire form."""
    return b"".join(bytes([len(l)]) + l.encode() for l in text.rstrip(".").split(".") if l) + b"\0"


def labels_of(wire):
    out, at = [], 0
    while wire[at]:
        out.append(wire[at + 1:at + 1 + wire[at]])
        at += wire[at] + 1
    return out


def from_labels(labels):
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def text_of(wire):
    def label(l):
        return "".join(chr(c) if 33 <= c < 127 and c not in b'.\\";@' else "\\%03d" % c for c in l)
    return ".".join(label(l) for l in labels_of(wire)) + "."


def opt(size=1232, do=False, version=0, options=b"", flags=0, owner=b"\0"):
    return owner + struct.pack("!HHBBHH", OPT, size, 0, version, (0x8000 if do else 0) | flags, len(options)) + options


def question(name, qtype, flags=0, additional=b"", qclass=1, arcount=None):
    """A query but for its two octets of id. `name` in wire form."""
    count = (1 if additional else 0) if arcount is None else arcount
    return struct.pack("!5H", flags, 1, 0, 0, count) + name + struct.pack("!2H", qtype, qclass) + additional


class Malformed(Exception):
    pass


class Message:
    """
    flags: the second 16 bits; question: its bytes; sections: three lists of
    (owner in lower case, type, class, TTL, rdata with names uncompressed);
    edns: None or (size, version, flags, options) of the OPT, which is taken
    out of the additional section; rcode: with the OPT's bits.
    """
    __slots__ = ("flags", "rcode", "question", "sections", "edns", "size", "raw", "opt_owner", "_sets", "names")

    def __init__(self, raw):
        try:
            self._parse(raw)
        except (IndexError, struct.error, RecursionError) as e:
            raise Malformed(str(e)) from None

    def _parse(self, raw):
        self.raw, self.size, self.names = raw, len(raw), {}
        _, self.flags, qd, *counts = struct.unpack_from("!6H", raw)
        self.rcode, self.edns, self._sets = self.flags & 15, None, [None] * 3
        at = 12
        for _ in range(qd):
            at = self._name(at)[1] + 4
        self.question = raw[12:at]
        self.sections = []
        for count in counts:
            records = []
            for _ in range(count):
                at = self._record(at, records)
            self.sections.append(records)
        if at != len(raw):
            raise Malformed("%d bytes after the message" % (len(raw) - at))

    def _record(self, at, records):
        raw = self.raw
        owner, at = self._name(at)
        rtype, rclass, ttl, n = struct.unpack_from("!HHIH", raw, at)
        at += 10
        end = at + n
        if end > len(raw):
            raise Malformed("record past the end")
        if rtype == OPT:
            if self.edns or len(self.sections) != 2:
                raise Malformed("a second OPT, or one out of place")
            self.opt_owner = owner
            self.edns = (rclass, ttl >> 16 & 255, ttl & 0xffff, raw[at:end])
            self.rcode |= ttl >> 24 << 4
        else:
            records.append((owner.lower(), rtype, rclass, ttl, self._rdata(rtype, at, end)))
        return end

    def _rdata(self, rtype, at, end):
        shape = COMPRESSIBLE.get(rtype)
        if not shape or at == end:
            return self.raw[at:end]
        before, names = shape
        out, at = self.raw[at:at + before], at + before
        for _ in range(names):
            name, at = self._name(at)
            out += name
        if at > end:
            raise Malformed("name past the rdata")
        return out + self.raw[at:end]

    def _name(self, at):
        """The name at `at`, and where what follows it begins. Pointers go backwards only."""
        raw, out, start, end, limit = self.raw, b"", at, None, at
        while True:
            n = raw[at]
            if n == 0:
                out += b"\0"
                end = end or at + 1
                break
            if n < 64:
                out += raw[at:at + n + 1]
                at += n + 1
            elif n >= 192:
                to = (n & 63) << 8 | raw[at + 1]
                end = end or at + 2
                if to >= limit:
                    raise Malformed("pointer forwards")
                known = self.names.get(to)
                if known:
                    out += known
                    break
                at = limit = to
            else:
                raise Malformed("label type %d" % n)
        if len(out) > 255 or end > len(raw):
            raise Malformed("name too long")
        self.names[start] = out
        return out, end

    def set_of(self, section):
        """The records as a frozenset."""
        if self._sets[section] is None:
            self._sets[section] = frozenset(self.sections[section])
        return self._sets[section]

    def rrsets(self, section):
        """{(owner, type): frozenset of records}"""
        out = {}
        for r in self.sections[section]:
            out.setdefault(r[:2], []).append(r)
        return {k: frozenset(v) for k, v in out.items()}

    def options(self):
        """[(code, data)] of the OPT; empty when there is none."""
        out, data = [], self.edns[3] if self.edns else b""
        while data:
            code, n = struct.unpack_from("!2H", data)
            if n > len(data) - 4:
                raise Malformed("option past the OPT")
            out.append((code, data[4:4 + n]))
            data = data[4 + n:]
        return out
