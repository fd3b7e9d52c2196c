"""
idle.py SERVER PID FLOOD-COMMAND...

What UDP answers cost while nothing else goes on, with 9,000 idle TCP
connections, and with a flood of half-open ones, in one run and by turns: the
CPU time of the server's UDP threads for each answer, and how long a burst of
queries takes. Neither may rise measurably.
"""
import os
import resource
import select
import socket
import statistics
import subprocess
import sys
import time

from dnswire import *

SERVER, PID, FLOOD = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
CONNECTIONS = 9000
TURNS, BURSTS, BURST = 5, 300, 32
# "Measurably": figures of a quiet machine wander by a quarter. A test has to hold on any machine, and what interrupts for a flood cost is charged to
# whoever runs: there only what no noise makes, twice the cost, is a failure.
MARGIN = 1.3 if os.environ.get("FAIRLEAD_MEASURE") else 2
QUERIES = [query("static.gslb.example.com", qid=i, edns=1232) for i in range(BURST)]


def udp_threads():
    """The folders of the threads that answer by UDP in /proc."""
    base = "/proc/%d/task" % PID
    return [os.path.join(base, t) for t in os.listdir(base) if open(os.path.join(base, t, "comm")).read().startswith("udp")]


def cpu(threads):
    """Nanoseconds that these threads have run."""
    return sum(int(open(t + "/schedstat").read().split()[0]) for t in threads)


def measure(threads):
    """(CPU ns of the server for an answer, median ns of a burst)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5 * SLOW)
        s.connect((SERVER, 53))
        before, times = cpu(threads), []
        for _ in range(BURSTS):
            start = time.perf_counter_ns()
            for q in QUERIES:
                s.send(q)
            for _ in QUERIES:
                s.recv(2048)
            times.append(time.perf_counter_ns() - start)
        return (cpu(threads) - before) / (BURSTS * BURST), statistics.median(times)


def connect(i):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(10 * SLOW)
    s.bind(("127.3.%d.%d" % (i >> 8 & 7, i & 255 or 1), 0))
    s.connect((SERVER, 53))
    return s


def open_all():
    """9,000 connections, each with an answered query, so that all are known to be accepted."""
    out = [connect(i) for i in range(CONNECTIONS)]
    for s in out:
        s.sendall(tcp_frame(QUERIES[0]))
    for s in out:
        tcp_read(s)
    return out


def still_open(sockets):
    p = select.poll()
    for s in sockets:
        p.register(s, select.POLLIN)
    return len(sockets) - len(p.poll(0))


def half_open():
    return int(subprocess.run("ss -Hnt state syn-recv | wc -l", shell=True, capture_output=True, check=True).stdout)


def report(what, base, loaded):
    """The ratio of the medians, of CPU time and of time."""
    ratios = [statistics.median(x[i] for x in loaded) / statistics.median(x[i] for x in base) for i in (0, 1)]
    print("%s: %.0f ns of CPU an answer against %.0f, ratio %.2f; time of a burst %.0f us against %.0f, ratio %.2f" % (
        what, statistics.median(x[0] for x in loaded), statistics.median(x[0] for x in base), ratios[0],
        statistics.median(x[1] for x in loaded) / 1000, statistics.median(x[1] for x in base) / 1000, ratios[1]))
    return ratios


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    threads, failed = udp_threads(), 0
    base, idle, flooded, most = [], [], [], 0
    measure(threads)
    for _ in range(TURNS):
        base.append(measure(threads))
        clients = open_all()
        idle.append(measure(threads))
        left = still_open(clients)
        if left < CONNECTIONS:
            failed += 1
            print("FAILED: %d of %d idle connections are left" % (left, CONNECTIONS))
        for s in clients:
            s.close()
        flood = subprocess.Popen(FLOOD)
        deadline = time.monotonic() + 10 * SLOW
        while half_open() < 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        flooded.append(measure(threads))
        count = half_open()
        most = max(most, count)
        flood.terminate()
        flood.wait()
        if count < 200:
            failed += 1
            print("FAILED: only %d half-open connections" % count)
    # With the flood a second program sends as fast as this one, so times say more of the processor than of the server.
    if max(report("9000 idle connections", base, idle)) > MARGIN:
        failed += 1
        print("FAILED: idle connections slow UDP answers")
    if report("a flood of half-open ones, up to %d at once" % most, base, flooded)[0] > MARGIN:
        failed += 1
        print("FAILED: half-open connections slow UDP answers")
    sys.exit(1 if failed else 0)


main()
