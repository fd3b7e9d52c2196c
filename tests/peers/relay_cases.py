"""Corners of the forwarder's relay and redirect, each against servers made for it.

relay_cases.py FORWARDER FOLDER [CASE...]   runs all cases, or those named, in this network namespace

No dnsd runs: before the first answer the forwarder tries all peers in order.
Site den is under test; sjc (rank 1) and fra (rank 2) are addresses on which a
case puts its own servers. FAIRLEAD_WRAP stands in front of the forwarder,
FAIRLEAD_SLOW stretches every deadline.
"""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

FORWARDER, FOLDER = sys.argv[1], sys.argv[2]
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
TCP, HTTP = ("127.2.0.10", 7001), ("127.2.0.10", 7080)
REAL, REAL2, DEAD = ("127.2.0.11", 9001), ("127.2.0.12", 9001), ("127.2.0.11", 9009)
SJC, FRA, SJC_HTTP = ("127.1.0.10", 7001), ("127.3.0.10", 7001), ("127.1.0.10", 7080)

ZONE = """$ORIGIN gslb.test.
@ 300 SOA ns host 1 3600 600 604800 30
@ 300 NS ns
ns 300 A 127.2.0.53
tcp LB den 127.2.0.10 port=7001 check=none rank=3
 LB sjc 127.1.0.10 port=7001 check=none rank=1
 LB fra 127.3.0.10 port=7001 check=none rank=2
 POLICY rank
www LB den 127.2.0.10 port=7080 check=none rank=3
 LB sjc 127.1.0.10 port=7080 check=none rank=1
 LB fra 127.3.0.10 port=7080 check=none rank=2
 POLICY rank
"""
CONF = """site = "den"; run = "run"; state = "state"; user = "";
sites = (
 {{ name = "sjc"; control = [ "127.1.0.53@53" ]; proxy_ip = [ "127.1.0.9" ]; key = "k"; }},
 {{ name = "den"; control = [ "127.2.0.53@53" ]; proxy_ip = [ "127.2.0.9", "127.2.0.8" ]; key = "k"; }},
 {{ name = "fra"; control = [ "127.3.0.53@53" ]; proxy_ip = [ "127.3.0.9" ]; key = "k"; }} );
keys = ( {{ name = "k"; secret = "YSBzZWNyZXQgb2YgdGhlIHRlc3Rz"; }} );
dns = {{ listen = [ "127.2.0.53@53" ]; zones = "."; }};
forward = {{ dnsd = [ "127.2.0.53@53" ]; threads = 2; drain_timeout = 20.0; listeners = (
 {{ service = "tcp.gslb.test."; listen = [ "{tcp}" ]; protocol = "tcp"; servers = ( {servers} ); {keys} }},
 {{ service = "www.gslb.test."; listen = [ "{http}" ]; protocol = "http"; servers = ( {servers} ); {keys} }} ); }};
"""


# --- the pieces ---------------------------------------------------------------


def wait(what, condition, seconds=10):
    limit = time.monotonic() + seconds * SLOW
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError("still not so: " + what)
        time.sleep(0.01)


def same(got, expected):
    if got != expected:
        raise AssertionError("got %r, expected %r" % (got, expected))


