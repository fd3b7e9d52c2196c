"""knock.py tcp|udp FROM TO PORT: what FROM is told there: "refused" (by the kernel, before anybody accepted), "reset", "open", or "silent"."""
import os
import socket
import sys

kind, source, to, port = sys.argv[1:5]
family = socket.AF_INET6 if ":" in to else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(1 * float(os.environ.get("FAIRLEAD_SLOW", 1)))
s.bind((source, 0))
try:
    s.connect((to, int(port)))
    if kind == "udp":
        s.send(b"1 0 knock")
    print("open" if s.recv(100) else "closed")
except ConnectionRefusedError:
    print("refused")
except ConnectionResetError:
    print("reset")
except socket.timeout:
    print("silent")
