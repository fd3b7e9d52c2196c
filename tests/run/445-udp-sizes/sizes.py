"""sizes.py serve ADDRESS PORT | ask ADDRESS PORT SIZE... | burst ADDRESS PORT SEGMENT COUNT

serve   sends each datagram back; one that says "COUNT SEGMENT please" is
        answered with so many of that length, handed to the kernel in one piece
        (UDP_SEGMENT)
ask     a datagram of each size comes back as it went
burst   sends COUNT segments of SEGMENT bytes in one piece, which must come back
        one by one and in order; then asks for as many from the server's side
"""
import os
import socket
import struct
import sys

SOL_UDP, UDP_SEGMENT = 17, 103
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))


def pattern(n, size):
    return (b"%06d" % n + bytes((n + i) & 255 for i in range(size)))[:size]


def send_pieces(s, data, segment, to=None):
    s.sendmsg([data], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", segment))], 0, *([to] if to else []))


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.bind((address, int(port)))
    while True:
        data, peer = s.recvfrom(65536)
        if not data.endswith(b" please"):
            s.sendto(data, peer)
            continue
        count, segment = map(int, data.split()[:2])
        send_pieces(s, b"".join(pattern(n, segment) for n in range(count)), segment, peer)


def client(address, port):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(5 * SLOW)
    if ":" not in address:
        s.bind(("127.5.0.1", 0))
    s.connect((address, int(port)))
    return s


def ask(address, port, *sizes):
    s = client(address, port)
    for size in map(int, sizes):
        want = pattern(size, size)
        s.send(want)
        got = s.recv(65536)
        if got != want:
            sys.exit("%d bytes went, %d came, or others" % (size, len(got)))


def hear(s, count, segment, what):
    for n in range(count):
        got = s.recv(65536)
        if got != pattern(n, segment):
            sys.exit("%s: number %d is %d bytes: %s" % (what, n, len(got), got[:12]))


def burst(address, port, segment, count):
    s = client(address, port)
    segment, count = int(segment), int(count)
    for _ in range(3):
        send_pieces(s, b"".join(pattern(n, segment) for n in range(count)), segment)
        hear(s, count, segment, "to the server")
        s.send(b"%d %d please" % (count, segment))
        hear(s, count, segment, "from the server")


{"serve": serve, "ask": ask, "burst": burst}[sys.argv[1]](*sys.argv[2:])
