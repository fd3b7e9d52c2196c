"""kill.py server ADDRESS PORT NAME      greets with NAME, then echoes
kill.py clients ADDRESS PORT COUNT PID    COUNT connections, all at once, every tenth of which stays open; process PID gets SIGKILL when a third has been greeted (0: there is only B)

A client that was greeted by the dead server may be reset, but never left alone; one that was not greeted at all has met a failure.
"""
import os
import resource
import selectors
import signal
import socket
import sys
import time

mode, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def server(name):
    listener = socket.create_server(address, backlog=1024)
    listener.setblocking(False)
    events = selectors.DefaultSelector()
    events.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            s = key.fileobj
            try:
                if s is listener:
                    s, _ = listener.accept()
                    events.register(s, selectors.EVENT_READ)
                    time.sleep(0.001)  # somebody is always between accepted and greeted
                    s.send(name + b"\n")
                else:
                    data = s.recv(4096)
                    if not data:
                        raise OSError
                    s.send(data)
            except BlockingIOError:
                pass
            except OSError:
                if s is not listener:
                    events.unregister(s)
                    s.close()


class Client:
    """connecting -> greeted -> said a word -> heard it"""

    def __init__(self, events, holds):
        self.holds = holds  # says nothing until all is over
        self.began, self.name, self.got, self.ended = time.monotonic(), b"", b"", None
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        self.s.bind(("127.9.9.9", 0))
        self.s.setblocking(False)
        self.s.connect_ex(address)
        events.register(self.s, selectors.EVENT_READ, self)

    def end(self, events, how):
        events.unregister(self.s)
        self.s.close()
        self.ended, self.took = how, time.monotonic() - self.began

    def speak(self):
        self.s.send(b"word")

    def ready(self, events):
        try:
            data = self.s.recv(100)
            if not data:
                raise ConnectionResetError("end")
            self.got += data
            if not self.name and len(self.got) >= 2:
                self.name, self.got = self.got[:2], self.got[2:]
                if not self.holds:
                    self.speak()
            elif self.got == b"word":
                self.end(events, "served")
        except BlockingIOError:
            pass
        except OSError as e:
            self.end(events, "reset" if self.name else "failed: %r" % e)


def clients(count, pid):
    events = selectors.DefaultSelector()
    all_ = [Client(events, i % 10 == 0) for i in range(count)]
    killed, limit = None if pid else "nobody", time.monotonic() + 30 * SLOW
    while not all(c.ended for c in all_) and time.monotonic() < limit:
        for key, _ in events.select(0.1):
            key.data.ready(events)
        greeted = sum(1 for c in all_ if c.name)
        if killed is None and greeted >= count / 3:
            os.kill(pid, signal.SIGKILL)
            killed = greeted
        if killed is not None and all(c.ended or (c.holds and c.name == b"B\n") for c in all_):
            for c in all_:
                if not c.ended and c.holds:
                    c.holds = False
                    c.speak()
    ends = [c.ended or ("hangs after a greeting" if c.name else "hangs") for c in all_]
    slowest = max((c.took for c in all_ if c.ended), default=0)
    resets = {c.name for c in all_ if c.ended == "reset"}
    print("of", count, "at once, killed when", killed, "were greeted:", ", ".join("%d %s" % (ends.count(e), e) for e in sorted(set(ends))),
          "slowest %.3f s" % slowest)
    wrong = resets != {b"A\n"} or {c.name for c in all_} != {b"A\n", b"B\n"} if pid else resets or {c.name for c in all_} != {b"B\n"}
    if set(ends) - {"served", "reset"} or wrong or slowest > 10 * SLOW:
        sys.exit(1)


if mode == "server":
    server(sys.argv[4].encode())
else:
    clients(int(sys.argv[4]), int(sys.argv[5]))
