"""mmdb.py FILE: writes a MaxMind DB from standard input, lines like
     81.0.0.0/24 country=US continent=NA location=37.3,-121.9 asn=64500
of which the longest prefix counts. For tests; tests/mmdb/mmdb.c is the quick one."""

import ipaddress
import struct
import sys

STRING, DOUBLE, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 3, 5, 6, 7, 9, 11


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def encode(value, kind=UINT32):
    if isinstance(value, dict):
        return control(MAP, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(map(encode, value))
    if isinstance(value, str):
        return control(STRING, len(value)) + value.encode()
    if isinstance(value, float):
        return control(DOUBLE, 8) + struct.pack(">d", value)
    data = value.to_bytes(8, "big").lstrip(b"\0")
    return control(kind, len(data)) + data


def record(words):
    said = dict(w.split("=", 1) for w in words)
    out = {}
    if "country" in said:
        out["country"] = {"iso_code": said["country"]}
    if "continent" in said:
        out["continent"] = {"code": said["continent"]}
    if "location" in said:
        latitude, longitude = map(float, said["location"].split(","))
        out["location"] = {"latitude": latitude, "longitude": longitude}
    if "asn" in said:
        out["autonomous_system_number"] = int(said["asn"])
    return encode(out)


def insert(nodes, bits, leaf):
    at = 0
    for i, bit in enumerate(bits):
        if i == len(bits) - 1:
            nodes[at][bit] = leaf
            return
        if not isinstance(nodes[at][bit], int):
            nodes.append([nodes[at][bit]] * 2)
            nodes[at][bit] = len(nodes) - 1
        at = nodes[at][bit]


def main():
    data, places, entries = b"", {}, []
    for line in sys.stdin:
        words = line.split("#")[0].split()
        if not words:
            continue
        net = ipaddress.ip_network(words[0])
        bits = format(int(net.network_address), "0%db" % net.max_prefixlen)[: net.prefixlen]
        if net.version == 4:
            bits = "0" * 96 + bits
        what = record(words[1:])
        if what not in places:
            places[what] = len(data)
            data += what
        entries.append((len(bits), [int(b) for b in bits], ("data", places[what])))
    nodes = [[None, None]]
    for _, bits, leaf in sorted(entries, key=lambda e: e[0]):
        insert(nodes, bits, leaf)
    tree = b""
    for node in nodes:
        for side in node:
            value = side if isinstance(side, int) else len(nodes) + (16 + side[1] if side else 0)
            tree += value.to_bytes(3, "big")
    metadata = control(MAP, 9)
    for key, value, kind in (("node_count", len(nodes), UINT32), ("record_size", 24, UINT16), ("ip_version", 6, UINT16),
                             ("database_type", "Test", 0), ("languages", ["en"], 0), ("binary_format_major_version", 2, UINT16),
                             ("binary_format_minor_version", 0, UINT16), ("build_epoch", 1700000000, UINT64), ("description", {"en": "for tests"}, 0)):
        metadata += encode(key) + encode(value, kind)
    with open(sys.argv[1], "wb") as f:
        f.write(tree + b"\0" * 16 + data + b"\xab\xcd\xefMaxMind.com" + metadata)


main()
