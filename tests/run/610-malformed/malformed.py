"""
malformed.py ADDRESS CORPUS-FOLDER COUNT [SEED]

COUNT damaged messages by UDP and the same by TCP, made from the fuzz corpus and
from queries of every kind; the same for the same seed. What has to hold for
each: no answer to a response or to less than a header, one to everything else,
well-formed, no longer than the client allows, with the id and the opcode of
the query; and the server answers an ordinary query afterwards.
"""
import os
import random
import select
import socket
import struct
import sys

from message import ANY, SOA, TXT, Malformed, Message, from_labels, opt, question, wire_of

ZONE = wire_of("gslb.example.com")
UDP_MAX, PLAIN_MAX = 1232, 512
OPTIONS = (0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20292, 65001, 65535)
TYPES = (0, 1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 41, 43, 46, 47, 48, 64, 65, 128, 249, 250, 251, 252, 253, 254, 255, 256, 257, 65535)
COUNTS = (0, 1, 2, 3, 255, 256, 65535)
BYTES = (0, 1, 12, 0x20, 0x3f, 0x40, 0x41, 0x7f, 0x80, 0xc0, 0xc1, 0xff)
NAMES = (b"", b"static", b"www", b"mail", b"alias", b"nothing", b"any.app", b"_health.www", b"sjc._health.www", b"_sites", b"x.y.lab",
         b"sjc.www", b"cdn", b".".join([b"a"] * 110), b"x" * 63, b"id.server")
SENTINEL_ID = 0x5e5e
SENTINEL = struct.pack("!H", SENTINEL_ID) + question(wire_of("static.gslb.example.com"), 1)


def name(r):
    labels = [l for l in r.choice(NAMES).split(b".") if l]
    roll = r.random()
    if roll < 0.1:
        return from_labels(labels)
    return from_labels(labels) [:-1] + ZONE


