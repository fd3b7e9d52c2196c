"""
clients.py NAME NAMESERVER... -- SITE=WWW,RAW...

Clients of www.NAME and raw.NAME, one request of each kind after the other until SIGTERM:

  fresh       asks one of the name servers (the next one after a timeout, as resolvers do), and
              goes where the answer says, with HTTP
  old-SITE    has SITE's address of www in its cache for ever, HTTP
  raw-SITE    the same with raw's, which is relayed, never redirected

A line each: when it began and ended (ms since 1970), its kind, "ok" and the site that served, or "failed" and why.
"""
import http.client
import os
import random
import signal
import socket
import sys
import threading
import time

import dnswire

NAME = sys.argv[1]
AT = sys.argv.index("--")
SERVERS, SITES = sys.argv[2:AT], dict(a.split("=") for a in sys.argv[AT + 1:])
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
done, lock = threading.Event(), threading.Lock()
signal.signal(signal.SIGTERM, lambda *_: done.set())


def resolve():
    for server in random.sample(SERVERS, len(SERVERS)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3 * SLOW)
            try:
                s.connect((server, 53))
                s.send(dnswire.query("www." + NAME, qid=random.randrange(65536)))
                reply = dnswire.Reply(s.recv(2048))
            except OSError:
                continue
            if reply.rcode == dnswire.NOERROR and reply.answer:
                return reply.answer[0][3]
    raise OSError("no name server answers")


def get(address, port, host):
    c = http.client.HTTPConnection(address, port, timeout=1 * SLOW)
    try:
        c.request("GET", "/page", headers={"Host": host, "Connection": "close"})
        r = c.getresponse()
        return r.status, r.getheader("Location"), r.read().decode()
    finally:
        c.close()


def fetch(kind):
    if kind.startswith("raw-"):
        status, _, body = get(SITES[kind[4:]].split(",")[1], 81, "raw." + NAME)
    else:
        address = resolve() if kind == "fresh" else SITES[kind[4:]].split(",")[0]
        status, location, body = get(address, 80, "www." + NAME)
        if status == 302:
            host = location.split("/")[2]
            status, _, body = get(SITES[host.split(".")[0]].split(",")[0], 80, host)
    if status != 200 or not body.startswith("page of site "):
        raise OSError("status %d" % status)
    return body.split()[3].rstrip(",0123456789")


def client(kind):
    while not done.is_set():
        began = time.time()
        try:
            said = "ok " + fetch(kind)
        except Exception as e:  # every kind of failure is a failed request
            said = "failed %r" % e
        with lock:
            print("%d %d %s %s" % (began * 1000, time.time() * 1000, kind, said), flush=True)
        done.wait(0.03 * SLOW)


kinds = ["fresh"] + [k + s for k in ("old-", "raw-") for s in SITES]
threads = [threading.Thread(target=client, args=(k,)) for k in kinds]
for t in threads:
    t.start()
while not done.wait(0.1):
    pass
for t in threads:
    t.join()
