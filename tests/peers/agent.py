"""An agent for agent-check: whoever connects gets what stands in FILE at that moment.

agent.py ADDRESS PORT FILE
"""
import socket
import sys

s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(128)
while True:
    c, address = s.accept()
    with open(sys.argv[3], "rb") as f:
        try:
            c.sendall(f.read())
        except OSError:
            pass
    c.close()
