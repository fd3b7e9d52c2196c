"""kill.py server ADDRESS PORT NAME      greets with NAME, then echoes
kill.py clients ADDRESS PORT COUNT PID    COUNT connections, 50 at a time; process PID gets SIGKILL when a third has been served

A client that was greeted by the dead server may be reset, but never left alone; one that was not greeted at all has met a failure.
"""
import os
import selectors
import signal
import socket
import sys
import threading
import time

mode, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))


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


greeted, failures, resets, slowest = [], [], [], [0.0]
lock = threading.Lock()


def one():
    began = time.monotonic()
    with socket.create_connection(address, 10 * SLOW) as s:
        try:
            name = s.recv(2)
        except ConnectionResetError:
            name = b""
        if not name:
            failures.append("not greeted")
            return
        greeted.append(name)
        try:
            s.sendall(b"word")
            if s.recv(4) != b"word":
                raise ConnectionResetError
        except (ConnectionResetError, BrokenPipeError):
            resets.append(name)
    with lock:
        slowest[0] = max(slowest[0], time.monotonic() - began)


def clients(count, pid):
    todo = iter(range(count))

    def run():
        while True:
            with lock:
                if next(todo, None) is None:
                    return
            try:
                one()
            except OSError as e:
                failures.append(repr(e))

    threads = [threading.Thread(target=run) for _ in range(50)]
    for t in threads:
        t.start()
    while len(greeted) < count / 3 and not failures:
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    at = len(greeted)
    for t in threads:
        t.join()
    print("greeted", len(greeted), "of", count, "killed at", at, "failures", failures[:3], "reset after a greeting", len(resets),
          "slowest %.3f s" % slowest[0])
    if failures or len(greeted) != count or set(resets) - {b"A\n"} or len(set(greeted)) != 2 or slowest[0] > 5 * SLOW:
        sys.exit(1)


if mode == "server":
    server(sys.argv[4].encode())
else:
    clients(int(sys.argv[4]), int(sys.argv[5]))