class Forwarder:
    """The program under test; left with SIGTERM, it has to end well and soon."""

    def __init__(self, servers=(DEAD,), keys="", tcp=TCP):
        with open(FOLDER + "/gslb.test.zone", "w") as f:
            f.write(ZONE)
        self.configure(servers, keys, tcp)
        self.log_name = FOLDER + "/forwarder.log"
        self.log = open(self.log_name, "a")
        self.begin = self.log.tell()
        command = os.environ.get("FAIRLEAD_WRAP", "").split() + [FORWARDER, "-c", FOLDER + "/forwarder.conf"]
        self.process = subprocess.Popen(command, stderr=self.log, stdin=subprocess.DEVNULL)
        self.wait_log("serving")

    def configure(self, servers=(DEAD,), keys="", tcp=TCP):
        text = CONF.format(servers=", ".join('{ address = "%s@%d"; }' % s for s in servers), keys=keys,
                           tcp="%s@%d" % tcp, http="%s@%d" % HTTP)
        with open(FOLDER + "/forwarder.conf", "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(text)

    def text(self):
        with open(self.log_name) as f:
            f.seek(self.begin)
            return f.read()

    def wait_log(self, what):
        wait("log: " + what, lambda: what in self.text() or self.process.poll() is not None)
        if what not in self.text():
            raise AssertionError("it ended: " + self.text())

    def reload(self, expected, **keys):
        self.configure(**keys)
        self.process.send_signal(signal.SIGHUP)
        self.wait_log(expected)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            self.process.wait()
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            same(self.process.wait(5 * SLOW), 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("sessions were left over: it waits for drain_timeout")


class Server:
    """Calls `talk` with each connection, in a thread of its own."""

    def __init__(self, address, talk):
        self.talk, self.sources = talk, []
        self.listener = socket.create_server(address, backlog=1024)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c, source = self.listener.accept()
            except OSError:
                return
            self.sources.append(source[0])
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        try:
            self.talk(c)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def connect(address=TCP, source=None):
    """None: reset before connect was even told, which is the same as right after."""
    s = socket.socket()
    s.settimeout(10 * SLOW)
    if source:
        # A port that bind() has taken is nobody's to connect from, whatever the address.
        s.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        s.bind((source, 0))
    try:
        s.connect(address)
    except ConnectionResetError:
        return None
    return s


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def rest(s):
    data = b""
    while more := s.recv(65536):
        data += more
    return data


def must_be_reset(s):
    try:
        data = s.recv(100) if s else None
    except ConnectionResetError:
        return
    if s:
        raise AssertionError("not reset, but: %r" % data)


def says(name):
    """A server that says its name, then echoes."""

    def talk(c):
        c.sendall(name)
        while data := c.recv(65536):
            c.sendall(data)
        c.close()

    return talk


def counts(name):
    """A server that reads to the FIN and answers how much that was."""

    def talk(c):
        c.sendall(b"%s:%d" % (name, len(rest(c))))
        c.close()

    return talk


def ask(address, *data):
    with connect(address) as s:
        for part in data:
            s.sendall(part)
        return rest(s)


GET = b"GET %s HTTP/1.1\r\nHost: www.example.org\r\n\r\n"


# --- the next candidate -------------------------------------------------------


def case_all_that_was_said_is_said_again():
    with Forwarder(), Server(SJC, reset) as sjc, Server(FRA, counts(b"fra")):
        for size in 0, 1, 100, 16384:
            with connect() as s:
                s.sendall(b"x" * size)
                s.shutdown(socket.SHUT_WR)
                same(rest(s), b"fra:%d" % size)
        same(len(sjc.sources), 4)
        same(set(sjc.sources), {"127.2.0.8", "127.2.0.9"})


def case_who_says_more_stays():
    taken = []

    def talk(c):
        while sum(taken) < 16385:
            taken.append(len(c.recv(65536)))
        reset(c)

    with Forwarder(), Server(SJC, talk), Server(FRA, counts(b"fra")) as fra:
        with connect() as s:
            s.sendall(b"x" * 16385)
            must_be_reset(s)
        same(fra.sources, [])


def case_a_late_end_is_no_refusal():
    def talk(c):
        c.recv(65536)
        time.sleep(0.5 * SLOW)  # what is tested is the time
        c.close()

    with Forwarder(), Server(SJC, talk), Server(FRA, says(b"fra")) as fra:
        with connect() as s:
            s.sendall(b"word")
            same(rest(s), b"")
        same(fra.sources, [])


def case_a_late_end_when_nobody_has_spoken():
    """A peer's forwarder that was killed: another peer can have the client."""

    def talk(c):
        time.sleep(0.3)  # later than a refusal, and within connect_timeout: what is tested is the time
        c.close()

    with Forwarder(), Server(SJC, talk) as sjc, Server(FRA, says(b"fra")):
        with connect() as s:
            same(s.recv(10), b"fra")
        same(len(sjc.sources), 1)


def case_a_killed_server_with_us_in_its_queue():
    """Nothing was said either way, so another server gets the connection."""
    killed = socket.create_server(REAL, backlog=64)
    with Forwarder(servers=(REAL, REAL2)), Server(REAL2, says(b"B")) as other:
        clients = [connect() for _ in range(8)]
        wait("all have a server", lambda: waiting(REAL) + len(other.sources) == 8)
        same(waiting(REAL) > 0, True)
        killed.close()
        for s in clients:
            same(s.recv(1), b"B")
            s.close()


def waiting(address):
    """Connections that a listening socket has not accepted (ss: Recv-Q)."""
    out = subprocess.run(["ss", "-Hltn", "src %s and sport = :%d" % address], capture_output=True, text=True, check=True)
    return int(out.stdout.split()[1])


def case_a_server_killed_after_accepting():
    """It ends with a FIN then; with one more server there is still somebody, and a server that has spoken has served."""
    with Forwarder(servers=(REAL, REAL2)), Server(REAL, lambda c: c.close()) as first, Server(REAL2, says(b"B")):
        for _ in range(4):
            with connect() as s:
                same(s.recv(1), b"B")
        same(len(first.sources) > 0, True)

    def talk(c):
        c.sendall(b"bye")
        c.close()

    with Forwarder(servers=(REAL,)), Server(REAL, talk):
        same(ask(TCP), b"bye")


def case_nobody_left():
    with Forwarder():
        must_be_reset(connect())
        must_be_reset(connect())  # the server is known to be down now
        # one that may not be redirected is relayed, and that fails everywhere
        answer = ask(HTTP, b"GET / HTTP/1.1\r\nHost: sjc.www.gslb.test\r\n\r\n")
        same(answer[:12], b"HTTP/1.1 503")
        same(b"\r\nRetry-After: " in answer, True)
        # who would not understand it is reset
        for hello in b"\x16\x03\x01\x00\x05hello", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
            with connect(HTTP) as s:
                s.sendall(hello)
                must_be_reset(s)


# --- who is served ------------------------------------------------------------


def case_sites_are_never_forwarded():
    sources = "127.1.0.53", "127.1.0.9", "127.3.0.9", "127.2.0.9"
    with Forwarder(), Server(SJC, says(b"P")) as sjc:
        for source in sources:
            for address in TCP, HTTP:
                try:
                    must_be_reset(connect(address, source))
                except ConnectionRefusedError:
                    pass  # by the kernel already
        same(sjc.sources, [])
    with Forwarder(servers=(REAL,)), Server(REAL, says(b"L")):
        for source in sources:
            with connect(TCP, source) as s:
                same(s.recv(1), b"L")


def case_above_capacity_goes_to_the_peer():
    with Forwarder(servers=(REAL,), keys="capacity = 3;"), Server(REAL, says(b"L")), Server(SJC, says(b"P")):
        clients, names = [], []
        for _ in range(5):
            clients.append(connect())
            names.append(clients[-1].recv(1))
        same(names, [b"L"] * 3 + [b"P"] * 2)
        for s in clients:
            s.close()


def case_max_sessions_pauses():
    with Forwarder(servers=(REAL,), keys="max_sessions = 5;") as forwarder, Server(REAL, says(b"L")) as real:
        clients = [connect() for _ in range(12)]
        forwarder.wait_log("listener paused")
        wait("five are served", lambda: len(real.sources) >= 5)
        same(len(real.sources) <= 6, True)  # one more a further thread
        # each one that ends lets another one in, in whatever order the threads take them
        while clients:
            served, _, _ = select.select(clients, [], [], 10 * SLOW)
            same(served != [], True)
            same(served[0].recv(1), b"L")
            clients.remove(served[0])
            served[0].close()


def case_ports_of_one_source_run_out():
    """Ten ports towards the peer from each proxy IP: twenty relays, and then none; when one has ended there is room again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", "r+") as f:
        before = f.read()
        f.seek(0)
        f.write("40000 40009")
    try:
        with Forwarder() as forwarder, Server(SJC, says(b"P")) as sjc:
            clients = [connect(source="127.9.%d.1" % i) for i in range(20)]
            same([answered(s) for s in clients], [b"P"] * 20)
            same((sjc.sources.count("127.2.0.9"), sjc.sources.count("127.2.0.8")), (10, 10))
            must_be_reset(connect(source="127.9.99.1"))
            clients.pop().close()

            def again():
                s = connect(source="127.9.99.2")
                good = answered(s) == b"P"
                if s:
                    s.close()
                return good

            wait("room again", again)
            for s in clients:
                s.close()
            same(forwarder.process.poll(), None)
    finally:
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as f:
            f.write(before)


def answered(s):
    try:
        return s.recv(1) if s else b""
    except ConnectionResetError:
        return b""


def case_balance():
    def run(balance, sources, hold=False):
        """Which server each got, one after the other, each let go unless `hold`."""
        names, held = [], []
        with Forwarder(servers=(REAL, REAL2), keys='balance = "%s";' % balance), Server(REAL, says(b"A")), Server(REAL2, says(b"B")):
            for source in sources:
                s = connect(source=source)
                names.append(s.recv(1))
                held.append(s)
                if not hold:
                    held.pop().close()
            for s in held:
                s.close()
        return names

    # threads turn each by itself
    names = run("roundrobin", [None] * 40)
    same(abs(names.count(b"A") - 20) <= 1, True)
    # whoever has fewer: with all held, as many each, whatever thread they come to
    names = run("leastconn", [None] * 40, hold=True)
    same(names.count(b"A"), 20)
    # a client stays, and clients are spread; a restart changes nothing
    clients = ["127.9.%d.7" % (i % 20) for i in range(40)]
    names = run("hash", clients)
    same(names[:20], names[20:])
    same(len(set(names)), 2)
    same(run("hash", clients[:20]), names[:20])
    # 1 of 2^38 that a fair one fails
    same(len(set(run("random", [None] * 40))), 2)


def served(s):
    """Was it served, or reset?"""
    try:
        return s is not None and s.recv(1) == b"L"
    except ConnectionResetError:
        return False


def case_client_networks_have_a_limit():
    with Forwarder(servers=(REAL,), keys="client_sessions = 3;") as forwarder, Server(REAL, says(b"L")):
        clients = [connect() for _ in range(5)]
        same(sorted(served(s) for s in clients), [False] * 2 + [True] * 3)
        forwarder.wait_log("too many sessions of one client network")
        # another network, and a site's, which checks and relays come from
        others = [connect(source="127.9.9.%d" % i) for i in (1, 2, 3)] + [connect(source="127.1.0.9") for _ in range(5)]
        same([served(s) for s in others], [True] * 8)
        # what has ended counts no more
        for s in filter(None, clients):
            s.close()

        def again():
            s = connect()
            good = served(s)
            if s:
                s.close()
            return good

        wait("a client of the network is served again", again)
        # nor does a reload forget anybody
        forwarder.reload("reloaded", servers=(REAL,), keys="client_sessions = 2;")
        same(served(connect(source="127.9.9.4")), False)
        for s in others:
            s.close()
    same("crowded=0" in forwarder.text(), False)


def case_times():
    with Forwarder(servers=(REAL,), keys="idle_timeout = 0.4;"), Server(REAL, says(b"L")):
        with connect() as s:
            same(s.recv(1), b"L")
            for _ in range(4):
                time.sleep(0.2)  # what is tested is the time
                s.sendall(b"x")
                same(s.recv(1), b"x")
            began = time.monotonic()
            same(rest(s), b"")
            same(0.35 < time.monotonic() - began < 0.7 + SLOW, True)
    # half-closed, and then nothing: the server never ends, nor does it read on
    for address in REAL, SJC:
        with Forwarder(servers=(REAL,) if address == REAL else (DEAD,), keys="idle_timeout = 0.5;"):
            with Server(address, lambda c: (c.sendall(b"L"), time.sleep(60))):
                with connect() as s:
                    same(s.recv(1), b"L")
                    s.shutdown(socket.SHUT_WR)
                    began = time.monotonic()
                    same(answered(s), b"")
                    same(0.4 < time.monotonic() - began < 1 + SLOW, True)
    # a head in drops: the time is for all of it
    with Forwarder(keys="client_timeout = 0.5;"), connect(HTTP) as s:
        began = time.monotonic()
        for c in b"GET / HTTP/1.1\r\nX-Slow: " + b"x" * 1000:
            if select.select([s], [], [], 0.05)[0]:
                break
            s.send(bytes([c]))
        same(s.recv(12), b"HTTP/1.1 408")
        same(0.4 < time.monotonic() - began < 1 + SLOW, True)
    with Forwarder(keys="client_timeout = 0.4;"):
        same(ask(HTTP, b"GET / HTT")[:12], b"HTTP/1.1 408")
        same(ask(HTTP, GET % b"/").count(b"HTTP/1.1"), 1)


# --- how it ends --------------------------------------------------------------


def case_an_answer_and_a_reset_at_once():
    """A server that closes with something unread sends RST right behind its answer: neither may be lost, nor come late."""

    def talk(c):
        c.recv(1)
        c.sendall(b"answer")
        c.close()

    with Forwarder(servers=(REAL,)), Server(REAL, talk):
        for _ in range(40):
            with connect() as s:
                s.sendall(b"x" * 1000)
                same(s.recv(100), b"answer")
                must_be_reset(s)


def case_gone_after_its_fin():
    """A client says FIN and is then gone for good: the next bytes for it meet RST, and that ends the session."""
    told = threading.Semaphore(0)

    def talk(c):
        c.sendall(b"+OK")
        rest(c)
        try:
            while True:
                c.sendall(b"more")
                time.sleep(0.01)
        except OSError:
            told.release()

    with Forwarder(servers=(REAL,)), Server(REAL, talk):
        for half_close in True, False:
            s = connect()
            if half_close:
                same(s.recv(3), b"+OK")
                s.shutdown(socket.SHUT_WR)
                same(s.recv(4), b"more")
            s.close()
            same(told.acquire(timeout=5 * SLOW), True)


def case_a_reset_right_behind_bytes():
    """Both are there when the forwarder looks: what was said first must not hide the end, which would then be met at client_timeout only."""
    for keys, begin, more in (
        ("", b"GET /1 HTTP/1.1\r\n", b"Host: a\r\n\r\n"),
        ("", b"GET /1 HTTP/1.1\r\n", b"Host:"),
        ('accept_proxy = [ "127.0.0.0/8" ];', b"PROXY TCP4 192.", b"0.2.1 "),
    ):
        with Forwarder(keys="client_timeout = 60.0; " + keys) as forwarder:
            s = connect(HTTP)
            s.sendall(begin)
            wait("it is read", lambda: unread(HTTP) == (len(begin) if keys else 0))
            forwarder.process.send_signal(signal.SIGSTOP)
            s.sendall(more)
            reset(s)
            forwarder.process.send_signal(signal.SIGCONT)


def case_a_reset_right_behind_bytes_is_passed_on():
    """The server has nothing to say to it, so nothing but reading tells."""
    heard, ends = [], []

    def talk(c):
        c.sendall(b"L")
        try:
            while data := c.recv(100):
                heard.append(data)
            ends.append("FIN")
        except ConnectionResetError:
            ends.append("RST")

    for address in REAL, SJC:
        heard.clear()
        ends.clear()
        with Forwarder(servers=(REAL,) if address == REAL else (DEAD,)) as forwarder, Server(address, talk):
            s = connect()
            same(s.recv(1), b"L")
            s.sendall(b"one")
            wait("it is there", lambda: heard == [b"one"])
            forwarder.process.send_signal(signal.SIGSTOP)
            s.sendall(b"two")
            reset(s)
            forwarder.process.send_signal(signal.SIGCONT)
            wait("the server is told", lambda: ends == ["RST"])
            same(heard, [b"one", b"two"])


def unread(address):
    """Bytes that the forwarder has not taken from its one connection there; None: it has none."""
    out = subprocess.run(["ss", "-Htn", "src %s and sport = :%d" % address], capture_output=True, text=True, check=True)
    return int(out.stdout.split()[1]) if out.stdout.strip() else None


def case_bulk_comes_whole():
    block = bytes(range(251)) * 4177  # 1 MiB, nothing in step with pages or buffers
    heard = []

    def talk(c):
        heard.append(rest(c))
        for _ in range(8):
            c.sendall(block)
        c.close()

    with Forwarder(servers=(REAL,)), Server(REAL, talk):
        with connect() as s:
            for _ in range(8):
                s.sendall(block)
            s.shutdown(socket.SHUT_WR)
            same(rest(s) == block * 8, True)
        same(heard[0] == block * 8, True)


# --- HTTP ---------------------------------------------------------------------


def case_requests_in_every_portion():
    with Forwarder():
        many = GET % b"/x" * 300 + b"POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        last = b"GET /z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answers = ask(HTTP, many + last)
        same(answers.count(b"HTTP/1.1 302 "), 301)
        same(answers.count(b"HTTP/1.1 307 "), 1)
        same(answers.count(b"Location: http://sjc.www.gslb.test:7080/z\r\n"), 1)
        byte_by_byte = [bytes([b]) for b in GET % b"/slow"]
        with connect(HTTP) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for b in byte_by_byte:
                s.sendall(b)
            same(b"/slow\r\n" in s.recv(4096), True)
            s.sendall(b"bogus\r\n\r\n")
            same(rest(s)[:12], b"HTTP/1.1 400")
        with connect(HTTP) as s:
            s.sendall(GET % b"/fin")
            s.shutdown(socket.SHUT_WR)
            same(rest(s)[:12], b"HTTP/1.1 302")


def case_a_relay_behind_a_redirect():
    """The second request of a connection may not be redirected: it and all behind it go to the peer as they are."""
    relayed = b"GET /2 HTTP/1.1\r\nHost: sjc.www.gslb.test\r\n\r\nGET /3 HTTP/1.1\r\n"
    with Forwarder(), Server(SJC_HTTP, counts(b"sjc")), connect(HTTP) as s:
        s.sendall(GET % b"/1" + relayed)
        s.shutdown(socket.SHUT_WR)
        answers = rest(s)
        same(answers[:12], b"HTTP/1.1 302")
        same(answers.endswith(b"\r\n\r\nsjc:%d" % len(relayed)), True)


def case_an_answer_arrives_in_spite_of_a_body():
    """All of it is sent before anything is read."""
    with Forwarder():
        for size in 200000, 30000000:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
            same(ask(HTTP, head, b"x" * size)[:12], b"HTTP/1.1 307")
        # with a pause
        with connect(HTTP) as s:
            s.sendall(b"GET / HTTP/9.9\r\n\r\n")
            for _ in range(6):
                time.sleep(0.5)  # what is tested is the time: more than a silent client is given
                s.sendall(b"x" * 1000)
            same(rest(s)[:12], b"HTTP/1.1 505")


def case_a_kept_connection_has_time_for_each_head():
    """The second head begins late, and comes in two parts."""
    with Forwarder(keys="client_timeout = %g;" % (1.2 * SLOW)), connect(HTTP) as s:
        s.sendall(GET % b"/1")
        same(s.recv(4096)[:12], b"HTTP/1.1 302")
        time.sleep(0.7 * SLOW)  # what is tested is the time
        s.sendall(b"GET /2 HTTP/1.1\r\n")
        time.sleep(0.8 * SLOW)
        s.sendall(b"Host: www.example.org\r\n\r\n")
        same(s.recv(4096)[:12], b"HTTP/1.1 302")
        # and no more than that
        s.sendall(b"GET /3")
        began = time.monotonic()
        same(rest(s)[:12], b"HTTP/1.1 408")
        same(1 < (time.monotonic() - began) / SLOW < 3, True)


# --- reload -------------------------------------------------------------------


def case_a_reload_that_cannot_bind():
    taken = socket.create_server(("127.2.0.10", 7002))
    with Forwarder(servers=(REAL,)) as forwarder, Server(REAL, says(b"L")):
        forwarder.reload("reload failed", servers=(REAL2,), tcp=("127.2.0.10", 7002))
        with connect() as s:
            same(s.recv(1), b"L")
        taken.close()
        forwarder.reload("reloaded", servers=(REAL,), tcp=("127.2.0.10", 7002))
        with connect(("127.2.0.10", 7002)) as s:
            same(s.recv(1), b"L")
        try:
            connect()
        except ConnectionRefusedError:
            return
        raise AssertionError("the address that was taken away is still open")


def main():
    names = sys.argv[3:] or [n[5:] for n in globals() if n.startswith("case_")]
    failed = 0
    for name in names:
        try:
            globals()["case_" + name]()
            print("ok", name, flush=True)
        except Exception:  # whatever it is, the others run all the same
            failed += 1
            print("FAILED", name, flush=True)
            traceback.print_exc(limit=-3, file=sys.stdout)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
