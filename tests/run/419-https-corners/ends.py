"""ends.py ADDRESS CA NAME: connections that end with and without close_notify, in every place, and records that are none."""
import socket
import ssl
import sys

TO, CA, NAME = (sys.argv[1], 443), sys.argv[2], sys.argv[3]
REQUEST = b"GET /x HTTP/1.1\r\nHost: " + NAME.encode() + b"\r\n\r\n"
LAST = REQUEST[:-2] + b"Connection: close\r\n\r\n"
failed = False


class Client:
    def __init__(self, version):
        context = ssl.create_default_context(cafile=CA)
        context.minimum_version = context.maximum_version = version
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=NAME)
        self.socket = socket.create_connection(TO, timeout=20)
        self.ending = None
        self.run(self.tls.do_handshake)

    def run(self, call):
        while True:
            try:
                result = call()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                try:
                    data = self.socket.recv(65536)
                except ConnectionError:
                    data, self.ending = b"", "RST"
                self.incoming.write(data) if data else self.incoming.write_eof()

    def flush(self):
        try:
            self.socket.sendall(self.outgoing.read())
        except ConnectionError:  # it has ended the connection, or we have said FIN; what came is still there to be read
            pass

    def all(self):
        """What comes, and how it ends: "close_notify", "FIN" or "RST"."""
        got = b""
        try:
            while more := self.run(lambda: self.tls.read(65536)):
                got += more
        except ssl.SSLZeroReturnError:
            pass
        except (ssl.SSLEOFError, ssl.SSLSyscallError):
            return got, self.ending or "FIN"
        except ssl.SSLError as e:
            return got, e.reason
        return got, "close_notify"

    def notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()


def expect(what, got, count, *endings):
    global failed
    if got[0].count(b"HTTP/1.1 302 ") != count or got[1] not in endings:
        print(f"{what}: {got[0].count(b'HTTP/1.1 302 ')} redirects, then {got[1]}; wanted {count} and {endings}; {got[0][:100]!r}")
        failed = True


for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    c = Client(version)
    c.tls.write(LAST)
    expect("the last request", c.all(), 1, "close_notify")
    c = Client(version)
    c.tls.write(REQUEST + LAST + REQUEST)
    expect("nothing after the last", c.all(), 2, "close_notify")
    # it says that it has ended, and goes on listening
    c = Client(version)
    c.tls.write(REQUEST * 3)
    c.notify()
    c.socket.shutdown(socket.SHUT_WR)
    # what comes is read from the socket alone: this side's TLS has ended
    raw = b""
    while more := c.socket.recv(65536):
        raw += more
    if len(raw) < 3 * 100:
        print(f"three requests and close_notify: {len(raw)} bytes came")
        failed = True
    # FIN without it: what was asked is answered all the same
    c = Client(version)
    c.tls.write(REQUEST * 3)
    c.flush()
    c.socket.shutdown(socket.SHUT_WR)
    expect("three requests and FIN", c.all(), 3, "close_notify", "FIN")
    # half a request, and the end
    for fin in (False, True):
        c = Client(version)
        c.tls.write(REQUEST[:20])
        c.notify() if not fin else c.flush()
        c.socket.shutdown(socket.SHUT_WR)
        raw = 0
        try:
            while more := c.socket.recv(65536):
                raw += len(more)
        except ConnectionError:
            pass
        if raw > 600:  # a ticket and an alert may be
            print(f"half a request: {raw} bytes came")
            failed = True
    # a record that nobody has encrypted; one that is too long
    for junk in (b"\x17\x03\x03\0\x20" + b"x" * 32, b"\x17\x03\x03\xff\xff" + b"x" * 100, b"\x18\x03\x03\0\x03\x01\xff\xff"):
        c = Client(version)
        c.socket.sendall(junk)
        got = c.all()
        if got[0] or got[1] == "close_notify":
            print(f"junk {junk[:5]!r}: {got}")
            failed = True
sys.exit(failed)
