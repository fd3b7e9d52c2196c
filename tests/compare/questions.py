"""The questions: what the zones make interesting, names near it, and messages that are a little or very wrong. Same seed, same questions."""
import collections
import random
import re
import struct

from message import (A, AAAA, AD, ANY, CD, CNAME, DNAME, DS, MX, NS, RD, RRSIG, SOA, TXT, COMPRESSIBLE, Malformed, Message,
                     from_labels, labels_of, opt, question, text_of)

# How a question is asked: UDP limit that it grants, its OPT, whether by TCP.
FLAVOURS = {
    "plain": (512, b"", False),
    "512": (512, opt(512), False),
    "1232": (1232, opt(1232), False),
    "4096": (1232, opt(4096), False),   # all four servers are set to 1232
    "do": (1232, opt(1232, do=True), False),
    "tcp": (65535, opt(1232), True),
    "tcp-plain": (65535, b"", True),
}
ORDINARY = (A, AAAA, TXT, MX, NS, SOA, CNAME, DNAME, DS, ANY)
RARE = (12, 13, 33, 35, 44, 47, 48, 50, 51, 52, 59, 64, 65, 99, 257, 400, 65280, 65400, 65535, 3, 10, 38, RRSIG)
NEW_LABELS = (b"x", b"*", b"a", b"_tcp", b"www", b"\0", b"A.b", b"z" * 63)


class Query:
    """
    `mutation`: what was done to it, or None. `kind`: "query", or what is
    unusual: "malformed", "opcode", "version" (of EDNS), "class", "meta" (a type
    that is no data), "records" (some beside OPT in the additional section). Name, type and limit of a mutation are those that it has
    after all, where it can be read.
    """
    __slots__ = ("name", "type", "flavour", "bytes", "mutation", "kind", "limit", "tcp", "answers")

    def __init__(self, name, qtype, flavour, data, mutation=None):
        self.name, self.type, self.flavour, self.bytes, self.mutation, self.kind = name, qtype, flavour, data, mutation, "query"
        self.limit, _, self.tcp = FLAVOURS[flavour]
        if mutation:
            self.read()

    def read(self):
        try:
            m = Message(b"\0\0" + self.bytes)
            counts = struct.unpack_from("!4H", self.bytes, 2)
            if len(self.bytes) < 10 or (self.bytes[0] >> 3 & 15) == 0 and (counts[:3] != (1, 0, 0) or b"\xc0" in m.question):
                raise Malformed
            if m.edns and m.opt_owner != b"\0":
                raise Malformed
            if not m.edns or m.edns[1] == 0:    # what other versions have as options nobody knows
                m.options()
        except (Malformed, struct.error, IndexError):
            self.kind = "malformed" if len(self.bytes) < 10 or not self.bytes[0] >> 3 & 15 else "opcode"
            return
        self.limit = 65535 if self.tcp else 512 if not m.edns else max(512, min(1232, m.edns[0]))
        if self.bytes[0] >> 3 & 15:
            self.kind = "opcode"
            return
        self.name, self.type = m.question[:-4], struct.unpack("!H", m.question[-4:-2])[0]
        qclass = struct.unpack("!H", m.question[-2:])[0]
        self.kind = ("version" if m.edns and m.edns[1] else "class" if qclass != 1 else
                     "meta" if self.type in (0, 41) or 128 <= self.type < 255 else
                     "records" if m.sections[2] else "query")

    def __str__(self):
        return "%s TYPE%d [%s%s]" % (text_of(self.name), self.type, self.flavour, ", " + self.mutation if self.mutation else "")


class Model:
    """What the zones hold, by their transfers: {name in lower case: {type: [rdata]}}, and the origins."""

    def __init__(self):
        self.names, self.origins = {}, []

    def add(self, origin, records):
        self.origins.append(origin.lower())
        for owner, rtype, _, _, rdata in records:
            rdatas = self.names.setdefault(owner, {}).setdefault(rtype, [])
            if rdata not in rdatas:     # a cut and the origin below it
                rdatas.append(rdata)

    def zone_of(self, name):
        """The deepest origin above or at the name, or None."""
        name, best = name.lower(), None
        for o in self.origins:
            if (name == o or name.endswith(o) and is_below(name, o)) and (best is None or len(o) > len(best)):
                best = o
        return best


def is_below(name, above):
    labels, up = labels_of(name), labels_of(above)
    return labels[len(labels) - len(up):] == up and len(labels) > len(up)


def fits(labels):
    return sum(len(l) + 1 for l in labels) + 1 <= 255


