"""hellos.py ADDRESS PORT CORPUS: TLS hellos in pieces, too long, half, and none."""
import socket
import struct
import sys
import time

TO = (sys.argv[1], int(sys.argv[2]))
failed = False


def corpus(name):
    with open(sys.argv[3] + "/" + name, "rb") as f:
        return f.read()


def talk(*pieces, fin=False):
    """The first bytes that come back; "RST" or "FIN" when it ends without any."""
    c = socket.create_connection(TO, timeout=20)
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for piece in pieces:
            c.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.0005)  # packets of their own; no event to wait for
        if fin:
            c.shutdown(socket.SHUT_WR)
        return c.recv(65536) or b"FIN"
    except ConnectionError:
        return b"RST"


def expect(what, got, wanted):
    global failed
    if not got.startswith(wanted):
        print(f"{what}: no {wanted!r} but {got[:60]!r}")
        failed = True


def records(message, size):
    return b"".join(b"\x16\x03\x01" + struct.pack("!H", len(p)) + p for p in (message[i:i + size] for i in range(0, len(message), size)))


def padded(hello, size):
    """The hello with one more extension, of `size` bytes, of a type that nobody knows (RFC 8701)."""
    m = hello[5:]
    at = 4 + 2 + 32
    at += 1 + m[at]
    at += 2 + struct.unpack("!H", m[at:at + 2])[0]
    at += 1 + m[at]
    extensions = m[at + 2:] + struct.pack("!HH", 0x0A0A, size) + bytes(size)
    body = m[4:at] + struct.pack("!H", len(extensions)) + extensions
    return b"\x01" + struct.pack("!I", len(body))[1:] + body


SERVER_HELLO, ALERT = b"\x16\x03\x03", b"\x15\x03\x03\x00\x02\x02\x70"
hello = corpus("tls13")
expect("whole", talk(hello), SERVER_HELLO)
expect("byte by byte", talk(*[bytes([b]) for b in hello]), SERVER_HELLO)
expect("records of 100 bytes", talk(corpus("fragments-100")), SERVER_HELLO)
expect("records of 1 byte", talk(corpus("fragments-1")), SERVER_HELLO)
big = padded(hello, 14000)
expect("14 KiB", talk(records(big, 16000)), SERVER_HELLO)
expect("14 KiB, records of 999", talk(records(big, 999)), SERVER_HELLO)
pieces = records(big, 999)
expect("14 KiB in many packets", talk(*[pieces[i:i + 500] for i in range(0, len(pieces), 500)]), SERVER_HELLO)
expect("17 KiB", talk(records(padded(hello, 17000), 16000)), b"RST")
expect("endless", talk(records(b"\x01\x00\x3f\x00" + bytes(16000), 1)), b"RST")
expect("other name", talk(corpus("h2-only")), ALERT)
expect("no name", talk(corpus("no-name")), ALERT)
expect("HTTP", talk(corpus("http")), b"RST")
expect("SSL 2", talk(corpus("sslv2")), b"RST")
expect("no hello", talk(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"), b"RST")
expect("half and FIN", talk(hello[:100], fin=True), b"RST")
expect("nothing and FIN", talk(fin=True), b"FIN")
began = time.monotonic()
expect("half", talk(hello[:100]), b"RST")
if time.monotonic() - began < 0.9:
    print("half a hello: client_timeout was not waited for")
    failed = True
sys.exit(failed)
