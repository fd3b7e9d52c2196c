"""stream.py ADDRESS PORT FILE: connects again and again, says a word and hears it, until FILE is there; then says how many it did.

Fails at the first connection that fails. Four at a time, so that some are in every state.
"""
import os
import socket
import sys
import threading
import time

ADDRESS, PORT, FILE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
done, failures = [0] * 4, []


def one(word):
    with socket.create_connection((ADDRESS, PORT), 10 * SLOW) as s:
        f = s.makefile("rb")
        if not f.readline().startswith(b"+OK"):
            raise AssertionError("no greeting")
        s.sendall(word)
        if f.readline() != word:
            raise AssertionError("no echo")


def run(k):
    while not failures and not os.path.exists(FILE):
        try:
            one(b"word %d\n" % done[k])
            done[k] += 1
        except Exception as e:
            failures.append("%s: %r" % (time.strftime("%T"), e))


threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sum(done), "connections,", failures or "none failed")
sys.exit(bool(failures) or min(done) < 10)
