"""Requests by hand to den's virtual server while its web server is down."""
import os
import re
import socket
import time

from judge import check, finish

slow = float(os.environ.get("FAIRLEAD_SLOW", 1))


def connect():
    return socket.create_connection(("127.2.0.10", 80), 10)


def read_head(s):
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(1)
        if not more:
            break
        data += more
    return data.decode()


def read_reply(s):
    head = read_head(s)
    m = re.search(r"(?im)^content-length: *(\d+)", head)
    body = b""
    while m and len(body) < int(m[1]):
        body += s.recv(int(m[1]) - len(body))
    return head, body.decode()


def ask(request):
    with connect() as s:
        s.sendall(request if isinstance(request, bytes) else request.encode())
        return read_reply(s)


def status(head):
    return head.split(" ")[1] if head.startswith("HTTP/1.1 ") else head[:30]


def location(head):
    m = re.search(r"(?im)^location: *(.*?)\r$", head)
    return m and m[1]


HOST = "Host: www.gslb.example.com\r\n"
HERE = "http://sjc.www.gslb.example.com"

head, _ = ask("GET /x?y=1 HTTP/1.1\r\n" + HOST + "\r\n")
check("302", status(head) == "302", head)
check("Location", location(head) == HERE + "/x?y=1", head)
check("Date", re.search(r"(?m)^Date: (Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r$", head), head)
check("Cache-Control", re.search(r"(?im)^cache-control: no-store\r$", head), head)
head, _ = ask("GET / HTTP/1.0\r\n" + HOST + "\r\n")
check("HTTP/1.0 with Host", status(head) == "302", head)
for method in ("POST", "PUT", "DELETE"):
    head, _ = ask(method + " /x HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n")
    check(method + " keeps its method", status(head) == "307" and location(head) == HERE + "/x", head)
head, _ = ask("GET http://www.gslb.example.com/abs?q HTTP/1.1\r\n" + HOST + "\r\n")
check("absolute form", location(head) == HERE + "/abs?q", head)
head, _ = ask("GET /p HTTP/1.1\r\nHost: www.customer.example\r\n\r\n")
check("a name of the user's own goes to ours", location(head) == HERE + "/p", head)

# never twice: what a redirect leads to is relayed, wherever it arrives
for host in ("sjc.www.gslb.example.com", "den.www.gslb.example.com", "DEN.www.gslb.example.com.", "127.2.0.10", "127.2.0.10:80"):
    head, body = ask("GET /again HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
    check("relayed for Host " + host, status(head) == "200" and "page of site sjc" in body and "/again" in body, head, body)
head, body = ask("GET /old HTTP/1.0\r\n\r\n")
check("no Host in 1.0: relayed", status(head) == "200" and "page of site sjc" in body, head, body)
with connect() as s:
    s.sendall(b"GET /up HTTP/1.1\r\n" + HOST.encode() + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    head, body = read_reply(s)
    check("an upgrade is relayed", status(head) == "200" and "page of site sjc" in body, head)

# keep-alive and pipelining
with connect() as s:
    for i in range(3):
        s.sendall(("GET /k%d HTTP/1.1\r\n" % i + HOST + "\r\n").encode())
        check("keep-alive %d" % i, location(read_reply(s)[0]) == HERE + "/k%d" % i)
with connect() as s:
    s.sendall(("".join("GET /p%d HTTP/1.1\r\n" % i + HOST + "\r\n" for i in range(20))).encode())
    got = [location(read_reply(s)[0]) for _ in range(20)]
    check("pipelined", got == [HERE + "/p%d" % i for i in range(20)], got)
# a body that nobody reads does not become the next request
with connect() as s:
    s.sendall(("POST /a HTTP/1.1\r\n" + HOST + "Content-Length: 30\r\n\r\n" + "GET /smuggled HTTP/1.1\r\nHost:x" + "GET /b HTTP/1.1\r\n" + HOST + "\r\n").encode())
    check("the POST", location(read_reply(s)[0]) == HERE + "/a")
    rest = location(read_reply(s)[0])
    check("behind the body", rest in (HERE + "/b", None), rest)
# a byte at a time
with connect() as s:
    for byte in ("GET /slow HTTP/1.1\r\n" + HOST + "\r\n").encode():
        s.sendall(bytes([byte]))
    check("a byte at a time", location(read_reply(s)[0]) == HERE + "/slow")

# nothing can split the header or change the host
for target in ("//evil.example/x", "/\\evil.example", "/%0d%0aX-Evil:1", "/a@evil.example/", "/?u=http://evil.example/"):
    head, _ = ask("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n")
    if status(head) == "400":
        continue
    check("target " + target, (location(head) or "").startswith(HERE + "/") and "X-Evil:1\r" not in head.replace("%0d%0aX-Evil:1", ""), head)
bad = {
    "no version": b"GET /\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n",
    "bare CR": b"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL": b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no Host in 1.1": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "control in a value": b"GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n",
}
for what, request in bad.items():
    with connect() as s:
        s.sendall(request)
        head, _ = read_reply(s)
        check(what + ": 400", status(head) == "400", head)
        try:
            check(what + ": closed", s.recv(1) == b"")
        except ConnectionResetError:
            pass
head, _ = ask("GET /" + "a" * 9000 + " HTTP/1.1\r\n" + HOST + "\r\n")
check("a target over 8 KiB: 414", status(head) == "414", head[:200])
head, _ = ask("GET / HTTP/1.1\r\n" + HOST + "A: " + "a" * 17000 + "\r\n\r\n")
check("a head over 16 KiB: 431", status(head) == "431", head[:200])
finish()
