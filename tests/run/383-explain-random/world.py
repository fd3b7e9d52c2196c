"""A random world for _explain.

world.py make SEED                    sjc.conf, networks.conf, zones/gslb.example.com.zone, clients
world.py foretell SERVER SITE...      what _explain says if the sites were down: a line a question
world.py compare SERVER FORETOLD      answers against _explain now, and against what was foretold ("": nothing was)

All policies end with hash: the same client always gets the same.
"""
import ipaddress
import random
import socket
import struct
import sys

SITES = ["sjc", "den", "fra", "nrt", "gru"]
SERVICES, CLIENTS = 25, 40
ZONE = "gslb.example.com"


def make(seed):
    r = random.Random(seed)
    prefix = lambda: r.choice(["10.%d.0.0/16" % r.randrange(8), "10.%d.0.0/12" % (r.randrange(4) * 16), "2001:db8:%x::/48" % r.randrange(8)])

    def rule(last):
        s = "{ "
        if not last and r.random() < 0.7:
            s += "from = [ %s ]; " % ", ".join('"%s"' % p for p in sorted({prefix() for _ in range(3)}))
        if r.random() < 0.4:
            s += "sites = [ %s ]; " % ", ".join('"%s"' % x for x in r.sample(SITES, 2))
        return s + "metrics = [ %s ]; }" % ", ".join('"%s"' % m for m in r.sample(["rank", "local", "remote", "network"], r.randrange(3)) + ["hash"])

    policies = []
    for i in range(SERVICES):
        rules = [rule(False) for _ in range(r.randrange(3))] + [rule(True)]
        policies.append('{ name = "p%d"; answers = %d; fail = "%s"; rules = ( %s ); }' % (
            i, r.randrange(1, 4), r.choice(["open", "backup", "closed"]), ", ".join(rules)))
    with open("sjc.conf", "w") as f:
        f.write('site = "sjc"; user = ""; run = "run"; state = "state";\nsites = (\n')
        f.write(",\n".join('{ name = "%s"; control = [ "127.%d.0.53@53" ]; key = "k"; }' % (s, i + 1) for i, s in enumerate(SITES)))
        f.write(' );\nkeys = ( { name = "k"; secret_file = "k.key"; }, { name = "ops"; secret_file = "ops.key"; role = "admin"; } );\n'
                'dns = { listen = [ "127.1.0.53@53" ]; zones = "zones"; };\ngeo = { networks = "networks.conf"; };\n')
        f.write("policies = (\n%s );\n" % ",\n".join(policies))
    with open("networks.conf", "w") as f:
        for p in sorted({prefix() for _ in range(30)}):
            f.write("%s %s\n" % (p, ",".join(r.sample(SITES, r.randrange(1, 4)))))
    with open("zones/%s.zone" % ZONE, "w") as f:
        f.write("$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 604800 30\n@ NS ns\nns A 127.1.0.53\n" % ZONE)
        for i in range(SERVICES):
            f.write("*.s%d" % i if i % 4 == 3 else "s%d" % i)
            for m in range(r.randrange(1, 9)):
                families = r.choice([["192.0.2.%d" % (m + 1)], ["192.0.2.%d" % (m + 1), "2001:db8::%x" % (m + 1)], ["2001:db8::%x" % (m + 1)]])
                f.write(" LB %s %s name=m%d check=none rank=%d weight=%d%s\n" % (
                    r.choice(SITES), ",".join(families), m, r.randrange(1, 4), r.randrange(4), r.choice(["", "", "", " backup"])))
            f.write(" POLICY p%d\n" % i)
    with open("clients", "w") as f:
        for _ in range(CLIENTS):
            f.write((("10.%d.%d.0" % (r.randrange(70), r.randrange(256))) if r.random() < 0.7 else "2001:db8:%x:%x00::" % (r.randrange(10), r.randrange(16))) + "\n")


def query(client, name, kind):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
    a = ipaddress.ip_address(client)
    bits = 24 if a.version == 4 else 56
    subnet = struct.pack(">HBB", 1 if a.version == 4 else 2, bits, 0) + a.packed[:bits // 8]
    option = struct.pack(">HH", 8, len(subnet)) + subnet
    return struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 1) + labels + struct.pack(">HH", kind, 1) + b"\0" + struct.pack(">HHIH", 41, 1232, 0, len(option)) + option


