"""same.py OURS BIND ORIGIN...: fails unless both transfer the same records, but for the SOA's serial, which is ours to move."""
import collections
import sys

import ask
from message import SOA, Message, wire_of


def records(server, origin):
    out, first = collections.Counter(), True
    for raw in ask.transfer(server, wire_of(origin)):
        for owner, rtype, rclass, ttl, rdata in Message(raw).sections[0]:
            if rtype == SOA:
                rdata = rdata[:-20] + rdata[-16:]
            out[owner, rtype, rclass, ttl, bytes(rdata)] += 1
    return out


total, types = 0, set()
for origin in sys.argv[3:]:
    ours, bind = records(sys.argv[1], origin), records(sys.argv[2], origin)
    for what, left in ("missing", bind - ours), ("too much", ours - bind):
        for r in sorted(left)[:10]:
            print(origin, what, r)
    if ours != bind:
        sys.exit(1)
    total += sum(ours.values())
    types |= {r[1] for r in ours}
print(total, "records of", len(types), "types in", len(sys.argv[3:]), "zones")
sys.exit(total < 1000 or len(types) < 60)
