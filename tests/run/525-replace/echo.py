"""echo.py ADDRESS PORT: says every datagram again to who said it."""
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
while True:
    data, who = s.recvfrom(65535)
    s.sendto(data, who)
