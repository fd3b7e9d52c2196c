"""Sends the same queries to several servers and collects what they say, many at a time but never more than a socket buffer holds."""
import itertools
import select
import socket
import struct
import time

# Outstanding queries for each server: with answers of 1232 bytes far from filling a default receive buffer.
WINDOW = 48
TRIES = 3
SECONDS = 5.0
# Ids of queries are below it, those of the ones that end a window from there on.
LAST = 0xf000


def udp(servers, queries, sentinel):
    """
    servers: addresses; queries: bytes without the id. A list for each query
    with each server's answer, None for none. `sentinel` is a query that
    everybody answers: sent behind each window, its answer shows that what is
    still missing will not come. That is asked again, so that a lost packet is
    not taken for silence. None: everything is waited for, as a resolver needs.
    """
    sockets = []
    for address in servers:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        s.connect((address, 53))
        s.setblocking(False)
        sockets.append(s)
    answers = [[None] * len(servers) for _ in queries]
    for start in range(0, len(queries), WINDOW):
        window = range(start, min(start + WINDOW, len(queries)))
        for attempt in range(TRIES):
            missing = [{i for i in window if answers[i][k] is None} for k in range(len(servers))]
            if not any(missing):
                break
            _round(sockets, queries, answers, missing, sentinel)
    for s in sockets:
        s.close()
    return answers


def _round(sockets, queries, answers, missing, sentinel, rounds=itertools.count()):
    """
    Sends what is missing to each server and waits until all of it, or the
    sentinel, has been answered by each. Each round's sentinel has an id of its
    own: a late answer to another's means nothing.
    """
    waiting, deadline, last = {}, time.monotonic() + SECONDS, LAST + next(rounds) % (0x10000 - LAST)
    for k, (s, indices) in enumerate(zip(sockets, missing)):
        for i in indices:
            s.send(struct.pack("!H", i % LAST) + queries[i])
        if indices and sentinel:
            s.send(struct.pack("!H", last) + sentinel)
        if indices:
            waiting[s] = k, {i % LAST: i for i in indices}
    while waiting:
        ready = select.select(list(waiting), [], [], max(0, deadline - time.monotonic()))[0]
        if not ready:
            return
        for s in ready:
            if _collect(s, answers, last, *waiting[s]):
                del waiting[s]


def _collect(s, answers, last, server, wanted):
    """Takes what is there. True when there is nothing more to wait for."""
    done = False
    try:
        while True:
            data = s.recv(65535)
            number = struct.unpack_from("!H", data)[0]
            done = done or number == last
            i = wanted.pop(number, None)
            if i is not None:
                answers[i][server] = data
    except BlockingIOError:
        return done or not wanted


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def tcp(server, queries, window=16):
    """
    The answers of one server by TCP, in the queries' order, whatever order
    they come in. A server may end the connection instead of answering, which
    loses answers to others, too: all are asked again one by one.
    """
    answers, s = [None] * len(queries), None
    singles = {}      # index: how often it may still be tried, alone
    start = 0
    while start < len(queries):
        batch = [start] if start in singles else range(start, min(start + window, len(queries)))
        left = {i % LAST: i for i in batch if answers[i] is None}
        try:
            s = s or socket.create_connection((server, 53), timeout=SECONDS)
            s.sendall(b"".join(struct.pack("!2H", len(queries[i]) + 2, i % LAST) + queries[i] for i in left.values()))
            while left:
                data = read_exactly(s, struct.unpack("!H", read_exactly(s, 2))[0])
                i = left.pop(struct.unpack_from("!H", data)[0], None)
                if i is not None:
                    answers[i] = data
            start += len(batch)
        except (EOFError, OSError):
            if s:
                s.close()
            s = None
            if start not in singles:
                singles.update(dict.fromkeys(batch, TRIES))
            singles[start] -= 1
            start += singles[start] == 0    # the server doesn't like this one
    if s:
        s.close()
    return answers


def transfer(server, zone):
    """The messages of a zone transfer (RFC 5936), from a server that allows it. `zone` in wire form."""
    soas = 0
    with socket.create_connection((server, 53), timeout=10) as s:
        q = struct.pack("!7H", 0x4242, 0, 1, 0, 0, 0, 0)[:12] + zone + struct.pack("!2H", 252, 1)
        s.sendall(struct.pack("!H", len(q)) + q)
        while soas < 2:
            data = read_exactly(s, struct.unpack("!H", read_exactly(s, 2))[0])
            yield data
            # The transfer begins and ends with the SOA.
            from message import Message, SOA
            records = Message(data).sections[0]
            if not records:
                raise EOFError("no transfer of the zone")
            soas += sum(r[1] == SOA for r in records)
