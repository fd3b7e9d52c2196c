"""
Why two servers may differ. A rule looks at one pair of answers and returns the
aspects (words of differ.py) that it accounts for; its label is a section of
differences.md, which names the RFC that permits the difference. Rules check
what they claim: an explanation that fits anything explains nothing.
"""
import re

from message import (A, AA, AAAA, ANY, CNAME, COMPRESSIBLE, DNAME, DS, FORMERR, NOERROR, NOTIMP, NS, NXDOMAIN, REFUSED, SERVFAIL,
                     SOA, TC, YXDOMAIN, BADVERS, Malformed, Message, text_of)
from questions import is_below

RULES = []
SECTIONS = {"answer": 0, "authority": 1, "additional": 2}
EDE = 15


class Context:
    def __init__(self, model):
        self.model = model
        self.full = {}      # id(query): bytes of our answer by TCP, for what somebody truncated


def rule(label, *wanted):
    """A rule is asked when one of the wanted aspects is left to explain."""
    def register(function):
        RULES.append((label, set(wanted), function))
        return function
    return register


# Other types with names in rdata, which some servers store in lower case (RFC 4034 section 6.2).
WITH_NAMES = (17, 18, 21, 26, 33, 35, 36, 45, 46, 47, 55, 58, 64, 65, 107, 260)


def folded(record):
    """
    With names in rdata in lower case, where the type is one whose names are
    compressed, or DNAME; all of the rdata of others that hold names, which
    the program `rdata` compares exactly.
    """
    owner, rtype, rclass, ttl, rdata = record
    shape = COMPRESSIBLE.get(rtype) or (rtype == DNAME and (0, 1))
    if shape:
        end = len(rdata) - (20 if rtype == SOA else 0)
        rdata = rdata[:shape[0]] + rdata[shape[0]:end].lower() + rdata[end:]
    elif rtype in WITH_NAMES:
        rdata = rdata.lower()
    return owner, rtype, rclass, ttl, rdata


class Case:
    """A pair of answers. The sections are those of the messages, with the case of names in rdata folded."""

    def __init__(self, aspects, q, ours, theirs, server, context):
        self.aspects, self.q, self.ours, self.theirs, self.server, self.context = set(aspects), q, ours, theirs, server, context
        self.model = context.model

    def fold(self):
        self.mine = [[folded(r) for r in s] for s in self.ours.sections]
        self.other = [[folded(r) for r in s] for s in self.theirs.sections]

    def only(self, section):
        """(records that only we have, records that only they have)"""
        mine, other = set(self.mine[section]), set(self.other[section])
        return mine - other, other - mine

    def same(self, section):
        return set(self.mine[section]) == set(self.other[section])

    def referral(self):
        """The owner of the NS set of a referral in both, or None."""
        owners = {r[0] for r in self.mine[1] if r[1] == NS} & {r[0] for r in self.other[1] if r[1] == NS}
        return owners.pop() if len(owners) == 1 else None

    def chain_end(self, records):
        """The name to which a chain of CNAMEs and DNAMEs from the question leads, and how many CNAMEs it has."""
        name, hops, by_owner = self.q.name.lower(), 0, {r[0]: r[4].lower() for r in records if r[1] == CNAME}
        seen = set()
        while name in by_owner and name not in seen and self.q.type != CNAME:
            seen.add(name)
            name = by_owner[name]
            hops += 1
        return name, hops


    def loops(self, records):
        name, by_owner, seen = self.q.name.lower(), {r[0]: r[4].lower() for r in records if r[1] == CNAME}, set()
        while name in by_owner and name not in seen:
            seen.add(name)
            name = by_owner[name]
        return name in seen


def explain(aspects, q, ours, theirs, server, context):
    """(labels of the rules that applied, aspects that none accounts for)"""
    c = Case(aspects, q, ours, theirs, server, context)
    if ours and theirs:
        c.fold()
    labels = []
    for label, wanted, function in RULES:
        if c.aspects & wanted:
            done = function(c)
            if done and done & c.aspects:
                labels.append(label)
                c.aspects -= done
        if not c.aspects:
            break
    return labels, c.aspects


