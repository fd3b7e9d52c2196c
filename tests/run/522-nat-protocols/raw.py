"""A protocol without ports (253, for experiments: RFC 3692). raw.py serve NAME ADDRESS: answers who asks ADDRESS. raw.py ask ADDRESS FROM. raw.py ping ADDRESS: ICMP echo."""
import socket
import sys

if sys.argv[1] == "ping":
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.settimeout(10)
    s.sendto(bytes.fromhex("0800f7fe00000001"), (sys.argv[2], 0))
    while s.recv(2000)[20] != 0:
        pass
    print("answered")
    sys.exit(0)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
if sys.argv[1] == "serve":
    s.bind((sys.argv[3], 0))
    while True:
        packet, client = s.recvfrom(2000)
        if packet[20:] == b"who":
            s.sendto(("%s saw %s" % (sys.argv[2], client[0])).encode(), client)
s.bind((sys.argv[3], 0))
s.connect((sys.argv[2], 0))
for _ in range(5):
    try:
        s.settimeout(2)
        s.send(b"who")
        print(s.recv(2000)[20:].decode())
        break
    except socket.timeout:
        pass
