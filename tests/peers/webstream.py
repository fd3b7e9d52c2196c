"""A steady stream of new HTTP connections until SIGTERM; each must get a page.

webstream.py PIDFILE ADDRESS...    the virtual servers, asked in turn

SIGUSR1: kills the processes in PIDFILE. A request that was inside them at that
moment can not be saved (it must not run twice), at most one a client; they are counted apart, by the time
at which it began. No other may fail. "killed MILLISECONDS" is printed, since 1970.

A redirect is followed once, to the virtual server of the site that its host
name begins with. Prints how many requests there were, by page and by failure.
"""
import collections
import http.client
import os
import signal
import sys
import threading
import time

SITES = {"sjc": "127.1.0.10", "den": "127.2.0.10"}
done = threading.Event()
kills = []  # when each began and ended


def ended(pid):
    """Gone, or a zombie: its sockets are closed."""
    try:
        return open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()[0] == "Z"
    except OSError:  # ESRCH, when it goes while it is read
        return True


def kill(*_):
    pids = [int(pid) for pid in open(sys.argv[1]).read().split()]
    moment = [time.monotonic(), float("inf")]
    kills.append(moment)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while not all(map(ended, pids)):
        pass
    moment[1] = time.monotonic()
    os.write(1, b"killed %d\n" % (time.time() * 1000))


signal.signal(signal.SIGTERM, lambda *_: done.set())
signal.signal(signal.SIGUSR1, kill)


def get(address, host, path):
    c = http.client.HTTPConnection(address, 80, timeout=10)
    try:
        c.request("GET", path, headers={"Host": host, "Connection": "close"})
        r = c.getresponse()
        return r.status, r.getheader("Location"), r.read().decode()
    finally:
        c.close()


def fetch(address, path):
    status, location, body = get(address, "www.gslb.example.com", path)
    if status == 302:
        host = location.split("/")[2]
        if not location.endswith(path):
            return "redirected to " + location
        status, location, body = get(SITES[host.split(".")[0]], host, path)
    if status != 200:
        return "status %d" % status
    if "asked for %s\n" % path not in body:
        return "another page: " + body
    return body.split(",")[0]


results, inside, lock = collections.Counter(), collections.Counter(), threading.Lock()


def worker(number):
    n = 0
    while not done.is_set():
        address = sys.argv[2 + (n + number) % (len(sys.argv) - 2)]
        n += 1
        began = time.monotonic()
        try:
            result = fetch(address, "/w%d/%d?q=%d" % (number, n, n))
        except Exception as e:  # every kind of failure is a failed request
            result = "%s: %r" % (address, e)
            if any(began < end and start < time.monotonic() for start, end in kills):
                with lock:
                    inside[result] += 1
                continue
        with lock:
            results[result] += 1
            if sum(results.values()) % 100 == 0:
                print("requests", sum(results.values()), dict(results), flush=True)
        time.sleep(0.002)


print("streaming", flush=True)
threads = [threading.Thread(target=worker, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
while not done.wait(0.1):  # the main thread is where signals are handled
    pass
for t in threads:
    t.join()
bad = {k: v for k, v in results.items() if not k.startswith("page of site")}
print("requests=%d failed=%d %s, inside what was killed: %s"
      % (sum(results.values()), sum(bad.values()), dict(results), dict(inside)), flush=True)
sys.exit(1 if bad or not results or sum(inside.values()) > 4 * len(kills) else 0)
