"""Signed UPDATE messages (RFC 2136, RFC 8945) by hand: right ones, and wrong ones that nsupdate would not send."""
import base64
import hashlib
import hmac
import re
import struct
import time

from dnswire import TXT, name_wire


def key_of(path):
    """(name, secret) of a file as tsig-keygen writes it."""
    text = open(path).read()
    return re.search(r'key "([^"]*)"', text)[1], base64.b64decode(re.search(r'secret "([^"]*)"', text)[1])


def txt(*strings):
    return b"".join(bytes([len(s)]) + s.encode() for s in strings)


def record(owner, zone, rdata, ttl=10):
    """TXT to be added; the owner, relative to the zone, ends with a pointer to it."""
    labels = b"".join(bytes([len(l)]) + l.encode() for l in owner.split("."))
    return labels + b"\xc0\x0c" + struct.pack("!HHIH", TXT, 1, ttl, len(rdata)) + rdata


def message(zone, records, qid=1, count=None):
    head = struct.pack("!6H", qid, 5 << 11, 1, 0, len(records) if count is None else count, 0)
    return head + name_wire(zone) + struct.pack("!2H", 6, 1) + b"".join(records)


def sign(msg, key, when=None, mac_bytes=32):
    """With the TSIG record behind it."""
    name, algorithm = name_wire(key[0]), name_wire("hmac-sha256")
    t = int(time.time() if when is None else when)
    times = struct.pack("!HIH", t >> 32, t & 0xFFFFFFFF, 300)
    variables = name + struct.pack("!HI", 255, 0) + algorithm + times + struct.pack("!HH", 0, 0)
    mac = hmac.new(key[1], msg + variables, hashlib.sha256).digest()[:mac_bytes]
    rdata = algorithm + times + struct.pack("!H", len(mac)) + mac + msg[:2] + struct.pack("!HH", 0, 0)
    msg = msg[:10] + struct.pack("!H", struct.unpack("!H", msg[10:12])[0] + 1) + msg[12:]
    return msg + name + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata


def strings(rdata):
    """{key: value} of a TXT record's strings."""
    out, at = {}, 0
    while at < len(rdata):
        n = rdata[at]
        key, _, value = rdata[at + 1:at + 1 + n].decode().partition("=")
        out[key] = value
        at += 1 + n
    return out
