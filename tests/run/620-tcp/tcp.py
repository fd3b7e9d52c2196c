"""
tcp.py SERVER PID [measured]: what clients do to a server by TCP (RFC 7766, RFC 9210).
Exit status 0 when each is answered, or ended, as it should be, and nobody else waits for it.
"""
import os
import select
import socket
import struct
import sys
import time

from dnswire import *
from judge import check, finish

SERVER, PID = sys.argv[1], int(sys.argv[2])
MEASURED = sys.argv[3:] == ["measured"]     # memory means nothing under sanitizers
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
NAME, MEDIUM, BIG = "static.gslb.example.com", "medium.gslb.example.com", "big.gslb.example.com"
IDLE_SECONDS = 10           # of the server


def connect(receive_buffer=None, patience=10):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(patience * SLOW)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.connect((SERVER, 53))
    return s


def frames(name, qtype, ids):
    return b"".join(tcp_frame(query(name, qtype, qid=i)) for i in ids)


def read_ids(s, count):
    return sorted(struct.unpack("!H", tcp_read(s)[:2])[0] for _ in range(count))


def answered(s, qid=77):
    """The connection still works."""
    try:
        s.sendall(frames(NAME, A, [qid]))
        return Reply(tcp_read(s)).id == qid
    except (EOFError, OSError):
        return False


def ended(s, seconds):
    """Whether the server ends the connection within that time."""
    if not select.select([s], [], [], seconds)[0]:
        return False
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def memory():
    """Bytes that the server's process has in memory."""
    with open("/proc/%d/statm" % PID) as f:
        return int(f.read().split()[1]) * 4096


def pipelined():
    with connect() as s:
        s.sendall(frames(NAME, A, range(300)))
        check("300 queries in one go are answered", read_ids(s, 300) == list(range(300)))
        # one that needs a while to arrive behind others in the same segment
        whole = frames(NAME, A, range(5))
        s.sendall(whole[:-7])
        check("four of five are answered while the fifth is on its way", read_ids(s, 4) == list(range(4)))
        s.sendall(whole[-7:])
        check("the fifth, too", read_ids(s, 1) == [4])
        # all cuts of two messages
        two = frames(NAME, A, [1, 2])
        for cut in range(1, len(two)):
            s.sendall(two[:cut])
            s.sendall(two[cut:])
            check("two messages cut at %d" % cut, read_ids(s, 2) == [1, 2])


def byte_by_byte():
    with connect() as s:
        for b in frames(NAME, A, range(10)):
            s.sendall(bytes([b]))
        check("ten queries byte by byte", read_ids(s, 10) == list(range(10)))


def thousands_then_read():
    """A client that asks 60,000 times before it reads: it is not read from meanwhile, and gets all in the end."""
    count, sent, got = 60000, 0, 0
    data, received = b"".join(tcp_frame(query(MEDIUM, A, qid=i)) for i in range(count)), b""
    with connect(receive_buffer=1 << 16) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        s.setblocking(False)
        before, blocked = memory(), 0
        while sent < len(data):             # until the server takes no more
            if not select.select([], [s], [], 0.3 * SLOW)[1]:
                blocked = sent
                break
            sent += s.send(data[sent:sent + 65536])
        check("a client that doesn't read is not read from", 0 < blocked < len(data))
        check("and costs no memory: %d KiB more" % ((memory() - before) >> 10), not MEASURED or memory() - before < 2 << 20)
        deadline = time.monotonic() + 60 * SLOW
        while got < count and time.monotonic() < deadline:
            readable, writable, _ = select.select([s], [s] if sent < len(data) else [], [], 5 * SLOW)
            if writable:
                sent += s.send(data[sent:sent + 65536])
            if readable:
                received += s.recv(1 << 20)
            at = 0
            while len(received) - at >= 2 and len(received) - at >= 2 + struct.unpack_from("!H", received, at)[0]:
                at += 2 + struct.unpack_from("!H", received, at)[0]
                got += 1
            received = received[at:]
        check("%d of %d answers once it reads" % (got, count), got == count)


# What the server keeps for all clients together, and what that costs it beside.
KEPT_MAX, OVERHEAD = 64 << 20, 16 << 20


