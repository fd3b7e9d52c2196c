"""follow.py ADDRESS,ADDRESS... NAME SERVER...: says when each server's answer becomes exactly these addresses, "SERVER SECONDS-SINCE-1970"."""
import select
import socket
import sys
import time
from dnswire import A, Reply, query

want, name, servers = set(sys.argv[1].split(",")), sys.argv[2], sys.argv[3:]
socks = {}
for server in servers:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((server, 53))
    socks[s] = server
print("watching", flush=True)
while socks:
    for s in socks:
        s.send(query(name, A))
    end = time.time() + 0.01
    while socks and (left := end - time.time()) > 0:
        for s in select.select(list(socks), [], [], left)[0]:
            try:
                reply = Reply(s.recv(65535))
            except OSError:
                continue
            if {r[3] for r in reply.answer if r[1] == A} == want:
                print(socks.pop(s), "%.3f" % time.time(), flush=True)
print("done", flush=True)
