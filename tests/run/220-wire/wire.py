"""What dig can't send. wire.py SERVER: exit status 0 when every reply is as it should be."""
import socket
import struct
import sys
import time

from dnswire import *
from judge import check, finish

server = sys.argv[1]


def ask(msg, **how):
    raw = udp(server, msg, **how)
    return raw and Reply(raw)


def alive():
    r = ask(query("static.gslb.example.com"))
    return r and r.rcode == NOERROR and len(r.answer) == 2


name = "static.gslb.example.com"
good = query(name)

# no answer at all, so no loop between two servers and no reflection of junk
for what, msg in [("a short header", good[:11]), ("nothing", b"\0"), ("a response", query(name, flags=0x8000))]:
    check(what + " is answered", ask(msg, timeout=0.3) is None)
    check("alive after " + what, alive())

# errors are the header edited in place: the id is kept
r = ask(query(name, flags=5 << 11, qid=0x1234))
check("UPDATE: NOTIMP or REFUSED", r and r.rcode in (NOTIMP, REFUSED) and r.id == 0x1234)
r = ask(query(name, flags=2 << 11))
check("opcode STATUS: NOTIMP", r and r.rcode == NOTIMP)
r = ask(query(name, flags=15 << 11))
check("opcode 15: NOTIMP", r and r.rcode == NOTIMP)
header = lambda qd, ar=0: struct.pack("!6H", 7, 0, qd, 0, 0, ar)
r = udp(server, header(0), timeout=1)
check("QDCOUNT 0: FORMERR", r and r[3] & 15 == FORMERR)
r = udp(server, header(2) + good[12:] + good[12:], timeout=1)
check("QDCOUNT 2: FORMERR", r and r[3] & 15 == FORMERR)
r = udp(server, header(1) + b"\x3fabc", timeout=1)
check("a label past the end: FORMERR", r and r[3] & 15 == FORMERR)
r = udp(server, header(1) + b"\xc0\x0c" + b"\0\1\0\1", timeout=1)
check("a pointer in the question: FORMERR", r and r[3] & 15 == FORMERR)
r = udp(server, header(1) + b"\x01a" * 130 + b"\0\0\1\0\1", timeout=1)
check("a name over 255 bytes: FORMERR", r and r[3] & 15 == FORMERR)
r = udp(server, good[:-2], timeout=1)
check("half a class: FORMERR", r and r[3] & 15 == FORMERR)
check("alive after malformed queries", alive())

# EDNS (RFC 6891)
opt = query(name, edns=1232)
check("EDNS is answered with EDNS", ask(opt).edns)
check("no EDNS is answered without", not ask(good).edns)
r = ask(query(name, edns=1232, version=1))
check("version 1: BADVERS", r and r.rcode == BADVERS and not r.answer)
r = ask(query(name, edns=1232, options=struct.pack("!HH", 65001, 3) + b"abc"))
check("an unknown option is ignored", r and r.rcode == NOERROR)
r = ask(query(name, edns=1232, options=struct.pack("!HH", 65001, 9) + b"abc"))
check("an option past the end: FORMERR", r and r.rcode == FORMERR)
two = bytearray(opt + opt[len(good):])
two[11] = 2
r = ask(bytes(two))
check("two OPTs: FORMERR", r and r.rcode == FORMERR)
owner = bytearray(opt)
owner[len(good):len(good) + 1] = b"\1x\0"
r = ask(bytes(owner))
check("an OPT whose owner is not the root: FORMERR", r and r.rcode == FORMERR)
r = ask(query("medium.gslb.example.com", edns=100))
check("a size below 512 counts as 512: truncated, no larger", r and r.tc and r.size <= 512)
r = ask(query("medium.gslb.example.com", edns=700))
check("the client's size is kept", r and (r.tc or r.size <= 700))
r = ask(query("big.gslb.example.com", edns=65535))
check("UDP answers are never over 1232 bytes", r and r.tc and r.size <= 1232)
r = ask(query("medium.gslb.example.com", edns=4096))
check("40 addresses fit", r and not r.tc and len(r.answer) == 40 and r.size <= 1232)

# a datagram from port 0 can't be answered; it must not hurt those beside it
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
for _ in range(50):
    raw.sendto(struct.pack("!4H", 0, 53, 8 + len(good), 0) + good, (server, 0))
    check("alive beside datagrams from port 0", alive())
raw.close()

# every name of 127 labels is as quick as any other (a message writer with a cubic cost would take 16 ms each)
long_name = ".".join(["a"] * 110) + ".gslb.example.com"
start = time.monotonic()
for _ in range(200):
    r = ask(query(long_name))
    check("127 labels: NXDOMAIN", r and r.rcode == NXDOMAIN)
check("127 labels take no time", time.monotonic() - start < 1.0 * float(__import__("os").environ.get("FAIRLEAD_SLOW", 1)))

# TCP: several queries in one segment, all answered; a slow and a silent client delay nobody
silent = socket.create_connection((server, 53), 5)
slow = socket.create_connection((server, 53), 5)
frame = tcp_frame(query("info.gslb.example.com", TXT, qid=99))
with socket.create_connection((server, 53), 5) as s:
    s.sendall(b"".join(tcp_frame(query(name, qid=i)) for i in range(50)))
    ids = sorted(Reply(tcp_read(s)).id for _ in range(50))
    check("50 pipelined queries", ids == list(range(50)))
    for i, byte in enumerate(frame):
        slow.sendall(bytes([byte]))
        s.sendall(tcp_frame(query("big.gslb.example.com", qid=i)))
        r = Reply(tcp_read(s))
        check("an answer of 120 addresses", r.id == i and len(r.answer) == 120 and not r.tc)
check("the slow client's answer", Reply(tcp_read(slow)).id == 99)
# a length of zero, a message shorter than a header: closed or ignored, nothing else
for junk in (b"\0\0", b"\0\5abcde"):
    with socket.create_connection((server, 53), 5) as s:
        s.sendall(junk + tcp_frame(query(name, qid=5)))
        try:
            check("only the good query is answered", Reply(tcp_read(s)).id == 5)
        except (EOFError, ConnectionResetError):
            pass
# half a close: what was asked before the FIN is answered
with socket.create_connection((server, 53), 5) as s:
    s.sendall(tcp_frame(query(name, qid=6)))
    s.shutdown(socket.SHUT_WR)
    check("answered after the client's FIN", Reply(tcp_read(s)).id == 6)
check("alive at the end", alive())
finish()
