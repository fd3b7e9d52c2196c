"""IXFR by UDP from 127.9.0.1: udp.py ZONE OLD NEW."""
import socket
import struct
import sys
from dnswire import A, NOERROR, REFUSED, SOA, Reply, name_wire, query

zone, old, new = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
IXFR, AXFR = 251, 252


def ask(msg):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.9.0.1", 0))
        s.settimeout(5)
        s.connect(("127.1.0.53", 53))
        s.send(msg)
        return Reply(s.recv(65535))


def ixfr(serial, size):
    """A query with the SOA in the authority section and an OPT."""
    soa = name_wire(zone) + struct.pack("!HHIH", SOA, 1, 0, 22) + b"\0\0" + struct.pack("!5I", serial, 0, 0, 0, 0)
    msg = query(zone, IXFR, edns=size)
    at = 12 + len(name_wire(zone)) + 4
    return msg[:8] + struct.pack("!2H", 1, 1) + msg[at - len(name_wire(zone)) - 4:at] + soa + msg[at:]


def serial_of(record):
    return struct.unpack("!I", record[3][-20:-16])[0]


fits = ask(ixfr(old, 1232))
soas = [serial_of(r) for r in fits.answer if r[1] == SOA]
assert fits.rcode == NOERROR and soas == [new, old, new, new], (fits.rcode, soas)
assert any(r[1] == A and r[3] == "127.2.0.10" for r in fits.answer)
assert fits.size <= 1232 and fits.edns
for serial in 7, new, new + 2:  # the whole zone doesn't fit; nothing is newer
    only = ask(ixfr(serial, 512))
    assert only.rcode == NOERROR and [serial_of(r) for r in only.answer] == [new], only.answer
assert ask(query(zone, AXFR)).rcode == REFUSED
assert ask(query(zone, IXFR)).rcode == 1, "IXFR without a SOA"
