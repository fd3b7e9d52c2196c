"""A steady stream of queries until SIGTERM; none may be lost or answered wrongly.

querystream.py SERVER NAME ADDRESS[,ADDRESS]...   answers must be one of these sets of addresses, sorted

Prints how many queries were sent, lost and answered wrongly, and how often each set was seen.
"""
import collections
import signal
import sys
import threading

import dnswire

done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
server, name = sys.argv[1:3]
allowed = {tuple(sorted(a.split(","))) for a in sys.argv[3:]}
sent = lost = wrong = 0
seen = collections.Counter()
print("streaming", flush=True)
while not done.is_set():
    sent += 1
    raw = dnswire.udp(server, dnswire.query(name, edns=1232))
    if raw is None:
        lost += 1
        continue
    reply = dnswire.Reply(raw)
    got = tuple(reply.addresses())
    seen[got] += 1
    if reply.rcode != 0 or got not in allowed:
        wrong += 1
        print("wrong: rcode", reply.rcode, got, flush=True)
    if sent % 50 == 0:
        print("sent", sent, flush=True)
print("sent=%d lost=%d wrong=%d %s" % (sent, lost, wrong, dict(seen)), flush=True)
sys.exit(1 if lost or wrong or not sent else 0)
