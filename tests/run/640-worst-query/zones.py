"""zones.py FOLDER: the zones that make a name server work hardest, as worst.zone and deep.zone."""
import sys

LETTERS = "abcdefghijklmnop"


def worst():
    """Everything that one query can set in motion."""
    yield "$ORIGIN worst.\n$TTL 60\n@ SOA n h 1 2 3 4 5\n NS n\nn A 192.0.2.1"
    # aliases from wildcard to wildcard, every name as deep as names can be, in a zone in which such names exist
    yield "y.%sz A 192.0.2.1" % ("y." * 119)
    for a, b in zip(LETTERS, LETTERS[1:14]):
        yield "*.wild-%s CNAME %swild-%s" % (a, "x." * 110, b)
    # the same from name to name, all their parents being there, too
    for a, b in zip(LETTERS, LETTERS[1:14]):
        yield "%schain-%s CNAME %schain-%s" % ((a + ".") * 110, a, (b + ".") * 110, b)
    # DNAMEs one behind the other, to themselves, and below themselves
    for a, b in zip(LETTERS, LETTERS[1:]):
        yield "dname-%s DNAME %s" % (a, "dname-%s" % b)
    yield "self DNAME self\ngrow DNAME a.grow\n%s.far DNAME %s.further" % ("f" * 63, "g" * 63)
    # delegations with glue: in the delegated name, beside it, for many servers of long names that differ at their ends only
    for n in (2, 13, 26, 60):
        for i in range(n):
            server = "%s-%d.cut-%d" % ("n" * 50, i, n)
            yield "cut-%d NS %s\n%s A 192.0.2.1\n%s AAAA 2001:db8::1" % (n, server, server, server)
    yield "\n".join("sib-%d NS %s-%d.cut-60" % (i // 20, "n" * 50, i) for i in range(60))
    yield "%scut-2 A 192.0.2.1" % ("c." * 110)
    # names to compress and addresses to add
    for i in range(100):
        yield "mx MX %d mail%d\nmail%d A 192.0.2.1\nmail%d AAAA 2001:db8::1" % (i, i, i, i)
        yield "https HTTPS %d mail%d alpn=h2 port=%d" % (i + 1, i, i + 1)
        yield "ns-many NS ns%d.elsewhere.test." % i
    yield "\n".join("svcb-%s SVCB 0 svcb-%s" % (a, b) for a, b in zip(LETTERS, LETTERS[1:]))
    yield "\n".join("a A 10.0.%d.%d" % (i >> 8, i & 255) for i in range(70))
    yield "\n".join("aaaa AAAA 2001:db8::%x" % i for i in range(2000))
    yield "txt TXT %s" % " ".join('"%s"' % ("t" * 255) for _ in range(250))
    yield "\n".join("types TYPE%d \\# 1 ff" % (65000 + i) for i in range(300))


def services():
    """Services of 256 members, by each metric."""
    for number, policy in enumerate(("weighted", "rank weighted", "hash", "local weighted", "random", "roundrobin", "rank remote hash")):
        for i in range(256):
            yield "lb%d LB s 10.%d.1.1,10.%d.2.1,2001:db8::%x name=m%d weight=%d rank=%d check=none" % (number, i, i, i, i, i % 7 + 1, i % 5 + 1)
        yield "lb%d POLICY %s" % (number, policy)
    yield "*.app LB s 10.1.1.1 check=none"


def main(folder):
    with open(folder + "/worst.zone", "w") as f:
        for part in list(worst()) + list(services()):
            f.write(part + "\n")


main(sys.argv[1])