def targets(types):
    """The names that records lead to."""
    for rtype, rdatas in types.items():
        if rtype in COMPRESSIBLE or rtype in (DNAME, 33):
            before = COMPRESSIBLE.get(rtype, (6 if rtype == 33 else 0, 1))[0]
            for rdata in rdatas[:4]:
                at = before
                while rdata[at]:
                    at += rdata[at] + 1
                yield rdata[before:at + 1]


def nearby(name, r):
    """Names one step away: a label more, a label less, another label, twice as deep."""
    labels = labels_of(name)
    out = [[r.choice(NEW_LABELS)] + labels, [b"a", b"b"] + labels, [b"*"] + labels]
    if labels:
        first = labels[0]
        i = r.randrange(len(labels))
        changed = bytes([first[0] ^ 1]) + first[1:] if first else first
        out += [labels[1:], [changed] + labels[1:], labels[:i] + [r.choice(NEW_LABELS)] + labels[i:],
                labels[:i] + labels[i + 1:], [first[:-1] or b"q"] + labels[1:], [labels[0]] + labels]
    return [from_labels(l) for l in out if fits(l)]


def spelled(name, r):
    """The name in another mixture of upper and lower case."""
    labels = [bytes(c ^ 0x20 if (65 <= c <= 90 or 97 <= c <= 122) and r.random() < 0.5 else c for c in l) for l in labels_of(name)]
    return from_labels(labels)


def ask(name, qtype, flavour, r):
    if r.random() < 0.3:
        name = spelled(name, r)
    flags = (RD if r.random() < 0.5 else 0) | (CD if r.random() < 0.2 else 0) | (AD if r.random() < 0.2 else 0)
    return Query(name, qtype, flavour, question(name, qtype, flags, FLAVOURS[flavour][1]))


def not_alike(names, most=3):
    """Without those that differ from `most` others in the digits of a name server's label only."""
    seen = collections.Counter()
    for name in names:
        first, rest = labels_of(name)[:1], name[name[0] + 1:]
        pattern = re.sub(rb"\d+", b"#", first[0]) if first else b"", rest
        seen[pattern] += 1
        if seen[pattern] <= most or b"-" not in pattern[0] and not pattern[0].startswith(b"mail"):
            yield name


def all_names(model):
    """Owners, empty non-terminals, where records lead to, and some strangers."""
    names = dict.fromkeys(not_alike(model.names))
    for owner in list(names):
        types = model.names[owner]
        labels = labels_of(owner)
        for i in range(1, min(len(labels), 6)):
            names[from_labels(labels[i:])] = None
        for t in targets(types):
            names[t.lower()] = None
    for stranger in ((), (b"com",), (b"nobody", b"test"), (b"example",), (b"x", b"example", b"org")):
        names[from_labels(stranger)] = None
    return list(names)


def well_formed(model, r):
    flavours = list(FLAVOURS)
    for name in all_names(model):
        types = list(model.names.get(name, ()))
        for qtype in types:
            for flavour in flavours:
                yield ask(name, qtype, flavour, r)
        for qtype in ORDINARY:
            if qtype not in types:
                yield ask(name, qtype, r.choice(flavours), r)
        yield ask(name, r.choice(RARE), r.choice(flavours), r)
        for near in nearby(name, r):
            yield ask(near, r.choice((A, A, TXT, ANY, DS, CNAME, NS, r.choice(types or RARE))), r.choice(flavours), r)


# --- mutations -----------------------------------------------------------------------

def record(owner, rtype, rdata, rclass=1):
    return owner + struct.pack("!HHIH", rtype, rclass, 0, len(rdata)) + rdata


def header(data, **fields):
    """The query with other header fields: flags, qd, an, ns, ar."""
    values = list(struct.unpack_from("!5H", data))
    for i, key in enumerate(("flags", "qd", "an", "ns", "ar")):
        if key in fields:
            values[i] = fields[key]
    return struct.pack("!5H", *values) + data[10:]


def wrong_headers(q, r):
    flags = struct.unpack_from("!H", q.bytes)[0]
    for opcode in (1, 2, 3, 6, 15):                 # NOTIFY and UPDATE are other tests' matter
        yield "opcode %d" % opcode, header(q.bytes, flags=flags | opcode << 11)
    for bit in (0x400, 0x200, 0x80, 0x40):
        yield "flag %#x" % bit, header(q.bytes, flags=flags | bit)
    yield "rcode", header(q.bytes, flags=flags | 5)
    yield "no question counted", header(q.bytes, qd=0)
    yield "two questions counted", header(q.bytes, qd=2)
    yield "answers counted", header(q.bytes, an=1)
    yield "authority counted", header(q.bytes, ns=1)
    yield "additional counted", header(q.bytes, ar=r.choice((2, 3, 65535)))