def skip_name(p, at):
    while p[at] and p[at] < 0xc0:
        at += p[at] + 1
    return at + (2 if p[at] else 1)


def receive(stream, n):
    p = b""
    while len(p) < n:
        more = stream.recv(n - len(p))
        if not more:
            sys.exit("the name server has closed the connection")
        p += more
    return p


def ask(stream, client, name, kind):
    """By TCP: an explanation may be long. Returns rdata of each answer of the kind, and the subnet's scope."""
    q = query(client, name, kind)
    stream.sendall(struct.pack(">H", len(q)) + q)
    p = receive(stream, struct.unpack(">H", receive(stream, 2))[0])
    if p[3] & 15:
        sys.exit("%s for %s: rcode %d" % (name, client, p[3] & 15))
    answers, authority, additional = struct.unpack_from(">HHH", p, 6)
    at, found, scope = skip_name(p, 12) + 4, [], None
    for i in range(answers + authority + additional):
        at = skip_name(p, at)
        rtype, _, _, size = struct.unpack_from(">HHIH", p, at)
        rdata = p[at + 10:at + 10 + size]
        at += 10 + size
        if i < answers and rtype == kind:
            found.append(rdata)
        if rtype == 41:
            o = 0
            while o < len(rdata):
                code, length = struct.unpack_from(">HH", rdata, o)
                if code == 8:
                    scope = rdata[o + 7]
                o += 4 + length
    return found, scope


def strings(rdata):
    at, found = 0, {}
    while at < len(rdata):
        key, _, value = rdata[at + 1:at + 1 + rdata[at]].decode().partition("=")
        found[key] = value
        at += 1 + rdata[at]
    return found


def explained(stream, client, name):
    """What the last record says: members for A, for AAAA, scope."""
    records, _ = ask(stream, client, name, 16)
    last = strings(records[-1])
    v4, v6 = last["answer"], last.get("ipv6")
    if last.get("type") == "AAAA":
        return "none", v4, int(last["scope"])
    return v4, v6, int(last["scope"])


def answered(stream, client, name):
    a, scope = ask(stream, client, name, 1)
    aaaa, _ = ask(stream, client, name, 28)
    members = lambda records: ",".join("m%d" % (x[-1] - 1) for x in records) or "none"
    return members(a), members(aaaa), scope


def questions(down):
    clients = [l.strip() for l in open("clients")]
    for i in range(SERVICES):
        name = ("any.s%d." if i % 4 == 3 else "s%d.") % i + ZONE
        for c in clients:
            yield c, name, "".join("down-%s." % s for s in down) + "_explain." + name


def compare(stream, foretold):
    lines = open(foretold).read().splitlines() if foretold else None
    bad = count = 0
    for client, name, explain in questions([]):
        a, aaaa, scope = answered(stream, client, name)
        for who, (v4, v6, told) in [("explained", explained(stream, client, explain))] + (
                [("foretold", [x if x != "None" else None for x in lines[count].split()[2:4]] + [int(lines[count].split()[4])])] if lines else []):
            # without addresses of the family the scope of an answer is that of the other one
            wrong = v4 != a or v6 not in (None, aaaa) or (v6 is None and aaaa not in (a, "none")) or (a != "none" and told != scope)
            if wrong:
                print("%s for %s: answered %s %s /%s, %s %s %s /%s" % (name, client, a, aaaa, scope, who, v4, v6, told))
                bad += 1
        count += 1
    print("%d questions, %d wrong" % (count, bad))
    sys.exit(bad != 0 or count != SERVICES * CLIENTS)


def main():
    if sys.argv[1] == "make":
        make(int(sys.argv[2]))
        return
    stream = socket.create_connection((sys.argv[2], 53), timeout=30)
    if sys.argv[1] == "compare":
        compare(stream, sys.argv[3])
    for client, name, explain in questions(sys.argv[3:]):
        v4, v6, scope = explained(stream, client, explain)
        print(client, name, v4, v6, scope)


main()
