"""Asks a name server for every line of a query log, with the client as Client Subnet: ask.py SERVER LOG TIMES.

TIMES 0: one answer for each line, "CLIENT NAME NETWORK,...". Else prints for each service the shares of the answers' networks (/24), each answer shared among its records, and the share without any.
"""
import collections
import ipaddress
import json
import random
import socket
import struct
import sys

server, log, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((server, 53))
sock.settimeout(20)
WINDOW = 64


def query(number, client, name):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.rstrip(".").split(".")) + b"\0"
    address = ipaddress.ip_address(client)
    subnet = struct.pack(">HBB", 1 if address.version == 4 else 2, address.max_prefixlen, 0) + address.packed
    option = struct.pack(">HH", 8, len(subnet)) + subnet
    return (struct.pack(">HHHHHH", number, 0, 1, 0, 0, 1) + labels + struct.pack(">HH", 1, 1)
            + b"\0" + struct.pack(">HHIH", 41, 1232, 0, len(option)) + option)


def skip_name(p, at):
    while p[at] and p[at] < 0xc0:
        at += p[at] + 1
    return at + (2 if p[at] else 1)


def addresses(p):
    at, found = skip_name(p, 12) + 4, []
    for _ in range(struct.unpack_from(">H", p, 6)[0]):
        at = skip_name(p, at)
        kind, _, _, size = struct.unpack_from(">HHIH", p, at)
        if kind == 1:
            found.append(".".join(str(b) for b in p[at + 10:at + 13]))
        at += 10 + size
    return found


lines = [l.split() for l in open(log) if l.strip() and not l.startswith("#")]
if not times:
    for number, (client, name, *_) in enumerate(lines):
        sock.send(query(number & 0xffff, client, name))
        print(client, name, ",".join(addresses(sock.recv(4096))))
    sys.exit()
work = []
for line in lines:
    count = int(line[-1])
    work += [(line[0], line[1])] * (count * times)
random.seed(1)
random.shuffle(work)
counts = collections.defaultdict(lambda: {"all": 0, "unanswered": 0, "shares": collections.Counter()})
for begin in range(0, len(work), WINDOW):
    batch = work[begin:begin + WINDOW]
    for i, (client, name) in enumerate(batch):
        sock.send(query(i, client, name))
    for _ in batch:
        p = sock.recv(4096)
        name = batch[struct.unpack_from(">H", p)[0]][1].split(".")[0]
        name = "www" if name == "to" else name
        c, found = counts[name], addresses(p)
        c["all"] += 1
        c["unanswered"] += not found
        for a in found:
            c["shares"][a] += 1 / len(found)
for c in counts.values():
    c["unanswered"] /= c["all"]
    for a in c["shares"]:
        c["shares"][a] /= c["all"]
json.dump(counts, sys.stdout)
