"""load.py ZONE PROCESS SLOW: PROCESS 0: memory is not looked at."""
import select
import socket
import struct
import sys
import time
from dnswire import A, NOERROR, Reply, query

zone, process, slow = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
AXFR, SOA, TRANSFERS, RECORDS = 252, 6, 64, 200000


def connect(small=False):
    s = socket.socket()
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(30 * slow)
    s.connect(("127.1.0.53", 53))
    return s


def send(s, msg):
    s.sendall(struct.pack("!H", len(msg)) + msg)


def read(s):
    def exactly(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data
    return exactly(struct.unpack("!H", exactly(2))[0])


def memory():
    with open("/proc/%d/status" % process) as f:
        return next(int(l.split()[1]) for l in f if l.startswith("VmRSS"))


def slowest(queries):
    """Seconds that the slowest of so many queries, one after the other on one connection, took."""
    worst = 0
    with connect() as s:
        for i in range(queries):
            begin = time.monotonic()
            send(s, query("static." + zone))
            assert Reply(read(s)).rcode == NOERROR
            worst = max(worst, time.monotonic() - begin)
    return worst


slowest(200)
before = memory() if process else 0
# as many as may be, none of which reads
stuck = [connect(small=True) for _ in range(TRANSFERS)]
for s in stuck:
    send(s, query(zone, AXFR))
for s in stuck:
    assert select.select([s], [], [], 30 * slow)[0], "a transfer does not begin"
with connect() as s:
    send(s, query(zone, AXFR))
    assert Reply(read(s)).rcode == 2, "one more than allowed is not SERVFAIL"
idle = slowest(300)
grown = memory() - before if process else 0
print("with", TRANSFERS, "transfers stuck: slowest query", round(idle * 1000, 1), "ms, memory", grown, "KiB more")
assert idle < 0.5 * slow
assert grown < 16384, "memory"

# three of them go on at full speed, and queries between
for s in stuck[3:]:
    s.close()
# what came while these were read is a whole zone, and a query behind it is answered
send(stuck[0], query("static." + zone))
total = soas = 0
worst = 0
with connect() as other:
    while soas < 2:
        message = read(stuck[0])
        reply = Reply(message)
        total += len(reply.answer)
        soas += sum(r[1] == SOA for r in reply.answer)
        begin = time.monotonic()
        send(other, query("static." + zone))
        read(other)
        worst = max(worst, time.monotonic() - begin)
        for s in stuck[1:3]:
            if select.select([s], [], [], 0)[0]:
                s.recv(65536)
print("while transfers run: slowest query", round(worst * 1000, 1), "ms,", total, "records")
assert total > RECORDS and worst < 0.5 * slow
last = Reply(read(stuck[0]))
assert [r for r in last.answer if r[1] == A], "the query behind a transfer"