def wrong_sections(q, r):
    base = question(q.name, q.type)
    rr = record(q.name, TXT, b"\3abc")
    yield "a record as answer", header(base + rr, an=1)
    yield "a record as authority", header(base + rr, ns=1)
    yield "a record as additional", header(base + rr, ar=1)
    yield "a record before OPT", header(base + rr + opt(), ar=2)
    yield "a record behind OPT", header(base + opt() + rr, ar=2)
    yield "OPT as answer", header(base + opt(), an=1)
    yield "OPT as authority", header(base + opt(), ns=1)
    yield "the question twice", header(base + base[10:], qd=2)
    yield "no question", struct.pack("!5H", 0, 0, 0, 0, 0)
    yield "no question but OPT", struct.pack("!5H", 0, 0, 0, 0, 1) + opt()
    yield "bytes behind the message", q.bytes + b"\0" * r.choice((1, 2, 100))
    yield "a compressed owner", header(base + b"\xc0\x0c" + rr[len(q.name):], ar=1)


def wrong_edns(q, r):
    def with_opt(additional, count=1):
        return header(question(q.name, q.type) + additional, ar=count)
    for version in (1, 2, 255):
        yield "EDNS version %d" % version, with_opt(opt(version=version))
    yield "unknown option", with_opt(opt(options=struct.pack("!2H", 65001, 3) + b"abc"))
    yield "empty option", with_opt(opt(options=struct.pack("!2H", 65001, 0)))
    yield "option past the OPT", with_opt(opt(options=struct.pack("!2H", 65001, 9) + b"abc"))
    yield "three bytes of option", with_opt(opt(options=b"\xfd\xe9\0"))
    yield "unknown EDNS flags", with_opt(opt(flags=r.choice((1, 0x4000, 0x7fff))))
    for size in (0, 1, 511, 513, 65535):
        yield "EDNS size %d" % size, with_opt(opt(size))
    yield "OPT not at the root", with_opt(opt(owner=b"\1a\0"))
    yield "two OPTs", with_opt(opt() + opt(), 2)
    yield "two OPTs of other versions", with_opt(opt(version=1) + opt(version=2), 2)
    yield "OPT cut short", with_opt(opt()[:r.randrange(11)])
    yield "OPT rdlength too long", with_opt(opt()[:-2] + b"\0\7")
    yield "EDNS version 1 with a bad option", with_opt(opt(version=1, options=b"\0"))


def wrong_questions(q, r):
    for qclass in (0, 2, 3, 4, 254, 255, 65535):
        yield "class %d" % qclass, question(q.name, q.type, qclass=qclass)
    for qtype in (0, 41, 249, 252, 251, 253, 254, 128, 65535):   # TSIG is another test's matter
        yield "type %d" % qtype, question(q.name, qtype)
    rest = struct.pack("!2H", q.type, 1)
    head = struct.pack("!5H", 0, 1, 0, 0, 0)
    for what, name in (("pointer to itself", b"\xc0\x0c"), ("pointer forwards", b"\xc0\x20"), ("pointer to the header", b"\xc0\0"),
                       ("label and pointer to it", b"\1a\xc0\x0c"), ("label type 1", b"\x41" + b"a" * 65 + b"\0"),
                       ("label type 2", b"\x81" + b"a" + b"\0"), ("name of 256 bytes", (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0"),
                       ("name of 300 bytes", (b"\x3f" + b"a" * 63) * 4 + b"\x2a" + b"a" * 42 + b"\0"), ("name without end", b"\5ab")):
        yield what, head + name + rest
    at = r.randrange(len(q.bytes))
    yield "cut short", q.bytes[:at]


def mutilated(q, r):
    for _ in range(4):
        data = bytearray(q.bytes)
        for _ in range(r.choice((1, 1, 2, 5))):
            data[r.randrange(2, len(data))] ^= 1 << r.randrange(8)
        yield "random bits", bytes(data)


def mutations(queries, r, count):
    """`count` messages made from well-formed queries by UDP, each with one thing wrong."""
    plain = [q for q in queries if not q.tcp]
    made = 0
    while made < count:
        q = r.choice(plain)
        for kind in (wrong_headers, wrong_sections, wrong_edns, wrong_questions, mutilated):
            what, data = r.choice(list(kind(q, r)))
            if len(data) >= 2 and (data[0] & 0x80 or data[0] >> 3 in (4, 5)):
                continue                              # no responses; NOTIFY and UPDATE have tests of their own
            yield Query(q.name, q.type, q.flavour, data, what)
            made += 1


def make(model, seed=1, nmutations=4000):
    r = random.Random(seed)
    queries, seen = [], set()
    for q in well_formed(model, r):
        key = (q.bytes, q.tcp)
        if key not in seen:
            seen.add(key)
            queries.append(q)
    return queries + list(mutations(queries, r, nmutations))
