"""slow.py read ADDRESS PORT LOG: 20 clients that read nothing until the servers (LOG) have come to a stop, then all.
slow.py write ADDRESS PORT LOG: sends for two seconds as fast as it goes to a server that reads slowly (LOG); what lies between must be bounded."""
import re
import socket
import sys
import threading
import time

what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def connect():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    s.settimeout(60)
    s.connect((address, port))
    return s


if what == "read":
    clients = [connect() for _ in range(20)]
    last, since, limit = -1, time.monotonic(), time.monotonic() + 60
    while time.monotonic() - since < 0.5:  # no progress for half a second: all buffers are full
        count = open(sys.argv[4]).read().count("sent")
        if count != last:
            last, since = count, time.monotonic()
        if time.monotonic() > limit:
            sys.exit("the servers never stop: nothing holds them up")
        time.sleep(0.02)
    taken = max(map(int, re.findall(r"^sent (\d+)", open(sys.argv[4]).read(), re.M)), default=0)
    print("taken up while nobody read: at most", taken, "bytes a session")
    if taken > 8 << 20:
        sys.exit("too much")

    def drain(s):
        n = 0
        while data := s.recv(1 << 16):
            n += len(data)
        totals.append(n)

    totals = []
    threads = [threading.Thread(target=drain, args=(s,)) for s in clients]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if totals != [64 << 20] * 20:
        sys.exit("bytes are missing: %r" % totals)
else:
    s = connect()
    s.settimeout(0.1)
    sent, end = 0, time.monotonic() + 2
    while time.monotonic() < end:
        try:
            sent += s.send(b"x" * 65536)
        except TimeoutError:
            pass
    read = max(map(int, re.findall(r"^read (\d+)$", open(sys.argv[4]).read(), re.M)), default=0)
    print("sent", sent, "bytes, of which the server has read", read)
    if not 0 < read < sent or sent - read > 8 << 20:
        sys.exit("too much lies between")
