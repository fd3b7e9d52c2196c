"""Asks the same over one TCP connection without end and reads every answer; says "flowing" once there were many."""
import select
import signal
import socket
import struct
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
name = b"".join(bytes([len(label)]) + label for label in (b"ns-sjc", b"gslb", b"example", b"com")) + b"\0"
query = struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
data = (struct.pack("!H", len(query)) + query) * 20000
s = socket.create_connection((sys.argv[1], 53), 10)
s.setblocking(False)
sent = read = 0
said = False
while True:
    readable, writable, _ = select.select([s], [s], [])
    try:
        if readable:
            got = len(s.recv(1 << 20))
            if not got:
                break
            read += got
        if writable:
            sent = (sent + s.send(data[sent:sent + 262144])) % len(data)
    except BlockingIOError:
        pass
    except ConnectionError:
        break
    if read > 2000000 and not said:
        said = True
        print("flowing")
signal.pause()  # the server has gone: the case ends this
