"""limits.py SERVER MAX: more TCP connections than there is room for, from one address and from many."""
import os
import select
import socket
import sys
import time

from dnswire import *
from judge import check, finish

SERVER, MAX = sys.argv[1], int(sys.argv[2])
SHARE = MAX * 3 // 4
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))


def connect(source):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(5 * SLOW)
    s.bind((source, 0))
    s.connect((SERVER, 53))
    return s


def answered(s):
    try:
        s.sendall(tcp_frame(query("static.gslb.example.com")))
        return Reply(tcp_read(s)).rcode == NOERROR
    except (EOFError, OSError):
        return False


def alive(s):
    """Not ended by the server, as far as can be seen now."""
    p = select.poll()
    p.register(s, select.POLLIN)
    return not p.poll(0)


def settled():
    """The server has dealt with all connections before this one, which stays."""
    s = connect("127.0.0.99")
    check("a new client is served", answered(s))
    return s


def main():
    began = time.monotonic()
    # One client takes all that it may. The first of them ask something, so that the idlest are others.
    greedy = [connect("127.0.0.1") for _ in range(SHARE)]
    keep = [settled()]
    for s in greedy[:50]:
        check("each of a client's share is served", answered(s))
    beyond = [connect("127.0.0.1") for _ in range(20)]
    keep.append(settled())
    check("beyond its share a client is refused", not any(alive(s) for s in beyond))
    check("for nothing of its own", all(alive(s) for s in greedy))
    # Others fill it up, then each new one costs the idlest its place.
    others = [connect("127.0.0.2") for _ in range(MAX - SHARE - len(keep) - 1)]
    keep.append(settled())
    check("up to the limit nobody goes (or it took too long)", all(alive(s) for s in greedy + others) or time.monotonic() - began > 9)
    more = [connect("127.0.0.3") for _ in range(100)]
    keep.append(settled())
    gone = [i for i, s in enumerate(greedy) if not alive(s)]
    check("the idlest made room: %d gone, the first is %s" % (len(gone), gone[:1]), len(gone) >= 100 and gone[0] == 50 and gone[-1] < 50 + len(gone))
    check("who has asked stays", all(answered(s) for s in greedy[:50]))
    check("the new ones are served", all(answered(s) for s in more))
    check("the others stay", all(alive(s) for s in others))
    finish()


main()