def silent_readers(count=1200):
    """
    Many that pipeline and never read, with the smallest windows: what is kept
    for each has a bound, what is kept for all another, and the others are served.
    """
    before, data, clients = memory(), frames(BIG, A, range(3000)), []
    for _ in range(count):
        s = connect(receive_buffer=2048)
        s.setblocking(False)
        try:
            for _ in range(4):
                s.send(data)
        except BlockingIOError:
            pass
        clients.append(s)
    waited = []
    for _ in range(21):
        with connect(patience=30) as s:
            start = time.monotonic()
            check("somebody else is answered", answered(s))
            waited.append(time.monotonic() - start)
    # The first had to wait until all of them were accepted.
    check("and at once: %s" % waited, sorted(waited)[10] < 0.1 * SLOW and max(waited[1:]) < 3 * SLOW)
    grown = memory() - before
    check("%d clients that don't read cost %d KiB" % (count, grown >> 10), not MEASURED or (8 << 20) < grown < KEPT_MAX + OVERHEAD)
    return clients


def flooding(seconds=2):
    """While one client asks without end, and reads what it is told, others have their turn."""
    data, waited = frames(NAME, A, range(5000)), []
    child = os.fork()
    if child == 0:
        with connect() as s:
            s.setblocking(False)
            at, end = 0, time.monotonic() + seconds * SLOW
            while time.monotonic() < end:
                readable, writable, _ = select.select([s], [s], [], 1)
                if readable:
                    s.recv(1 << 20)
                if writable:
                    at = (at + s.send(data[at:at + 65536])) % len(data)
        os._exit(0)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        start = time.monotonic()
        with connect() as s:
            check("another client is answered beside one that floods", answered(s))
        waited.append(time.monotonic() - start)
    check("%d others beside one that floods, the slowest after %.2f s" % (len(waited), max(waited)), len(waited) > 20 and max(waited) < 0.5 * SLOW)


def half_sent():
    """What stays behind without a whole message, to be ended after the server's idle time."""
    out = {"nothing sent": connect(), "one byte of a length": connect(), "a length without message": connect(),
           "half a message": connect(), "a message and a half": connect(), "nothing after an answer": connect()}
    whole = frames(NAME, A, [1])
    out["one byte of a length"].sendall(whole[:1])
    out["a length without message"].sendall(b"\xff\xff")
    out["half a message"].sendall(whole[:20])
    out["a message and a half"].sendall(whole + whole[:20])
    tcp_read(out["a message and a half"])
    check("a first answer", answered(out["nothing after an answer"]))
    return out


def dripping(s, data, seconds):
    """A byte now and then, but never a whole message: that is no activity."""
    start = time.monotonic()
    for b in data:
        if time.monotonic() - start > seconds:
            return False
        try:
            s.sendall(bytes([b]))
        except ConnectionError:
            return True
        if ended(s, 0.2):
            return True
    return False


def strange():
    for what, junk in (("a length of 0", b"\0\0"), ("less than a header", b"\0\5abcde"), ("a response", tcp_frame(query(NAME, flags=0x8000)))):
        with connect() as s:
            s.sendall(junk)
            check("%s ends the connection" % what, ended(s, 5 * SLOW))
    with connect() as s:                    # nothing but garbage, as long as a message can be
        s.sendall(b"\xff\xff" + b"\0" * 65535 + frames(NAME, A, [9]))
        reply = tcp_read(s)
        check("64 KiB of zeros are a malformed query", reply[3] & 15 == FORMERR)
        check("the one behind it is answered", read_ids(s, 1) == [9])
    with connect() as s:
        s.sendall(frames(NAME, A, range(100)))
        s.shutdown(socket.SHUT_WR)
        check("all is answered after the client's FIN", read_ids(s, 100) == list(range(100)))
        check("and then ended", ended(s, 5 * SLOW))
    for _ in range(200):                    # reset with queries and answers under way
        s = connect()
        s.sendall(frames(BIG, A, range(50)))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    with connect() as s:
        check("alive after 200 resets", answered(s))


def main():
    started = time.monotonic()
    idle = half_sent()
    drip = connect()
    pipelined()
    byte_by_byte()
    strange()
    thousands_then_read()
    flooding()
    readers = silent_readers()
    with connect() as busy:                 # who asks now and then stays
        while time.monotonic() - started < IDLE_SECONDS + 2.5:
            check("who asks now and then stays", answered(busy))
            time.sleep(0.5)
    for what, s in idle.items():
        check("%s: ended after a while" % what, ended(s, 3 * SLOW))
    check("who never finishes a message is ended", dripping(drip, b"\xff\xff" + b"\0" * 1000, (IDLE_SECONDS + 4) * SLOW))
    for s in readers:
        s.close()
    finish()


main()