# --- unusual messages ---------------------------------------------------------------------------

EVERYTHING = {"silence", "qr", "opcode", "aa", "tc", "rd", "ra", "z", "ad", "cd", "rcode", "question", "answer", "authority", "additional",
              "edns", "edns-size", "edns-version", "edns-flags", "edns-options"}


@rule("Malformed messages", *EVERYTHING)
def malformed(c):
    """We say FORMERR and nothing else, or nothing where there is no whole header. Others guess, or are silent."""
    if c.q.kind != "malformed":
        return None
    if c.ours is None:
        return EVERYTHING if len(c.q.bytes) < 10 else None
    if c.ours.rcode == FORMERR and not any(c.ours.sections) and not c.ours.flags & AA:
        return EVERYTHING


@rule("Unknown opcodes", *EVERYTHING)
def unknown_opcode(c):
    if c.q.kind == "opcode" and c.ours and c.ours.rcode == NOTIMP and not any(c.ours.sections) and not c.ours.flags & AA:
        return EVERYTHING


@rule("Other classes", *EVERYTHING)
def other_class(c):
    if c.q.kind == "class" and c.ours and c.ours.rcode == REFUSED and not any(c.ours.sections) and not c.ours.flags & AA:
        return EVERYTHING


@rule("Types that are no data", *EVERYTHING)
def no_data_types(c):
    """Zone transfers and their kin: an error without data of ours. The unassigned ones are as good as any type that isn't there."""
    if c.q.kind == "meta" and c.ours and (not any(c.ours.sections) or c.theirs and c.theirs.rcode != NOERROR and c.ours.rcode in (NOERROR, NXDOMAIN)):
        return EVERYTHING


@rule("Records in the additional section of a query", *EVERYTHING)
def records_in_query(c):
    """We pass over them; they are silent, or say FORMERR."""
    if c.q.kind == "records" and c.ours and (c.theirs is None or c.theirs.rcode == FORMERR):
        return EVERYTHING


@rule("EDNS sizes below 512", *EVERYTHING)
def tiny_size(c):
    asked = Message(b"\0\0" + c.q.bytes).edns if c.q.kind == "query" else None
    if asked and asked[0] < 512 and c.ours and (c.theirs is None or c.theirs.rcode == FORMERR):
        return EVERYTHING


@rule("Queries with an rcode", "silence", "rcode")
def query_with_rcode(c):
    """NSD does not answer them, or says FORMERR. The field means nothing in a query, so we do."""
    if c.q.bytes[1] & 15 and c.ours and (c.theirs is None or c.theirs.rcode == FORMERR):
        return EVERYTHING


@rule("Bad options of an unknown EDNS version", "rcode", "edns")
def options_of_another_version(c):
    """We say BADVERS: options are read by the rules of a version. They say FORMERR."""
    if c.q.kind == "version" and c.ours.rcode == BADVERS and c.theirs.rcode == FORMERR and "option" in (c.q.mutation or ""):
        return {"rcode", "edns", "edns-options", "edns-flags"}


@rule("DO in BADVERS", "edns-flags")
def do_in_badvers(c):
    if c.q.kind == "version" and c.ours.rcode == c.theirs.rcode == BADVERS and c.ours.edns[2] & 0x8000:
        return {"edns-flags"}


# --- sizes ------------------------------------------------------------------------------------

@rule("Truncated answers", "answer", "authority", "additional")
def truncated_both(c):
    if c.ours.flags & c.theirs.flags & TC:
        return {"answer", "authority", "additional"}


@rule("Less compression", "tc")
def less_compression(c):
    """We truncate: then it is true that our whole answer is too long."""
    if c.ours.flags & TC and c.context.full.get(id(c.q), 0) > c.q.limit:
        return {"tc", "answer", "authority", "additional"}


@rule("Longer answers", "tc")
def longer_answers(c):
    """They truncate, and our whole answer fits: the same question by TCP shows that nothing is missing."""
    if c.theirs.flags & TC and 0 < c.context.full.get(id(c.q), 0) <= c.q.limit:
        return {"tc", "answer", "authority", "additional"}


