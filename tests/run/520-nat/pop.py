"""pop.py PID ADDRESS: in the network namespace of process PID, begins a POP3 session there, waits until the file `go` exists, and reads a mail in it."""
import os
import socket
import sys
import time

ns = os.open("/proc/%s/ns/net" % sys.argv[1], os.O_RDONLY)
os.setns(ns, os.CLONE_NEWNET) if hasattr(os, "setns") else __import__("ctypes").CDLL(None, use_errno=True).setns(ns, 0x40000000)
s = socket.create_connection((sys.argv[2], 110), 20)
f = s.makefile("rwb")


def say(line, many=False):
    f.write(line + b"\r\n")
    f.flush()
    first = f.readline()
    assert first.startswith(b"+OK"), (line, first)
    while many:
        got = f.readline()
        assert got, "end"
        print(got.decode().rstrip(), flush=True)
        many = got != b".\r\n"


assert f.readline().startswith(b"+OK")
say(b"USER test")
say(b"PASS password")
print("greeted", flush=True)
end = time.monotonic() + 120
while not os.path.exists("go") and time.monotonic() < end:
    say(b"NOOP")
    time.sleep(0.05)
say(b"RETR 1", True)
say(b"QUIT")
