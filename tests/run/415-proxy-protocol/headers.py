"""headers.py ADDRESS PORT [marked]: PROXY headers to a forwarder, from 127.7.0.3 (listed) and 127.8.0.3 (not)."""
import socket
import struct
import sys
import time

TO = (sys.argv[1], int(sys.argv[2]))
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REQUEST = b"GET /x HTTP/1.1\r\nHost: den.www.gslb.example.com\r\nConnection: close\r\n\r\n"
failed = False


def v2(source="192.0.2.7", tlvs=b"", command=0x21):
    block = socket.inet_aton(source) + socket.inet_aton("192.0.2.8") + struct.pack("!HH", 7777, 8888) + tlvs
    return SIGNATURE + bytes([command, 0x11]) + struct.pack("!H", len(block)) + block


def tlv(kind, value):
    return bytes([kind]) + struct.pack("!H", len(value)) + value


def talk(*pieces, source="127.7.0.3", fin=False):
    """What comes back; "RST" when that is what ends it."""
    c = socket.create_connection(TO, timeout=20, source_address=(source, 0))
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    got = b""
    try:
        for piece in pieces:
            c.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.001)  # packets of their own; no event to wait for
        if fin:
            c.shutdown(socket.SHUT_WR)
        while more := c.recv(65536):
            got += more
    except ConnectionError:
        return b"RST"
    return got


def expect(what, got, *wanted):
    global failed
    if not all(w in got for w in wanted):
        print(f"{what}: no {wanted} in {got[:300]!r}")
        failed = True


if len(sys.argv) > 3:
    expect("marked", talk(v2(tlvs=tlv(0xE4, b"fairlead sjc")) + REQUEST), b"RST")
    expect("marked, of nobody", talk(v2(tlvs=tlv(0xE4, b"fairlead sjc"), command=0x20) + REQUEST), b"RST")
    for site in ("127.1.0.53", "127.1.0.9", "127.2.0.53", "127.2.0.9"):
        expect("a site's address " + site, talk(v2(site) + REQUEST), b"RST")
    expect("not marked", talk(v2() + REQUEST), b"200 OK", b"site sjc, for 192.0.2.7 to 192.0.2.8:8888")
    expect("somebody else's mark", talk(v2(tlvs=tlv(0xE4, b"other") + tlv(0xE5, b"fairlead sjc")) + REQUEST), b"200 OK", b"site sjc")
    sys.exit(failed)

expect("garbage", talk(b"\x16\x03\x01\x00\x01"), b"RST")
expect("no header", talk(REQUEST), b"RST")
expect("not listed, no header", talk(REQUEST, source="127.8.0.3"), b"200 OK", b"for 127.8.0.3 to 127.2.0.10:80")
expect("not listed, header", talk(v2() + REQUEST, source="127.8.0.3"), b"400 Bad Request")
told = b"for 192.0.2.7 to 192.0.2.8:8888"
for name, header in (("v2", v2()), ("v1", b"PROXY TCP4 192.0.2.7 192.0.2.8 7777 8888\r\n")):
    expect(name, talk(header + REQUEST), b"200 OK", told)
    expect(name + ", request later", talk(header, REQUEST), b"200 OK", told)
    expect(name + " byte by byte", talk(*[bytes([b]) for b in header + REQUEST]), b"200 OK", told)
    expect(name + ", FIN behind it", talk(header + REQUEST, fin=True), b"200 OK", told)
    for n in (0, 1, 5, 12, 15, len(header) - 1):
        expect(f"{name}: {n} bytes and FIN", talk(header[:n], fin=True), b"RST")
expect("marked, a server is up", talk(v2(tlvs=tlv(0xE4, b"fairlead sjc")) + REQUEST), b"200 OK", told)
expect("LOCAL", talk(v2(command=0x20) + REQUEST), b"200 OK", b"for 127.7.0.3 to 127.2.0.10:80")
expect("UNKNOWN", talk(b"PROXY UNKNOWN\r\n" + REQUEST), b"200 OK", b"for 127.7.0.3 to 127.2.0.10:80")
expect("4096 bytes", talk(v2(tlvs=tlv(4, b"x" * (4096 - 28 - 3))) + REQUEST), b"200 OK", told)
expect("4097 bytes", talk(v2(tlvs=tlv(4, b"x" * (4097 - 28 - 3))) + REQUEST), b"RST")
expect("endless line", talk(b"PROXY TCP4 " + b"1" * 2000), b"RST")
expect("two headers", talk(v2() + v2() + REQUEST), b"400 Bad Request")
began = time.monotonic()
expect("half a header", talk(v2()[:20]), b"RST")
if time.monotonic() - began < 0.9:
    print("half a header: client_timeout was not waited for")
    failed = True
expect("nothing", talk(), b"RST")
sys.exit(failed)
