"""who.py NAME ADDRESS PORT: answers each datagram with NAME. who.py ask ADDRESS PORT [FROM]: asks, and prints the answer."""
import socket
import sys

who, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
if who != "ask":
    s.bind((address, port))
    while True:
        _, client = s.recvfrom(2000)
        s.sendto(who.encode(), client)
if len(sys.argv) > 4:
    s.bind((sys.argv[4], 0))
s.connect((address, port))
for _ in range(5):
    try:
        s.settimeout(2)
        s.send(b"who")
        print(s.recv(2000).decode())
        break
    except socket.timeout:
        pass
    except ConnectionRefusedError:
        print("refused")
        break
