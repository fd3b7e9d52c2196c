"""many.py server ADDRESS PORT          greets with one byte, then echoes, for any number of connections
many.py clients ADDRESS PORT IDLE BUSY SECONDS
    IDLE connections that are greeted and then say nothing, BUSY ones that say 8 KiB and hear it again and again;
    a line when all idle ones are there and it waits for one on standard input, one at the end; every byte is looked at.
"""
import resource
import select
import socket
import sys
import time

mode, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def server():
    listener = socket.create_server(address, backlog=65535)
    listener.setblocking(False)
    poll, pending = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    open_ = {}
    while True:
        for fd, what in poll.poll():
            if fd == listener.fileno():
                for _ in range(100):
                    try:
                        c, _ = listener.accept()
                    except BlockingIOError:
                        break
                    c.setblocking(False)
                    c.send(b"+")
                    open_[c.fileno()] = c
                    poll.register(c, select.EPOLLIN)
                continue
            c = open_[fd]
            try:
                if what & select.EPOLLOUT:
                    rest = pending.pop(fd)
                    n = c.send(rest)
                else:
                    rest, n = c.recv(65536), 0
                    if not rest:
                        raise OSError
                    n = c.send(rest)
            except BlockingIOError:
                n = 0
            except OSError:
                poll.unregister(c)
                pending.pop(fd, None)
                open_.pop(fd).close()
                continue
            if n < len(rest):
                pending[fd] = rest[n:]
            poll.modify(fd, select.EPOLLOUT if fd in pending else select.EPOLLIN)


def connect(i):
    s = socket.socket()
    s.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    s.bind(("127.9.%d.1" % (i % 200), 0))
    s.settimeout(60)
    s.connect(address)
    return s


def greeted(s):
    if s.recv(1) != b"+":
        sys.exit("not served")


def clients(idle, busy, seconds):
    quiet = []
    for i in range(idle):
        quiet.append(connect(i))
        if i % 100 == 99:
            for s in quiet[-100:]:
                greeted(s)
    print("idle", len(quiet), flush=True)
    sys.stdin.readline()
    talk, poll = {}, select.epoll()
    for i in range(busy):
        s = connect(i)
        greeted(s)
        s.setblocking(False)
        talk[s.fileno()] = [s, bytes([i % 256]) * 8192, 0, 0]  # what it says, heard of it, rounds
        poll.register(s, select.EPOLLIN)
        s.send(talk[s.fileno()][1])
    until, saying = time.monotonic() + seconds, len(talk)
    limit = until + 120
    while saying:
        if time.monotonic() > limit:
            sys.exit("%d have not heard all" % saying)
        for fd, _ in poll.poll(1):
            t = talk[fd]
            data = t[0].recv(65536)
            if not data or data.strip(t[1][:1]):
                sys.exit("lost: %r" % data[:10])
            t[2] += len(data)
            if t[2] > len(t[1]):
                sys.exit("too much")
            if t[2] < len(t[1]):
                continue
            t[2], t[3] = 0, t[3] + 1
            if time.monotonic() < until:
                t[0].send(t[1])
            else:
                saying -= 1
    # the idle ones are all still there
    for i, s in enumerate(quiet):
        s.send(bytes([i % 251]))
    for i, s in enumerate(quiet):
        if s.recv(1) != bytes([i % 251]):
            sys.exit("an idle one is not there any more")
    rounds = [t[3] for t in talk.values()]
    print("busy", len(rounds), "rounds each", min(rounds), "to", max(rounds), flush=True)
    sys.stdin.readline()


if mode == "server":
    server()
else:
    clients(int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]))
