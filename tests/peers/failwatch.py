"""Asks a name server without pause, does something to a process, and tells how long the answer took to change.

failwatch.py SERVER NAME GONE SIGNAL PID LIMIT_MS [PID]...

Prints the milliseconds from the signal until the first answer without the
address GONE. Fails if that takes more than LIMIT_MS, if any query is lost, or
if the old address comes back within the next 300 ms.
"""
import os
import signal
import sys
import time

import dnswire


def ask(server, name):
    raw = dnswire.udp(server, dnswire.query(name, edns=1232))
    if raw is None:
        sys.exit("a query was not answered")
    reply = dnswire.Reply(raw)
    if reply.rcode != 0:
        sys.exit("rcode %d" % reply.rcode)
    return reply.addresses()


def main():
    server, name, gone, sig, pid, limit = sys.argv[1:7]
    limit = float(limit)
    if gone not in ask(server, name):
        sys.exit("%s is not in the answer to begin with" % gone)
    for p in [pid] + sys.argv[7:]:
        os.kill(int(p), getattr(signal, "SIG" + sig))
    start = time.monotonic()
    while gone in ask(server, name):
        if time.monotonic() - start > 10 + limit / 1000:
            sys.exit("%s is still answered" % gone)
        time.sleep(0.001)
    took = (time.monotonic() - start) * 1000
    print("%s: %.0f ms" % (name, took))
    while time.monotonic() - start < took / 1000 + 0.3:
        if gone in ask(server, name):
            sys.exit("%s came back" % gone)
        time.sleep(0.005)
    if took > limit:
        sys.exit("took %.0f ms, at most %.0f are allowed" % (took, limit))


main()
