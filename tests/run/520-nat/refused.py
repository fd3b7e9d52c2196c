"""refused.py FROM ADDRESS PORT: a connection from there is refused, not merely reset."""
import socket
import sys

try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), 10, (sys.argv[1], 0))
except ConnectionRefusedError:
    sys.exit(0)
sys.exit("connected")
