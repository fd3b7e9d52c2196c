"""
worst.py SERVER PID [measured]: what the dearest queries cost the server, its share of the
kernel included, against an ordinary one by the same transport. None may cost
more than MOST times as much, for each packet that it takes to ask it.
Without "measured" (under sanitizers, which cost what they like) nothing is held
against it but a missing answer.
"""
import os
import socket
import statistics
import struct
import sys

from dnswire import tcp_frame
from message import A, AAAA, ANY, CNAME, DS, MX, NS, TXT, opt, question, wire_of

SERVER, PID = sys.argv[1], int(sys.argv[2])
MEASURED = sys.argv[3:] == ["measured"]
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
MOST = 10
PACKET = 1460
THREADS = []
TURNS, BURST = 3, 24
DEEP = "x." * 110
ORDINARY = question(wire_of("n.worst"), A, 0, opt())


def many_options(size):
    """An OPT with as many options as `size` bytes hold."""
    return opt(options=struct.pack("!2H", 65001, 0) * (size // 4))


def named(text, qtype, additional=None):
    return question(wire_of(text + "worst"), qtype, 0, opt(65535) if additional is None else additional)


def candidates():
    """(what, query)"""
    yield "missing, 120 labels", named("x." * 120, A)
    yield "missing below a deep name", named("x." + "y." * 118 + "z.", A)
    yield "chain over deep wildcards", named(DEEP + "wild-a.", A)
    yield "chain of deep names", named("a." * 110 + "chain-a.", A)
    yield "chain, type that isn't there", named("a." * 110 + "chain-a.", 65400)
    for name in ("dname-a", "self", "grow"):
        yield "DNAME %s" % name, named("x.%s." % name, A)
        yield "DNAME %s, long" % name, named("x." * 90 + "%s." % name, A)
    yield "DNAME that overflows", named(".".join(["x" * 63] * 2) + "." + "f" * 63 + ".far.", A)
    for n in (2, 13, 26, 60):
        yield "referral to %d" % n, named("x.cut-%d." % n, A)
        yield "referral to %d, deep" % n, named("x." * 100 + "cut-%d." % n, A)
        yield "referral to %d, NS" % n, named("cut-%d." % n, NS)
    yield "referral to siblings", named("x.sib-1.", A)
    yield "DS at a cut", named("cut-60.", DS)
    for name, qtype in (("mx", MX), ("https", 65), ("https", ANY), ("ns-many", NS), ("svcb-a", 64), ("a", A), ("aaaa", AAAA), ("txt", TXT),
                        ("types", ANY), ("types", 65000), ("types", 65400)):
        yield "%s, type %d" % (name, qtype), named(name + ".", qtype)
    for i in range(7):
        yield "service %d" % i, named("lb%d." % i, A)
        yield "service %d, AAAA" % i, named("lb%d." % i, AAAA)
        yield "service %d, ANY" % i, named("lb%d." % i, ANY)
    yield "below a wildcard service", named(DEEP + "app.", A)
    yield "below a wildcard service, health", named("_health." + "x." * 100 + "app.", TXT, b"")
    for what, additional in (("300 options", many_options(1200)), ("300 options and a cookie", opt(options=struct.pack("!2H", 10, 8) + b"12345678" + struct.pack("!2H", 65001, 0) * 290)),
                             ("client subnet", opt(options=struct.pack("!2HHBB", 8, 7, 1, 24, 0) + b"\x0a\1\1")), ("no EDNS", b"")):
        yield "service, %s" % what, named("lb1.", A, additional)
        yield "missing, %s" % what, named("nothing.", A, additional)
    records = (wire_of("x." * 120) + struct.pack("!HHIH", TXT, 1, 0, 0))
    yield "records behind the question", question(wire_of("n.worst"), A, 0, records * 4, arcount=4)
    yield "compressed names behind the question", question(wire_of("x." * 110 + "worst"), A, 0, (b"\xc0\x0c" + struct.pack("!HHIH", TXT, 1, 0, 0)) * 90, arcount=90)
    yield "malformed", b"\0\0\0\1\0\0\0\0\0\1" + b"\xc0\x0c" * 600
    chain = b"".join(struct.pack("!H", 0xc000 | 12 + 2 * i - 2) for i in range(1, 600))
    yield "chain of pointers", b"\0\0\0\1\0\0\0\0\0\1" + b"\0\0\1\0\1" + chain


def candidates_by_tcp():
    """Messages that only TCP carries."""
    n = 65535 - 2 - len(ORDINARY) - 10
    yield "64 KiB of options", named("n.", A, opt(options=(struct.pack("!2H", 65001, 0) * (n // 4))[:n - n % 4]))
    # every record's owner is a pointer to the one before, 4,500 of them
    records, at = b"", 12 + 7 + 5
    base = wire_of("x." * 100 + "worst")
    at = 12 + len(base) + 4
    target = 12
    for _ in range(4500):
        records += struct.pack("!H", 0xc000 | target) + struct.pack("!HHIH", TXT, 1, 0, 0)
        target, at = (at if at < 0x3fff else target), at + 12
    yield "4,500 records, each owner a pointer to the one before", question(base, A, 0, records, arcount=4500)
    records = (b"\xc0\x0c" + struct.pack("!HHIH", TXT, 1, 0, 0)) * 5000
    yield "5,000 records with a deep owner", question(base, A, 0, records, arcount=5000)
    yield "64 KiB of zeros", b"\0" * 65000


def answering():
    """The folders in /proc of the threads that answer."""
    base = "/proc/%d/task" % PID
    for t in os.listdir(base):
        with open("%s/%s/comm" % (base, t)) as f:
            if f.read().startswith(("udp", "tcp")):
                yield "%s/%s" % (base, t)


def cpu():
    """Nanoseconds that the threads that answer have run."""
    total = 0
    for t in THREADS:
        with open(t + "/schedstat") as f:
            total += int(f.read().split()[0])
    return total


def by_udp(query, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10 * SLOW)
        s.connect((SERVER, 53))
        before = cpu()
        for _ in range(count // BURST):
            for _ in range(BURST):
                s.send(b"\x42\x42" + query)
            for _ in range(BURST):
                size = len(s.recv(65535))
        return (cpu() - before) / (count // BURST * BURST), size


def by_tcp(query, count):
    with socket.create_connection((SERVER, 53), timeout=10 * SLOW) as s:
        burst = tcp_frame(b"\x42\x42" + query) * (BURST if len(query) < 2000 else 2)
        number, buffer = BURST if len(query) < 2000 else 2, bytearray(1 << 20)
        before = cpu()
        for _ in range(count // BURST):
            s.sendall(burst)
            wanted, have, size = number, b"", 0
            while wanted:
                have += s.recv(1 << 20)
                while len(have) >= 2 and len(have) >= 2 + struct.unpack_from("!H", have)[0]:
                    size = struct.unpack_from("!H", have)[0]
                    have, wanted = have[2 + size:], wanted - 1
        return (cpu() - before) / (count // BURST * number), size


def compare(what, query, ask, count, turns=TURNS):
    """The median ratio to the ordinary query, asked by turns with it, for each packet of the query."""
    ratios, costs = [], []
    for _ in range(turns):
        cost, size = ask(query, count)
        base, _ = ask(ORDINARY, count)
        ratios.append(cost / base / (len(query) // PACKET + 1))
        costs.append(cost)
    ratio = statistics.median(ratios)
    if MEASURED and ratio > MOST and turns == TURNS:
        return compare(what, query, ask, count, 5 * TURNS)   # others on this machine may have had a hand in it
    return ratio, statistics.median(costs), size, what


def main():
    THREADS.extend(answering())
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    failed = 0
    for transport, ask, count, extra in (("UDP", by_udp, 480, []), ("TCP", by_tcp, 240, list(candidates_by_tcp()))):
        ask(ORDINARY, 2400)
        results = sorted((compare(what, q, ask, count) for what, q in list(candidates()) + extra), reverse=True)
        for ratio, cost, size, what in results[:8]:
            print("%s: %5.1f times an ordinary query, %6.1f us, %5d bytes of answer: %s" % (transport, ratio, cost / 1000, size, what))
        over = [r for r in results if MEASURED and r[0] > MOST]
        failed += len(over)
        for r in over:
            print("FAILED: %s by %s costs %.1f times an ordinary query" % (r[3], transport, r[0]))
    sys.exit(1 if failed else 0)


main()