def record(owner, rtype, rdata, rclass=1, ttl=0):
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def options(r):
    out = b""
    for _ in range(r.choice((0, 1, 1, 2, 3, 30))):
        code = r.choice(OPTIONS)
        data = r.randbytes(r.choice((0, 1, 2, 4, 7, 8, 9, 16, 24, 32, 40, 41, 200)))
        if code == 8 and r.random() < 0.7:
            bits = r.choice((0, 8, 17, 24, 32, 33, 56, 128, 129, 255))
            data = struct.pack("!HBB", r.choice((0, 1, 2, 3)), bits, r.choice((0, 0, 24))) + r.randbytes(r.choice((0, (bits + 7) // 8)))
        out += struct.pack("!2H", code, len(data)) + data
    return out


def tsig(r, owner):
    data = wire_of(r.choice(("hmac-sha256", "hmac-md5.sig-alg.reg.int", "x"))) + r.randbytes(6) + struct.pack("!H", 300)
    mac = r.randbytes(r.choice((0, 1, 16, 32, 64)))
    data += struct.pack("!H", len(mac)) + mac + r.randbytes(2) + struct.pack("!2H", 0, 0)
    return record(owner, 250, data, 255)


def base(r):
    """A query that is right, or nearly: all kinds of questions, options, records and opcodes."""
    n = name(r)
    flags = r.choice((0, 0, 0x100, 0x10, 0x20, 0x130))
    roll = r.random()
    if roll < 0.5:
        additional = r.choice((b"", opt(r.choice((0, 512, 1232, 4096, 65535)), r.random() < 0.3, r.choice((0, 0, 0, 1)), options(r))))
        return question(n, r.choice(TYPES), flags, additional, r.choice((1, 1, 1, 1, 3, 254, 255)))
    if roll < 0.6:          # NOTIFY and UPDATE
        opcode = r.choice((4, 5)) << 11
        rr = record(n, SOA, ZONE + ZONE + r.randbytes(20))
        head = struct.pack("!5H", flags | opcode, 1, *r.choice(((1, 0, 0), (0, 1, 0), (1, 1, 1))))
        return head + ZONE + struct.pack("!2H", 6, 1) + rr * 3
    if roll < 0.7:          # IXFR
        return struct.pack("!5H", flags, 1, 0, 1, 0) + ZONE + struct.pack("!2H", 251, 1) + record(ZONE, SOA, ZONE + ZONE + r.randbytes(20))
    if roll < 0.8:          # signed with a key that nobody has
        return question(n, r.choice(TYPES), flags, tsig(r, wire_of(r.choice(("sjc", "den", "nobody")))))
    if roll < 0.9:          # CHAOS
        return question(wire_of(r.choice(("version.bind", "id.server", "hostname.bind", "version.server"))), r.choice((TXT, ANY, 1)), flags, opt(), 3)
    return question(n, r.choice(TYPES), flags, opt() + record(n, TXT, b"\3abc"), arcount=2)


def damage(data, r, others):
    """One thing that goes wrong."""
    data = bytearray(data)
    at = r.randrange(len(data)) if data else 0
    roll = r.randrange(11)
    if not data or roll == 0:
        data += r.randbytes(r.choice((1, 2, 11, 100, 600)))
    elif roll < 4:
        data[at] ^= 1 << r.randrange(8)
    elif roll == 4:
        data[at] = r.choice(BYTES)
    elif roll == 5:
        del data[at:at + r.choice((1, 2, 4, len(data)))]
    elif roll == 6:
        data[at:at] = bytes(data[at:at + r.choice((1, 2, 11, 40))])
    elif roll == 7:
        other = r.choice(others)
        data[at:] = other[r.randrange(len(other) + 1):]
    elif roll == 8 and len(data) >= 10:
        struct.pack_into("!H", data, r.choice((2, 4, 6, 8)), r.choice(COUNTS))
    elif roll == 9 and len(data) > 11:
        at = r.randrange(10, len(data) - 1)
        struct.pack_into("!H", data, at, 0xc000 | r.choice((0, 11, 12, 13, at + 2, at + 1, 0x3fff, r.randrange(0x4000))))
    else:
        data[at:at] = bytes([0xc0, 12]) * r.choice((1, 5, 100))
    return bytes(data)


def read_corpus(folder):
    """Its files have a byte in front that is no part of the message, and then the id."""
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file), "rb") as f:
            yield f.read()[3:]


def make(folder, count, seed):
    """Messages without id; some are not damaged at all."""
    r = random.Random(seed)
    stock = [m for m in read_corpus(folder) if len(m) > 10] + [base(r) for _ in range(400)]
    out = list(stock)
    while len(out) < count:
        m = r.choice(stock)
        for _ in range(r.choice((1, 1, 1, 2, 4))):
            m = damage(m, r, stock)
        out.append(m[:1400])
    return out[:count]


class Wrong(Exception):
    pass


def must_answer(message):
    """`message` without its id."""
    return len(message) >= 10 and not message[0] & 0x80


def check(message, answer, limit):
    m = Message(answer)
    if not m.flags & 0x8000:
        raise Wrong("the answer is no answer")
    if (m.flags >> 11 & 15) != message[0] >> 3 & 15:
        raise Wrong("another opcode")
    if len(answer) > limit:
        raise Wrong("%d bytes" % len(answer))
    if len(answer) > PLAIN_MAX and limit == UDP_MAX:
        asked = Message(b"\0\0" + message)
        if not asked.edns or asked.edns[0] < len(answer):
            raise Wrong("%d bytes for a client that doesn't take them" % len(answer))


def by_udp(server, messages, window=40):
    """Windows, each ended by the sentinel's answer: what has not been answered before it is not going to be."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    s.connect((server, 53))
    answered = 0
    for start in range(0, len(messages), window):
        batch = {i % 0x5000: m for i, m in enumerate(messages[start:start + window], start)}
        for i, m in batch.items():
            s.send((struct.pack("!H", i) + m) if len(m) else b"")
        missing = {i for i, m in batch.items() if must_answer(m)}
        for attempt in range(5):    # a full receive buffer may lose some: those are sent again
            s.send(SENTINEL)
            answered += collect(s, batch, missing)
            if not missing:
                break
            for i in missing:
                s.send(struct.pack("!H", i) + batch[i])
        else:
            raise Wrong("no answer to %s" % batch[min(missing)].hex())
    return answered


def collect(s, batch, missing):
    """Answers until that of the sentinel. Returns how many there were."""
    count = 0
    while True:
        if not select.select([s], [], [], SECONDS)[0]:
            raise Wrong("the server is silent")
        data = s.recv(65535)
        i = struct.unpack_from("!H", data)[0]
        if i == SENTINEL_ID:
            return count
        if i not in batch or not must_answer(batch[i]):
            raise Wrong("answer to what must not be answered: %s" % batch.get(i, b"").hex())
        try:
            check(batch[i], data, UDP_MAX)
        except (Wrong, Malformed) as e:
            raise Wrong("%s: asked %s, said %s" % (e, batch[i].hex(), data.hex())) from None
        count += 1
        missing.discard(i)


class Stream:
    """A connection that is made again when the server has ended it."""

    def __init__(self, server):
        self.server, self.s, self.data = server, None, b""

    def send(self, message):
        if self.s is None:
            self.s, self.data = socket.create_connection((self.server, 53), timeout=SECONDS), b""
        self.s.sendall(struct.pack("!H", len(message)) + message)

    def read(self):
        """A message, or None at the end of the connection."""
        while len(self.data) < 2 or len(self.data) < 2 + struct.unpack_from("!H", self.data)[0]:
            try:
                more = self.s.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                self.s.close()
                self.s = None
                return None
            self.data += more
        n = 2 + struct.unpack_from("!H", self.data)[0]
        out, self.data = self.data[2:n], self.data[n:]
        return out


def by_tcp(server, messages):
    """Each followed by the sentinel, whose answer has to come unless the message was one to end the connection for."""
    stream, answered = Stream(server), 0
    for i, m in enumerate(messages):
        stream.send(struct.pack("!H", i % 0x5000) + m if m else b"")
        try:
            stream.send(SENTINEL)
        except ConnectionError:
            pass
        got = sentinel = False
        while not (got and sentinel):
            answer = stream.read()
            if answer is None:
                break
            if struct.unpack_from("!H", answer)[0] == SENTINEL_ID:
                sentinel = True
                if not must_answer(m):
                    break
                continue
            if not must_answer(m):
                raise Wrong("answer by TCP to what must not be answered: %s" % m.hex())
            try:
                check(m, answer, 65535)
            except (Wrong, Malformed) as e:
                raise Wrong("%s: asked by TCP %s, said %s" % (e, m.hex(), answer.hex())) from None
            got = True
            answered += 1
        if must_answer(m) and not got:
            raise Wrong("no answer by TCP to %s" % m.hex())
    return answered


def garbage(server, r, count):
    """Streams that are no DNS at all, cut anywhere."""
    for _ in range(count):
        with socket.create_connection((server, 53), timeout=SECONDS) as s:
            try:
                s.sendall(r.randbytes(r.choice((1, 2, 3, 100, 5000, 70000))))
            except ConnectionError:
                pass


SECONDS = 10 * float(os.environ.get("FAIRLEAD_SLOW", "1"))


def main(server, folder, count, seed="1"):
    messages = make(folder, int(count), int(seed))
    try:
        udp = by_udp(server, messages)
        tcp = by_tcp(server, messages)
        garbage(server, random.Random(int(seed)), 100)
        by_udp(server, messages[:40])
    except Wrong as e:
        print("FAILED: %s" % e)
        return 1
    print("%d messages, %d answered by UDP, %d by TCP" % (len(messages), udp, tcp))
    return 0


sys.exit(main(*sys.argv[1:]))
