#!/usr/bin/env python3
"""Writes what is big or regular, the same at each run: bulk.inc (for example.com) and random.example.zone, into FOLDER."""
import random
import sys

# Answers just below and above 512, 1232 and 4096 bytes, and far beyond.
ADDRESSES = (28, 29, 30, 31, 32, 60, 70, 71, 72, 73, 74, 75, 76, 77, 78, 120, 250, 255, 256, 1000, 3000)
NAME_MAX, LABEL_MAX = 255, 63


def address(i):
    return "10.%d.%d.%d" % (i >> 16 & 255, i >> 8 & 255, i & 255)


def big_sets():
    for n in ADDRESSES:
        for i in range(n):
            yield "big-a-%d\tA\t%s" % (n, address(i))
    for n in (16, 17, 41, 42, 43, 200):
        for i in range(n):
            yield "big-aaaa-%d\tAAAA\t2001:db8::%x" % (n, i)
    for n in (1, 4, 5, 16, 200, 250):
        strings = " ".join('"%s"' % (chr(97 + i % 26) * 255) for i in range(n))
        yield "big-txt-%d\tTXT\t%s" % (n, strings)
    for i in range(60):
        yield "big-txts\tTXT\t\"number %d\" \"%s\"" % (i, "x" * i)
    for i in range(40):
        yield "big-mx\tMX\t%d mail%d.big-mx" % (i, i)
        yield "mail%d.big-mx\tA\t%s" % (i, address(i))
        yield "big-srv\tSRV\t%d 0 1 mail%d.big-mx" % (i, i)
    yield "to-big\tCNAME\tbig-a-120"
    yield "*.wild-big\tCNAME\tbig-a-76"
    yield "dn-big\tDNAME\tbig-mx"


def delegations():
    """With more glue than a message of 512, 1232 or 4096 bytes holds, and with none that is ours."""
    for n in (4, 8, 13, 26, 60):
        for i in range(n):
            server = "a-rather-long-name-of-a-name-server-%d.cut-%d" % (i, n)
            yield "cut-%d\tNS\t%s" % (n, server)
            yield "%s\tA\t%s" % (server, address(i))
            yield "%s\tAAAA\t2001:db8::%x" % (server, i)
    for i in range(60):
        yield "cut-out\tNS\tns%d.elsewhere.test." % i


def long_names(origin_len):
    """Names of 255 bytes in labels of 63 and of 1, what is above them, and DNAMEs that make names longer."""
    room = NAME_MAX - origin_len
    labels = ["a" * LABEL_MAX, "b" * LABEL_MAX, "c" * LABEL_MAX]
    labels.insert(0, "d" * (room - sum(len(l) + 1 for l in labels) - 1))
    longest = ".".join(labels)
    deepest = ".".join(["x"] * (room // 2))
    yield "%s\tA\t192.0.2.200" % longest
    yield "to-longest\tCNAME\t%s" % longest
    yield "%s\tA\t192.0.2.201" % deepest
    yield "to-deepest\tCNAME\t%s" % deepest
    yield "mx-deepest\tMX\t1 %s" % deepest
    yield "*.%s\tA\t192.0.2.202" % ".".join(["y"] * (room // 2 - 2))
    yield "dn-long\tDNAME\t%s.%s" % ("e" * LABEL_MAX, "f" * LABEL_MAX)
    yield "*.%s.%s\tA\t192.0.2.203" % ("e" * LABEL_MAX, "f" * LABEL_MAX)
    yield "dn-longest\tDNAME\t%s" % longest.split(".", 1)[1]


LABELS = ("a", "b", "c", "A", "*", "a-1")


def random_owner(r):
    return ".".join(r.choice(LABELS) for _ in range(r.randint(1, 5)))


def random_target(r):
    roll = r.random()
    if roll < 0.8:
        return random_owner(r).replace("*", "b")
    return r.choice(("@", "www.elsewhere.test.", "www.example.net.", random_owner(r)))


def random_zone(count):
    """
    Everything mixed: cuts below wildcards, aliases to hidden names, DNAME beside
    and above cuts. What is against the RFCs isn't there: records below a DNAME,
    CNAME beside others, and NS and DNAME at wildcards, of which RFC 4592 says nothing good.
    """
    r = random.Random(4592)
    sets, dnames = {}, set()

    def above(owner):
        labels = owner.split(".")
        return {".".join(labels[i:]) for i in range(1, len(labels))}

    while len(sets) < count:
        owner, kind = random_owner(r).lower(), r.choice(("A", "A", "A", "TXT", "AAAA", "MX", "CNAME", "CNAME", "DNAME", "NS", "NS"))
        have = {k for o, k in sets if o == owner}
        if "CNAME" in have or (kind == "CNAME" and have) or (kind in ("NS", "DNAME") and owner[0] == "*"):
            continue
        if above(owner) & dnames or (kind == "DNAME" and any(owner in above(o) for o, _ in sets)):
            continue
        if {kind} | have >= {"NS", "DNAME"}:
            continue
        if kind == "DNAME":
            dnames.add(owner)
        n = len(sets)
        sets[owner, kind] = {
            "A": [address(n), address(n + 70000)], "AAAA": ["2001:db8::%x" % n], "TXT": ["\"set %d\"" % n],
            "MX": ["10 %s" % random_target(r)], "CNAME": [random_target(r)], "DNAME": [random_target(r)],
            "NS": ["ns.%s" % owner, random_target(r)],
        }[kind]
    yield "$ORIGIN random.example.\n$TTL 300\n@\tSOA\tns hostmaster 1 7200 900 1209600 60\n\tNS\tns\nns\tA\t192.0.2.210"
    for (owner, kind), data in sets.items():
        for d in data:
            yield "%s\t%s\t%s" % (owner, kind, d)


def main(folder):
    with open(folder + "/bulk.inc", "w") as f:
        for part in (big_sets(), delegations(), long_names(len("example.com") + 2)):
            f.write("\n".join(part) + "\n")
    with open(folder + "/random.example.zone", "w") as f:
        f.write("\n".join(random_zone(400)) + "\n")


main(sys.argv[1])
