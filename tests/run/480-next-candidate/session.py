"""session.py server|client ADDRESS PORT: waits for the greeting, or speaks at once; all that was said must come back."""
import socket
import sys

first, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.create_connection((address, port), 10)
said = b"said early " * 800  # under the 16 KiB that are kept for a next candidate
if first == "client":
    s.sendall(said)
got = b""
while not got.startswith(b"+OK ready\r\n"):
    data = s.recv(100)
    if not data:
        sys.exit("ended without a greeting: %r" % got)
    got += data
if first == "server":
    s.sendall(said)
s.shutdown(socket.SHUT_WR)
while data := s.recv(65536):
    got += data
if got != b"+OK ready\r\n" + said + b"fin seen\n":
    sys.exit("%d bytes came back" % len(got))
