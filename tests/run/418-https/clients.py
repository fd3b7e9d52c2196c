"""clients.py ADDRESS PORT CA NAME: TLS clients that stop, dawdle, talk nonsense, or send everything in pieces."""
import socket
import ssl
import sys
import time

TO, CA, NAME = (sys.argv[1], int(sys.argv[2])), sys.argv[3], sys.argv[4]
REQUEST = b"GET /x HTTP/1.1\r\nHost: other.example.com\r\n\r\n"
failed = False


def say(what):
    global failed
    failed = True
    print(what)


class Client:
    """TLS by hand: what is to be sent is the test's to send."""

    def __init__(self):
        context = ssl.create_default_context(cafile=CA)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=NAME)
        self.socket = socket.create_connection(TO, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pending(self):
        return self.outgoing.read()

    def send(self, data, piece):
        for i in range(0, len(data), piece):
            self.socket.sendall(data[i:i + piece])
            time.sleep(0.0003)  # packets of their own; no event to wait for

    def until_done(self, call, piece):
        while True:
            try:
                result = call()
                self.send(self.pending(), piece)
                return result
            except ssl.SSLWantReadError:
                self.send(self.pending(), piece)
                data = self.socket.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()


def ending(c, *pieces):
    try:
        for p in pieces:
            c.sendall(p)
        while c.recv(65536):
            pass
        return "FIN"
    except ConnectionError:
        return "RST"


# byte by byte, and four requests at once
c = Client()
c.until_done(c.tls.do_handshake, 1)
c.tls.write(REQUEST)
if b" 302 " not in c.until_done(lambda: c.tls.read(65536), 1):
    say("byte by byte: no redirect")
c.tls.write(REQUEST * 4)
got = b""
while got.count(b"\r\n\r\n") < 4:
    got += c.until_done(lambda: c.tls.read(65536), 1000)
if got.count(b" 302 ") != 4:
    say("four requests: " + repr(got))
# garbage in the middle of the connection
if ending(c.socket, b"GET / HTTP/1.1\r\n\r\n") not in ("FIN", "RST"):
    say("garbage inside")

# it goes away in every stage of the handshake
for n in (1, 50, 200):
    c = Client()
    try:
        c.tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = c.pending()
    c.socket.sendall(hello[:n])
    c.socket.close()
c = Client()
try:
    c.tls.do_handshake()
except ssl.SSLWantReadError:
    c.socket.sendall(c.pending())
c.socket.recv(1)
c.socket.close()

# it dawdles: client_timeout is 1 s, or some more
for what, rest in (("half a hello", None), ("after the hello", b"")):
    c = Client()
    try:
        c.tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = c.pending()
    began = time.monotonic()
    ending(c.socket, hello[:100] if rest is None else hello)
    if not 0.8 < time.monotonic() - began < 15:
        say(f"{what}: ended after {time.monotonic() - began} s")
c = Client()
c.until_done(c.tls.do_handshake, 65536)
c.tls.write(b"GET / HTTP/1.1\r\nHo")
if b" 408 " not in c.until_done(lambda: c.tls.read(65536), 65536):
    say("half a request: no 408")

# no TLS
for junk in (b"\0" * 100, b"\x16\x03\x01\0\x05junks", b"\x15\x03\x03\0\x02\x02\x28"):
    if ending(socket.create_connection(TO, timeout=20), junk) != "RST":
        say(f"{junk[:10]!r}: not reset")
sys.exit(failed)
