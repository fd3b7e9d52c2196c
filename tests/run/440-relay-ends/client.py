"""client.py WHAT ADDRESS PORT: one way for a connection to end."""
import hashlib
import os
import socket
import struct
import sys
import threading

what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.create_connection((address, port), 20)
s.settimeout(30 * float(os.environ.get("FAIRLEAD_SLOW", 1)))


def read_all():
    digest, n, tail = hashlib.sha256(), 0, b""
    while data := s.recv(65536):
        digest.update(data)
        n += len(data)
        tail = (tail + data)[-64:]
    return digest.hexdigest(), n, tail


def greeting():
    data = b""
    while len(data) < 11:
        more = s.recv(11 - len(data))
        assert more, "ended in the greeting"
        data += more
    assert data == b"+OK ready\r\n", data


if what == "half-close":
    greeting()
    s.sendall(b"question")
    s.shutdown(socket.SHUT_WR)
    assert read_all()[2] == b"questionfin seen\n"
elif what == "bulk":
    greeting()
    block = os.urandom(1 << 20)
    wanted = hashlib.sha256()
    for _ in range(16):
        wanted.update(block)
    wanted.update(b"fin seen\n")

    def send():
        for _ in range(16):
            s.sendall(block)
        s.shutdown(socket.SHUT_WR)

    t = threading.Thread(target=send)
    t.start()
    digest, n, _ = read_all()
    t.join()
    assert n == (16 << 20) + 9 and digest == wanted.hexdigest(), n
elif what == "server-rst":
    greeting()
    s.sendall(b"x")
    try:
        data = s.recv(10)
        sys.exit("no RST but %r" % data)
    except ConnectionResetError:
        pass
elif what == "client-rst":
    greeting()
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
elif what == "server-fin-first":
    block = bytes(range(256)) * 256
    wanted = hashlib.sha256()
    for _ in range(1024):
        wanted.update(block)
    digest, n, _ = read_all()
    assert n == 64 << 20 and digest == wanted.hexdigest(), n
else:
    sys.exit("no such way: " + what)