# --- spelling -----------------------------------------------------------------------------------

@rule("Case of names in rdata", "answer", "authority", "additional")
def case_of_names(c):
    return {word for word, i in SECTIONS.items() if word in c.aspects and c.same(i)}


# --- header and EDNS -------------------------------------------------------------------------------

@rule("CD", "cd")
def cd_bit(c):
    if not c.ours.flags & 0x10 or c.server == "bind":
        return {"cd"}


@rule("AD", "ad")
def ad_bit(c):
    if not c.ours.flags & 0x20:
        return {"ad"}


@rule("Extended errors", "edns-options")
def extended_errors(c):
    try:
        if {code for code, _ in c.ours.options()} | {code for code, _ in c.theirs.options()} == {EDE}:
            return {"edns-options"}
    except Malformed:
        pass


@rule("Advertised size", "edns-size")
def advertised_size(c):
    if c.ours.edns[0] == 1232:
        return {"edns-size"}


# --- sections ----------------------------------------------------------------------------------------

@rule("ANY", "answer", "authority")
def any_one_set(c):
    """At the end of the same chain we say one whole RRset of the node; they say another one, several, or all."""
    mine, other = c.only(0)
    if c.q.type != ANY or len({r[:2] for r in mine}) > 1 or c.ours.sections[1] or c.theirs.rcode != NOERROR:
        return None
    node, rtype = c.mine[0][-1][:2] if c.mine[0] else (None, None)
    records = {r[4] for r in c.mine[0] if r[:2] == (node, rtype)}
    known = [{folded((n, rtype, 1, 0, d))[4] for d in types[rtype]} for n, types in c.model.names.items() if rtype in types]
    if records in known and all(r[0] == node for r in other):
        return {"answer", "authority", "additional"}


@rule("Helpful additional records", "additional")
def additional_addresses(c):
    """Not a referral: one of us adds addresses of names in the answer, or what an SVCB alias leads to."""
    if c.referral():
        return None
    mine, other = c.only(2)
    if all(r[1] in (A, AAAA) or r[1] in (64, 65) and c.q.type in (64, 65, ANY) for r in mine | other):
        return {"additional"}


@rule("Addresses that are not glue", "additional")
def not_glue(c):
    """A referral: what differs are addresses of name servers outside of the delegated name, or more of them than they give."""
    cut = c.referral()
    if not cut:
        return None
    mine, other = c.only(2)
    if all(r[1] in (A, AAAA) for r in mine | other) and not any(is_below(r[0], cut) or r[0] == cut for r in other):
        return {"additional"}


@rule("Glue made from wildcards", "additional")
def wildcard_glue(c):
    """Knot and NSD make glue from a wildcard that the cut hides."""
    mine, other = c.only(2)
    if c.referral() and c.server in ("knot", "nsd") and not mine and not any(r[0] in c.model.names for r in other):
        return {"additional"}


@rule("Aliases into other zones of the server", "answer", "authority", "rcode")
def other_zone(c):
    """The chain leaves the zone, where we stop, with no word of what is there but the delegation, if this zone has it."""
    end, hops = c.chain_end(c.mine[0])
    if hops and c.model.zone_of(end) != c.model.zone_of(c.q.name) and not c.only(0)[0] and c.ours.rcode == NOERROR:
        if all(r[1] == NS and (is_below(end, r[0]) or end == r[0]) for r in c.mine[1]):
            return {"answer", "authority", "additional", "rcode"}


@rule("Loops of aliases", "answer", "rcode")
def loops(c):
    """Their chain comes back to a name of its own. We say no more than they do, and it is no error."""
    if c.ours.rcode == NOERROR and c.theirs.rcode in (NOERROR, SERVFAIL, YXDOMAIN) and c.loops(c.other[0] + c.mine[0]) and not c.mine[1]:
        if c.theirs.rcode != NOERROR or not c.only(0)[0]:
            return {"answer", "authority", "additional", "rcode"}


