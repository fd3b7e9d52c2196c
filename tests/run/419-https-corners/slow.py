"""slow.py WWW SHOP CA WWW-NAME SHOP-NAME SLOW: hellos a byte at a time, and handshakes that stop, hundreds at once; client_timeout is 2 s, client_sessions of shop 20."""
import select
import socket
import ssl
import sys
import time

WWW, SHOP, CA, NAME, SHOP_NAME = sys.argv[1:6]
SLOW = float(sys.argv[6])
failed = False


def say(what):
    global failed
    failed = True
    print(what)


def hello(name):
    context = ssl.create_default_context(cafile=CA)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def page(address, name):
    """A client in a hurry: its answer and how long that took."""
    began = time.monotonic()
    context = ssl.create_default_context(cafile=CA)
    with context.wrap_socket(socket.create_connection((address, 443), timeout=20), server_hostname=name) as c:
        c.sendall(b"GET /x HTTP/1.1\r\nHost: " + name.encode() + b"\r\nConnection: close\r\n\r\n")
        return c.recv(65536), time.monotonic() - began


def crowd(address, name, count, first):
    """Clients that have said the first bytes of a hello, as [socket, what is still to be said, when it began], and how many of `count` were reset at once."""
    whole, out, resets = hello(name), [], 0
    for _ in range(count):
        try:
            c = socket.create_connection((address, 443), timeout=20)
            c.sendall(whole[:first])
            c.setblocking(False)
            out.append([c, whole[first:], time.monotonic()])
        except ConnectionError:
            resets += 1
    return out, resets


def until_ended(clients, drip):
    """How long each lived; they say another byte every 0.1 s, when they drip."""
    lives, said = [], time.monotonic()
    while clients and time.monotonic() - said < 60:
        ready = select.select([c[0] for c in clients], [], [], 0.1)[0]
        for one in list(clients):
            try:
                if one[0] in ready and not one[0].recv(65536):
                    raise ConnectionError
                if drip and one[1]:
                    one[0].sendall(one[1][:1])
                    one[1] = one[1][1:]
            except BlockingIOError:
                pass
            except OSError:
                lives.append(time.monotonic() - one[2])
                one[0].close()
                clients.remove(one)
    if clients:
        say(f"{len(clients)} are never ended")
    return lives


for what, first, drip in (("byte by byte", 1, True), ("after the hello", 5000, False)):
    clients, resets = crowd(WWW, NAME, 200, first)
    got, took = page(WWW, NAME)
    if b" 302 " not in got or took > 1.5 * SLOW:
        say(f"{what}: others are kept waiting: {took:.2f} s, {got[:50]!r}")
    lives = until_ended(clients, drip)
    if resets or not (lives and 1.5 < min(lives) and max(lives) < 3 + 5 * SLOW):
        say(f"{what}: ended after {min(lives, default=0):.2f} to {max(lives, default=0):.2f} s")

# twenty at a time from one network: the others are reset at once, and once those have ended it is served again
clients, resets = crowd(SHOP, SHOP_NAME, 30, 1)
lives = sorted(until_ended(clients, True) + [0] * resets)
if len(lives) != 30 or not (lives[9] < 1.5 * SLOW and lives[10] > 1.5):
    say(f"client_sessions: lives of {lives}")
if b" 302 " not in page(SHOP, SHOP_NAME)[0]:
    say("nobody is served after the crowd")
sys.exit(failed)
