"""turns.py PROCESS CERTIFICATE KEY WWW-NAME SHOP-NAME SLOW: whose turn it is at the forwarder (one thread), which is stopped and goes on by signals."""
import ctypes
import ctypes.util
import fcntl
import os
import select
import signal
import socket
import ssl
import struct
import sys
import termios
import time

PROCESS, CA, KEY, NAME, SHOP, SLOW = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4].encode(), sys.argv[5].encode(), float(sys.argv[6])
FORWARDER, OTHER, PEER = ("127.2.0.10", 443), ("127.2.0.30", 80), ("127.1.0.10", 443)
REQUEST = b"GET /x HTTP/1.1\r\nHost: " + NAME + b"\r\n\r\n"
UPGRADE = REQUEST[:-2] + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n"
PATIENCE = 20 * SLOW
VERSIONS = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
failed = False


def say(what):
    global failed
    failed = True
    print(what)


def stop():
    os.kill(PROCESS, signal.SIGSTOP)


def go_on():
    os.kill(PROCESS, signal.SIGCONT)


def wait_until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            say(what + ": still not so")
            return False
        time.sleep(0.005)
    return True


def descriptors():
    return len(os.listdir(f"/proc/{PROCESS}/fd"))


class End:
    """One end of a TLS connection, records by hand."""

    def __init__(self, connection, context, **how):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **how)
        self.socket = connection
        self.socket.settimeout(PATIENCE)

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def run(self, call):
        while True:
            try:
                result = call()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(1 << 20)
                self.incoming.write(data) if data else self.incoming.write_eof()

    def until(self, enough, got=b""):
        while not enough(got):
            got += self.run(lambda: self.tls.read(1 << 20))
        return got

    def by_now(self):
        """What has come by now."""
        got = b""
        while select.select([self.socket], [], [], 0)[0]:
            data = self.socket.recv(1 << 20)
            if not data:
                break
            self.incoming.write(data)
        try:
            while more := self.tls.read(1 << 20):
                got += more
        except ssl.SSLWantReadError:
            pass
        return got


def client(version):
    context = ssl.create_default_context(cafile=CA)
    context.minimum_version = context.maximum_version = version
    c = End(socket.create_connection(FORWARDER, timeout=PATIENCE), context, server_hostname=NAME.decode())
    c.run(c.tls.do_handshake)
    return c


def carried_on(version, slowness):
    """A client, and the other site's end, which has yet to say something."""
    c = client(version)
    c.tls.write(UPGRADE)
    c.flush()
    server = End(listener.accept()[0], peer_context, server_side=True)
    time.sleep(slowness)
    server.run(server.tls.do_handshake)
    server.until(lambda got: got.endswith(b"\r\n\r\n"))
    return c, server


def relayed(version):
    """A client, and the other site's end of its relay."""
    c, server = carried_on(version, 0)
    server.tls.write(b"HTTP/1.1 101 Go on\r\n\r\n")
    server.flush()
    c.until(lambda got: got.endswith(b"\r\n\r\n"))
    return c, server


def in_single_bytes(c, data):
    for i in range(len(data)):
        c.tls.write(data[i:i + 1])
    return c.outgoing.read()


def arrived(c):
    return struct.unpack("i", fcntl.ioctl(c, termios.TIOCOUTQ, b"\0" * 4))[0] == 0


def race(c, flood, progress):
    """How much of what one client says (`flood`), which is first, is done when another one has its answer."""
    stop()
    c.sendall(flood)
    wait_until("all of it is in the forwarder's buffer", lambda: arrived(c))
    other = socket.create_connection(OTHER, timeout=PATIENCE)
    other.sendall(REQUEST.replace(NAME, SHOP))
    go_on()
    got = other.recv(65536)
    stop()
    done = progress()
    go_on()
    if b"HTTP/1.1 302 " not in got:
        say(f"the other one: {got!r}")
    other.close()
    return done


def best_of(what, attempt, limit):
    """On a busy machine we may notice the answer late, but not each time."""
    least = attempt()
    for _ in range(4):
        if least < limit:
            return
        least = min(least, attempt())
    say(f"{what}: the other one has waited until {least} was done, which is not below {limit}")


# requests, a byte a record
COUNT = 1500


def requests_by_byte():
    c = client(version)
    got = b""

    def progress():
        nonlocal got
        got += c.by_now()
        return got.count(b"HTTP/1.1 302 ")

    flood = in_single_bytes(c, REQUEST * COUNT)
    done = race(c.socket, flood, progress)
    got = c.until(lambda all: all.count(b"\r\n\r\n") >= COUNT, got)
    if got.count(b"HTTP/1.1 302 ") != COUNT:
        say(f"of {COUNT} requests {got.count(b'HTTP/1.1 302 ')} are answered")
    return done


# a relay, a byte a record
BYTES = bytes(range(250)) * 300
# the same while the other site may still refuse it: that long as to connect takes, and the bytes are kept, 16 KiB at most
KEPT = BYTES[:15000]


def relay_by_byte():
    return by_byte(*relayed(version), BYTES)


def trial_by_byte():
    return by_byte(*carried_on(version, 0.3), KEPT)


def by_byte(c, server, what):
    got = b""

    def progress():
        nonlocal got
        got += server.by_now()
        return len(got)

    done = race(c.socket, in_single_bytes(c, what), progress)
    got = server.until(lambda all: len(all) >= len(what), got)
    if got != what:
        say("what was relayed is not what was said")
    return done


