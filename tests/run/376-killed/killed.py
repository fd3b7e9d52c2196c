"""killed.py SERVER KILLS SEED COMMAND...: starts COMMAND again and again, and ends it by SIGKILL while it takes orders."""
import os
import random
import socket
import subprocess
import sys
import threading
import time

import update
from dnswire import TXT, Reply, query, tcp_frame, tcp_read, udp

server, kills, seed, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
slow = float(os.environ.get("FAIRLEAD_SLOW", "1"))
zone, key = "gslb.example.com", update.key_of("ops.key")
owners = [label + "._admin." + service for label in ("sjc", "den") for service in ("www", "mail", "api", "shop")]
sent, confirmed = {}, {}
log = open("dnsd.log", "a")
random.seed(seed)
print("seed", seed)


def connect():
    return socket.create_connection((server, 53), 10 * slow)


def tell(tcp, owner, *strings):
    """Without strings: deletes. Returns when it is confirmed."""
    record = update.record(owner, zone, update.txt(*strings), ttl=0)
    if not strings:
        labels = b"".join(bytes([len(l)]) + l.encode() for l in owner.split("."))
        record = labels + b"\xc0\x0c" + b"\0\x10\0\xff\0\0\0\0\0\0"
    tcp.sendall(tcp_frame(update.sign(update.message(zone, [record]), key)))
    reply = Reply(tcp_read(tcp))
    assert reply.rcode == 0, (owner, strings, reply.rcode)


def orders_without_end():
    n = max(sent.values(), default=0)
    try:
        tcp = connect()
        while True:
            n += 1
            owner = random.choice(owners)
            sent[owner] = n
            tell(tcp, owner, "set=up", "note=%d" % n)
            confirmed[owner] = n
    except (OSError, EOFError):
        pass  # it was killed


def ask(name, timeout):
    reply = udp(server, query(name + "." + zone), timeout)
    return Reply(reply) if reply else None


def answer_is(name, address):
    reply = ask(name, 1 * slow)
    return reply and reply.rcode == 0 and reply.addresses() == [address]


def wait(what, *args):
    deadline = time.monotonic() + 20 * slow
    while not what(*args):
        assert time.monotonic() < deadline, ("still not so", what.__name__, args)
        time.sleep(0.005)


def start():
    return subprocess.Popen(command, stdout=log, stderr=log)


def first_answers(expected):
    """Each name's first answer after a start."""
    deadline = time.monotonic() + 20 * slow
    for name, address in expected.items():
        reply = None
        while not reply:
            assert time.monotonic() < deadline, "no answer"
            reply = ask(name, 0.05 * slow)
        assert (reply.rcode, reply.addresses()) == (0, [address]), "%s: first answer %d %s, not %s" % (name, reply.rcode, reply.addresses(), address)


def check_orders():
    for owner, least in confirmed.items():
        reply = Reply(udp(server, query(owner + "." + zone, TXT, edns=4096), 5 * slow))
        note = int(update.strings(reply.answer[0][3])["note"]) if reply.answer else 0
        assert least <= note <= sent[owner], "%s: confirmed up to %d, sent up to %d, there is %d" % (owner, least, sent[owner], note)


def listen(address):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 7777))
    s.listen(1000)
    return s


def give_orders(turn):
    """Returns what `order` answers then: drained here, drained there, or as nobody ordered anything."""
    tcp = connect()
    if turn == 0:
        tell(tcp, "den._admin.order", "set=up")
        tell(tcp, "sjc._admin.order", "set=drain")
        return "127.2.0.10"
    if turn == 1:
        tell(tcp, "sjc._admin.order", "set=up")
        tell(tcp, "den._admin.order", "set=drain")
    else:
        tell(tcp, "sjc._admin.order", "set=drain", "force=yes")
        tell(tcp, "sjc._admin.order")
        tell(tcp, "den._admin.order")
    return "127.1.0.10"


den = listen("127.2.0.77")
sjc = listen("127.1.0.77")
dnsd = start()
try:
    wait(answer_is, "live", "127.1.0.77")
    for i in range(kills):
        expected = {"order": give_orders(i % 3), "live": "127.1.0.77"}
        if i % 2 == 0:
            sjc.close()
            expected["live"] = "127.2.0.77"
        elif sjc.fileno() < 0:
            sjc = listen("127.1.0.77")
        wait(answer_is, "live", expected["live"])
        wait(answer_is, "order", expected["order"])
        teller = threading.Thread(target=orders_without_end)
        teller.start()
        # what was decided is on the disk some milliseconds later
        time.sleep(0.2 * slow + random.uniform(0, 0.2 * slow))
        dnsd.kill()
        dnsd.wait()
        teller.join()
        dnsd = start()
        first_answers(expected)
        check_orders()
    assert len(confirmed) == len(owners) and sum(confirmed.values()) > kills, confirmed
    print("%d orders sent, %d kills" % (max(sent.values()), kills))
finally:
    dnsd.kill()
    dnsd.wait()