# We follow 12 aliases behind the first and make 6 from DNAMEs; Knot follows 5 in all, BIND gives up with SERVFAIL after 11.
OUR_CHAIN, OUR_SYNTHESES, SHORTEST_CHAIN = 13, 6, 5


@rule("Long chains of aliases", "answer", "rcode", "authority")
def long_chains(c):
    """One chain is the beginning of the other, and the shorter one is long."""
    (mine, other), (_, ours), (_, theirs) = c.only(0), c.chain_end(c.mine[0]), c.chain_end(c.other[0])
    dname = any(r[1] == DNAME for r in c.mine[0])
    if (ours >= (OUR_SYNTHESES if dname else OUR_CHAIN) and (not mine or c.theirs.flags & TC)) or (theirs >= SHORTEST_CHAIN and not other and c.server in ("knot", "bind")):
        return {"answer", "authority", "additional", "rcode"}


@rule("DNAMEs that lead below themselves", "answer")
def growing_names(c):
    """NSD uses a DNAME once in an answer; we go on until the chain is long."""
    mine, other = c.only(0)
    if c.server == "nsd" and not other and any(r[1] == DNAME and is_below(r[4], r[0]) for r in c.mine[0]):
        return {"answer", "authority", "additional"}


@rule("CNAME or ANY below a DNAME", "answer", "authority", "additional", "rcode")
def synthesis_is_the_answer(c):
    """They take the synthesized CNAME for the answer to CNAME and ANY, we follow it."""
    mine, other = c.only(0)
    synthesized = [r for r in c.other[0] if r[1] == CNAME and r[0] == c.q.name.lower()]
    if c.q.type in (CNAME, ANY) and c.other[0] and c.other[0][0][1] == DNAME and synthesized and not other and not c.other[1]:
        return {"answer", "authority", "additional", "rcode"}


@rule("DNSSEC types at an alias", "answer", "authority")
def dnssec_at_alias(c):
    """Of types that may stand beside a CNAME they say that they don't; we follow the CNAME as for any other type."""
    if c.q.type in (24, 25, 30, 46, 47, 50) and not c.other[0] and c.mine[0] and c.mine[0][0][1] == CNAME:
        return {"answer", "authority", "additional", "rcode"}


@rule("TTL of a denied SOA", "authority")
def denied_soa(c):
    """BIND lets negative answers to SOA expire at once."""
    if c.q.type == SOA and [r[:3] + (0,) + r[4:] for r in c.mine[1]] == c.other[1]:
        return {"authority"}


@rule("Owners of NSEC3", "rcode", "answer", "authority")
def owner_of_nsec3(c):
    """They say that the owner of NSEC3 records and nothing else does not exist."""
    if c.ours.rcode == NOERROR and c.theirs.rcode == NXDOMAIN and set(c.model.names.get(c.q.name.lower(), ())) == {50}:
        return {"rcode", "answer", "authority"}


@rule("Names hidden in a parent zone", "rcode")
def hidden_in_parent(c):
    """NSD takes a name for existing, in the child zone, that stands in the parent's file only."""
    if c.server == "nsd" and c.ours.rcode == NXDOMAIN and c.theirs.rcode == NOERROR and c.same(1) and not c.theirs.sections[0]:
        zone = c.model.zone_of(c.q.name)
        above = [o for o in c.model.origins if is_below(zone, o)]
        if above and any(n == c.q.name.lower() or is_below(n, c.q.name.lower()) for n in c.model.names):
            return {"rcode"}


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
            parts.append("%s[%d] %s" % (name, len(section), ", ".join(record_text(r) for r in section[:3])))
    return "; ".join(parts)


def record_text(record):
    owner, rtype, _, ttl, rdata = record
    data = text_of(rdata)[:40] if rtype in (NS, CNAME, DNAME) else rdata.hex()[:24]
    return "%s %d TYPE%d %s" % (text_of(owner)[:40], ttl, rtype, data)


def undocumented(labels, path):
    """The labels that are no section of differences.md."""
    with open(path) as f:
        return labels - set(re.findall(r"^### (.*)$", f.read(), re.M))