# records that hold nothing: key updates, and a request behind them
UPDATES = 20000


class Updater:
    """Python's own TLS can't."""

    def __init__(self):
        lib = self.lib = ctypes.CDLL(ctypes.util.find_library("ssl"))
        crypto = self.crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
        for f in (lib.TLS_client_method, lib.SSL_CTX_new, lib.SSL_new, crypto.BIO_new, crypto.BIO_s_mem):
            f.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
        self.tls = ctypes.c_void_p(lib.SSL_new(self.context))
        self.incoming, self.outgoing = (ctypes.c_void_p(crypto.BIO_new(ctypes.c_void_p(crypto.BIO_s_mem()))) for _ in range(2))
        lib.SSL_set_bio(self.tls, self.incoming, self.outgoing)
        lib.SSL_ctrl(self.tls, 55, ctypes.c_long(0), ctypes.c_char_p(NAME))  # SSL_CTRL_SET_TLSEXT_HOSTNAME
        lib.SSL_set_connect_state(self.tls)
        self.buffer = ctypes.create_string_buffer(1 << 20)
        self.socket = socket.create_connection(FORWARDER, timeout=PATIENCE)
        while lib.SSL_do_handshake(self.tls) != 1:
            self.socket.sendall(self.said())
            data = self.socket.recv(65536)
            crypto.BIO_write(self.incoming, data, len(data))
        self.socket.sendall(self.said())

    def said(self):
        out = b""
        while (n := self.crypto.BIO_read(self.outgoing, self.buffer, len(self.buffer))) > 0:
            out += self.buffer.raw[:n]
        return out

    def updates(self, count):
        for _ in range(count):
            assert self.lib.SSL_key_update(self.tls, 0) == 1 and self.lib.SSL_do_handshake(self.tls) == 1
        assert self.lib.SSL_write(self.tls, REQUEST, len(REQUEST)) == len(REQUEST)
        return self.said()

    def answer(self):
        data = self.socket.recv(65536)
        self.crypto.BIO_write(self.incoming, data, len(data))
        n = self.lib.SSL_read(self.tls, self.buffer, len(self.buffer))
        return self.buffer.raw[:max(n, 0)]


def key_updates():
    u = Updater()
    done = race(u.socket, u.updates(UPDATES), lambda: len(select.select([u.socket], [], [], 0)[0]))
    if b"HTTP/1.1 302 " not in u.answer():
        say("no answer behind key updates")
    return done


# it resets right behind what it says
def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


def is_reset(c):
    p = select.poll()
    p.register(c, 0)
    return bool(p.poll(0))


def reset_in_relay(what, last, answer):
    c, server = relayed(version)
    stop()
    last(c)
    c.flush()
    wait_until("all of it is in the forwarder's buffer", lambda: arrived(c.socket))
    reset(c.socket)
    go_on()
    try:
        if answer:
            server.until(lambda got: got == b"last words")
            server.tls.write(b"answer")
            server.flush()
    except ConnectionError:  # it has been told already
        pass
    wait_until(f"{version.name}: reset behind {what}: the other side is told", lambda: is_reset(server.socket))
    server.socket.close()


def reset_in_head():
    before = descriptors()
    c = client(version)
    stop()
    c.tls.write(REQUEST[:20])
    c.flush()
    wait_until("all of it is in the forwarder's buffer", lambda: arrived(c.socket))
    reset(c.socket)
    go_on()
    wait_until(f"{version.name}: reset behind half a head: its session has ended", lambda: descriptors() <= before)


def notify(c):
    try:
        c.tls.unwrap()
    except ssl.SSLWantReadError:
        pass


# hellos that are all there get their handshakes in the order in which they came
def in_order():
    waiting = []
    stop()
    for _ in range(200):
        context = ssl.create_default_context(cafile=CA)
        c = End(socket.create_connection(FORWARDER, timeout=PATIENCE), context, server_hostname=NAME.decode())
        try:
            c.tls.do_handshake()
        except ssl.SSLWantReadError:
            c.flush()
        waiting.append(c.socket)
    looks = ready = 0
    while ready < len(waiting):
        go_on()
        if not select.select(waiting[ready:], [], [], PATIENCE)[0]:
            say(f"only {ready} hellos are answered")
            break
        stop()
        answered = [bool(select.select([c], [], [], 0)[0]) for c in waiting]
        ready = sum(answered)
        looks += ready < len(waiting)
        if not all(answered[:ready]):
            say(f"hellos are not answered in order: {[i for i, yes in enumerate(answered) if yes]}")
            break
    go_on()
    if not looks:
        say("nothing was seen of the order")
    for c in waiting:
        c.close()


peer_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
peer_context.load_cert_chain(CA, KEY)
listener = socket.create_server(PEER)
listener.settimeout(PATIENCE)

try:
    for version in VERSIONS:
        reset_in_head()
        reset_in_relay("its last words", lambda c: c.tls.write(b"last words"), False)
        reset_in_relay("its last words, which are answered", lambda c: c.tls.write(b"last words"), True)
        reset_in_relay("close_notify", notify, False)
        best_of(f"{version.name}: requests in records of a byte", requests_by_byte, COUNT // 2)
        best_of(f"{version.name}: a relay in records of a byte", relay_by_byte, len(BYTES) // 2)
        best_of(f"{version.name}: records of a byte while a relay is on trial", trial_by_byte, len(KEPT) // 2)
    best_of("key updates", key_updates, 1)
    in_order()
finally:
    go_on()
sys.exit(failed)
