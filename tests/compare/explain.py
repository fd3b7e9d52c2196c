"""Why two servers may differ. Each rule's label has a section in differences.md that names the RFC."""
from message import Malformed, Message, text_of


class Context:
    def __init__(self, model):
        self.model = model
        self.full = {}      # id(query): bytes of our answer by TCP, for what somebody truncated


def describe(raw):
    if raw is None:
        return "no answer"
    try:
        m = Message(raw)
    except Malformed as e:
        return "malformed (%s): %s" % (e, raw.hex())
    flags = " ".join(n for n, b in (("aa", 0x400), ("tc", 0x200), ("rd", 0x100), ("ra", 0x80), ("z", 0x40), ("ad", 0x20), ("cd", 0x10)) if m.flags & b)
    parts = ["rcode %d" % m.rcode, "flags " + flags, "%d bytes" % m.size]
    if m.edns:
        parts.append("edns %d/%d/%x/%s" % (m.edns[0], m.edns[1], m.edns[2], m.edns[3].hex()))
    for name, section in zip(("AN", "NS", "AR"), m.sections):
        if section:
            shown = ["%s/%d/%d/%s" % (text_of(o), t, ttl, rd.hex()[:60]) for o, t, c, ttl, rd in section[:6]]
            parts.append("%s[%d] %s" % (name, len(section), ", ".join(shown)))
    return "; ".join(parts)


def explain(aspects, q, ours, theirs, server, context):
    return [], aspects


def undocumented(labels, path):
    return set()
