"""Two answers to one question: in which aspects they differ."""
from message import AA, AD, CD, CNAME, DNAME, QR, RA, RD, TC, Malformed, Message

FLAGS = (("qr", QR), ("aa", AA), ("tc", TC), ("rd", RD), ("ra", RA), ("z", 0x40), ("ad", AD), ("cd", CD))
SECTIONS = ("answer", "authority", "additional")


def parse(raw, cache={}):
    """A Message, None for no answer. The same bytes but for the id are taken apart once."""
    if raw is None:
        return None
    key = raw[2:]
    m = cache.get(key)
    if m is None:
        m = cache[key] = Message(raw)
    return m


def differences(ours, theirs):
    """The aspects in which two messages differ, a set of words."""
    if ours is None or theirs is None:
        return set() if ours is theirs else {"silence"}
    out = set()
    changed = ours.flags ^ theirs.flags
    if changed & 0xfff0:
        out.update(name for name, bit in FLAGS if changed & bit)
        if changed & 0x7800:
            out.add("opcode")
    if ours.rcode != theirs.rcode:
        out.add("rcode")
    if ours.question != theirs.question:
        out.add("question")
    for i, name in enumerate(SECTIONS):
        if ours.sections[i] != theirs.sections[i] and ours.set_of(i) != theirs.set_of(i):
            out.add(name)
    if ours.edns != theirs.edns:
        out.update(edns_differences(ours.edns, theirs.edns))
    return out


def edns_differences(a, b):
    if a is None or b is None:
        return {"edns"}
    return {name for i, name in enumerate(("edns-size", "edns-version", "edns-flags", "edns-options")) if a[i] != b[i]}


def faults(q, m, raw):
    """What is wrong with an answer of ours, whatever others say: texts."""
    if m.size > q.limit:
        yield "%d bytes, but %d are allowed" % (m.size, q.limit)
    if not m.flags & QR:
        yield "QR is not set"
    if q.mutation is None and m.question != q.bytes[10:10 + len(m.question)]:
        yield "the question is not what was asked"
    if q.mutation is None and bool(m.edns) != bool(q.bytes[9]):
        yield "OPT in question and answer don't match"
    seen = set()
    for i, section in enumerate(SECTIONS):
        last = None
        ttls = {}
        for r in m.sections[i]:
            key = r[:2]
            if r in seen:
                yield "a record twice in %s" % section
            seen.add(r)
            if key != last and key in ttls:
                yield "an RRset in two pieces in %s" % section
            if ttls.setdefault(key, r[3]) != r[3]:
                yield "two TTLs in an RRset in %s" % section
            last = key
    yield from chain_faults(q, m)


def chain_faults(q, m):
    """Each record of the answer section belongs to the name that the ones before lead to, in their order."""
    if q.mutation or m.flags & TC:
        return
    name = q.name.lower()
    for owner, rtype, _, _, rdata in m.sections[0]:
        if rtype == DNAME and owner != name:
            if not name.endswith(owner):
                yield "a DNAME that is not above the name in question"
        elif owner != name:
            yield "an answer for another name"
        elif rtype == CNAME:
            name = rdata.lower()
