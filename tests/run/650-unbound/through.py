"""
through.py BIND RESOLVER-OURS RESOLVER-THEIRS ORIGIN...

Asks two resolvers, of which one has all from our server and one from BIND, for
the names of the zones. What they say must be the same: a resolver that
minimises names and mixes case finds nothing odd with us.
"""
import random
import re
import sys

import ask
import explain
import questions
from message import A, AAAA, CNAME, MX, NS, RD, SERVFAIL, SOA, TXT, Message, opt, question, text_of, wire_of

# Aliases that come back, which no resolver can follow and each reports in its own way.
LOOPS = re.compile(rb"loop|self|grow")
TYPES = (A, AAAA, TXT, MX, CNAME, SOA)


def below_foreign_cut(model, name):
    """Whether the name lies below a delegation to servers that nobody runs."""
    zone = model.zone_of(name)
    if zone is None:
        return True
    return any(NS in types and cut not in model.origins and (cut == name or questions.is_below(name, cut)) for cut, types in model.names.items())


def sample(model, count, r):
    names = [n for n in questions.all_names(model) if len(n) > 1]
    near = [n for name in names for n in questions.nearby(name, r)[:5]]
    names = [n for n in names + near if not LOOPS.search(n.lower()) and not below_foreign_cut(model, n.lower())]
    r.shuffle(names)
    for name in names[:count]:
        types = [t for t in model.names.get(name.lower(), ()) if t in TYPES]
        yield name, r.choice(types or TYPES)


def gist(raw):
    """What a client cares about: rcode and answer without TTLs, names in lower case."""
    if raw is None:
        return None
    m = Message(raw)
    return m.rcode, frozenset((o, t, explain.folded((o, t, c, 0, d))[4]) for o, t, c, _, d in m.sections[0])


def main(bind, ours, theirs, *origins):
    model, r = questions.Model(), random.Random(7)
    for origin in origins:
        records = []
        for raw in ask.transfer(bind, wire_of(origin)):
            records += Message(raw).sections[0]
        model.add(wire_of(origin), records)
    asked = list(dict.fromkeys(sample(model, 1500, r)))
    answers = ask.udp([ours, theirs], [question(n, t, RD, opt(4096)) for n, t in asked], None)
    different = servfail = 0
    for (name, qtype), raws in zip(asked, answers):
        a, b = gist(raws[0]), gist(raws[1])
        servfail += a is not None and a[0] == SERVFAIL
        if a != b or a is None:
            different += 1
            print("%s TYPE%d\n  through ours  %s\n  through bind  %s" % (text_of(name), qtype, explain.describe(raws[0]), explain.describe(raws[1])))
    print("%d questions, %d answered differently, %d SERVFAIL" % (len(asked), different, servfail))
    return different or len(asked) < 1000 or servfail > len(asked) // 10


sys.exit(bool(main(*sys.argv[1:])))
