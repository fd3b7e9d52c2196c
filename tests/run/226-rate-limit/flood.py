"""flood.py SERVER RATE: floods the server for some seconds and judges what comes back. RATE 0: no limit, all must be answered."""
import os
import select
import socket
import struct
import sys
import time

from dnswire import *
from judge import check, finish

server, rate = sys.argv[1], int(sys.argv[2])
SECONDS = 4.0


def opened(source):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.connect((server, 53))
    s.setblocking(False)
    return s


class Tally:
    def __init__(self):
        self.sent = self.sent_bytes = self.full = self.full_bytes = self.told = self.told_bytes = 0

    def take(self, s):
        while True:
            try:
                raw = s.recv(65535)
            except BlockingIOError:
                return
            if struct.unpack("!H", raw[2:4])[0] & 0x0200 and raw[6:8] == b"\0\0":
                self.told += 1
                self.told_bytes += len(raw)
            else:
                self.full += 1
                self.full_bytes += len(raw)


def cookie_option(cookie):
    return struct.pack("!HH", 10, len(cookie)) + cookie


def cookie_of(raw):
    at = raw.rfind(struct.pack("!HH", 10, 24))
    return raw[at + 4:at + 28] if at > 0 else None


name = "big.gslb.example.com"
flood = query(name, edns=1232)
nothing = query("nothing.gslb.example.com", edns=1232)
answer = len(udp(server, flood, source="127.77.9.1"))

if rate == 0:
    s, t = opened("127.77.1.1"), Tally()
    for _ in range(500):
        s.send(flood)
        select.select([s], [], [], 1.0)
        t.take(s)
    check("without a limit all are answered (%d of 500)" % t.full, t.full == 500)
    finish()

# a client with a cookie in the flooded network learns it before
me = "127.77.1.200"
cookie = cookie_of(udp(server, query(name, edns=1232, options=cookie_option(b"clientck")), source=me))
check("a cookie", cookie is not None)

forged = [opened("127.77.1.%d" % i) for i in range(1, 5)]
missing = opened("127.77.1.5")
good = Tally(), Tally(), Tally()
t, negative = Tally(), Tally()
began = now = time.monotonic()
turn = 0
asked = answered = 0
while now - began < SECONDS:
    for _ in range(16):
        s = forged[turn % 4]
        turn += 1
        try:
            s.send(flood)
            t.sent += 1
            t.sent_bytes += len(flood)
            if turn % 4 == 0:
                missing.send(nothing)
                negative.sent += 1
        except (BlockingIOError, ConnectionRefusedError):
            pass
    for s in forged:
        t.take(s)
    negative.take(missing)
    if turn % 64 == 0:
        asked += 1
        raw = udp(server, query(name, edns=1232, options=cookie_option(cookie)), source=me)
        if raw and not Reply(raw).tc and len(Reply(raw).answer) == 30:
            answered += 1
            cookie = cookie_of(raw)
        for i, source in enumerate(["127.78.1.1", "127.88.1.1"]):
            if i == 0 and asked % 40:
                continue
            raw = udp(server, flood, source=source)
            good[i].sent += 1
            good[i].full += raw is not None and not Reply(raw).tc
        if asked % 20 == 0:
            with socket.create_connection((server, 53), 5, source_address=("127.77.1.3", 0)) as c:
                c.sendall(tcp_frame(flood))
                good[2].sent += 1
                good[2].full += len(Reply(tcp_read(c)).answer) == 30
    now = time.monotonic()
for s in forged:
    select.select([s], [], [], 0.2)
    t.take(s)
negative.take(missing)
took = time.monotonic() - began
allowed = rate * (took + 1) + 1
check("a flood of at least ten times the rate (%d in %.1f s)" % (t.sent, took), t.sent > 10 * rate * took)
check("%d answers to the flood, allowed %d" % (t.full, allowed), t.full <= allowed)
check("%d answers to the flood, at least the rate" % t.full, t.full >= rate * (took - 1))
check("%d bytes of answers, allowed %d" % (t.full_bytes, allowed * answer), t.full_bytes <= allowed * answer)
check("%d of %d are told to come by TCP" % (t.told, t.sent), t.told > (t.sent - t.full) / 4)
check("what tells them is no longer than what they sent", t.told_bytes <= t.told * len(flood))
check("NXDOMAIN has a limit of its own (%d)" % negative.full, 0 < negative.full <= allowed)
check("%d of %d answered with a cookie" % (answered, asked), asked > 10 and answered == asked)
for what, g in zip(["another network", "an exempt one", "TCP"], good):
    check("%d of %d answered to %s" % (g.full, g.sent, what), g.sent > 0 and g.full == g.sent)
finish()
