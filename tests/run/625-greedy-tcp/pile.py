"""Asks for updates with a key that nobody has and reads no answer until the server reads no more of them, or ends the
connection; then resets it. Afterwards a query that comes in two parts has to be answered: what was kept for the other is given back."""
import os
import socket
import struct
import sys

SLOW = int(os.environ.get("FAIRLEAD_SLOW", "1"))
server = (sys.argv[1], 53)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def framed(message):
    return struct.pack("!H", len(message)) + message


zone = name("gslb.example.com.")
# a long key name makes a long answer
key = name(".".join("k" * 60 for _ in range(4)) + ".")
tsig = name("hmac-sha256.") + bytes(6) + struct.pack("!HH", 300, 32) + bytes(32) + struct.pack("!HHH", 7, 0, 0)
update = (struct.pack("!6H", 7, 5 << 11, 1, 0, 0, 1) + zone + struct.pack("!2H", 6, 1)
          + key + struct.pack("!2HIH", 250, 255, 0, len(tsig)) + tsig)

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
s.settimeout(2 * SLOW)
s.connect(server)
sent = 0
try:
    while sent < 64 << 20:
        sent += s.send(framed(update) * 8)
    sys.exit("the server reads without end what it can't answer")
except (socket.timeout, ConnectionError) as e:
    print("after", sent, "bytes:", e or "no more is read")
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()

query = framed(struct.pack("!6H", 9, 0x100, 1, 0, 0, 0) + name("ns-sjc.gslb.example.com.") + struct.pack("!2H", 1, 1))


def answer(c):
    with c.makefile("rb", buffering=0) as f:
        head = f.read(2)
        if not head or len(head) < 2:
            sys.exit("the connection was ended")
        return f.read(struct.unpack("!H", head)[0])


c = socket.create_connection(server, 10 * SLOW)
c.settimeout(10 * SLOW)
for i in range(5):
    # a whole one and the beginning of another, whose end comes when the first was answered
    c.sendall(query + query[:10])
    answer(c)
    c.sendall(query[10:])
    answer(c)
