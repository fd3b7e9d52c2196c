"""Conversations by UDP in which nothing may be lost, doubled, out of order or somebody else's.

flows.py serve ADDRESS PORT NAME
    Answers each datagram with three: its NAME, the conversation, the number,
    which of the three. What is not the next of its sender's conversation is
    printed as an error. A line a sender: its address, and how the datagram
    ends; one for each that ends with "forged".
flows.py talk ADDRESS PORT FLOWS ROUNDS NAME
    FLOWS conversations at once, each of ROUNDS datagrams of various sizes, the
    next one when the three answers of the last have come; NAME must have given
    them. Half way it prints "half" and waits for a line. Ends with "done".
flows.py flood ADDRESS PORT SOURCES
    A datagram from each of so many ports and addresses, 127.9.x.y.
"""
import collections
import selectors
import socket
import sys
import time

SIZES = (40, 1200, 1200, 1472, 300, 8000)
PATIENCE = 20
IN_FLIGHT = 32  # conversations that wait for an answer: what the smallest receive buffers hold
SO_RCVBUFFORCE = 33  # asm-generic/socket.h; the module does not have it


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port, name):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    try:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    except PermissionError:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((address, int(port)))
    talks = {}
    while True:
        data, peer = s.recvfrom(65536)
        flow, number = data.split(b" ", 2)[:2]
        if peer not in talks or data.endswith(b" forged"):
            say(peer[0], peer[1], data[-6:].decode().strip())
        if number == b"0":  # a client's port may come again
            talks[peer] = (flow, -1)
        if talks.get(peer) != (flow, int(number) - 1):
            say("ERROR", peer, "has said", talks.get(peer), "and now", flow, number)
        talks[peer] = (flow, int(number))
        for part in range(3):
            s.sendto(b"%s %s %s %d %s" % (name.encode(), flow, number, part, b"." * SIZES[part]), peer)


class Talk:
    def __init__(self, address, port, number):
        self.number, self.round, self.part = number, 0, 0
        self.socket = socket.socket(family(address), socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200000)
        self.socket.connect((address, port))
        self.socket.setblocking(False)

    def say(self):
        self.socket.send(b"%d %d %s" % (self.number, self.round, b"x" * SIZES[(self.number + self.round) % len(SIZES)]))

    def hear(self, name):
        """True: the round is over."""
        data = self.socket.recv(65536).split(b" ", 4)
        want = [name.encode(), b"%d" % self.number, b"%d" % self.round, b"%d" % self.part]
        if data[:4] != want:
            sys.exit("conversation %d expected %s and got %s" % (self.number, want, data[:4]))
        if len(data[4]) != SIZES[self.part]:
            sys.exit("%d bytes instead of %d" % (len(data[4]), SIZES[self.part]))
        self.part += 1
        if self.part < 3:
            return False
        self.part, self.round = 0, self.round + 1
        return True


def rounds(talks, selector, name, until, slow):
    left = len(talks)
    waiting = collections.deque(talks)
    for _ in range(min(left, IN_FLIGHT)):
        waiting.popleft().say()
    while left:
        ready = selector.select(PATIENCE * slow)
        if not ready:
            sys.exit("%d conversations have stopped: %s" % (left, [(t.number, t.round, t.part) for t in talks if t.round < until][:10]))
        for key, _ in ready:
            if not key.data.hear(name):
                continue
            if key.data.round < until:
                waiting.append(key.data)
            else:
                left -= 1
            if waiting:
                waiting.popleft().say()


def talk(address, port, flows, count, name, slow):
    talks = [Talk(address, int(port), n) for n in range(int(flows))]
    selector = selectors.DefaultSelector()
    for t in talks:
        selector.register(t.socket, selectors.EVENT_READ, t)
    rounds(talks, selector, name, int(count) // 2, slow)
    say("half")
    sys.stdin.readline()
    rounds(talks, selector, name, int(count), slow)
    say("done")


def flood(address, port, sources):
    begun = time.monotonic()
    for n in range(int(sources)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.9.%d.%d" % (n >> 8 & 255, n & 255), 0))
            s.sendto(b"%d 0 flood" % (1000000 + n), (address, int(port)))
    say("done", time.monotonic() - begun)


if __name__ == "__main__":
    import os
    if sys.argv[1] == "serve":
        serve(*sys.argv[2:5])
    elif sys.argv[1] == "talk":
        talk(*sys.argv[2:7], float(os.environ.get("FAIRLEAD_SLOW", "1")))
    else:
        flood(*sys.argv[2:5])
