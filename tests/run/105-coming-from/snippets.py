"""Makes a folder snippet.N with fairlead.conf and a zone of each snippet of a page: snippets.py PAGE.

```conf blocks stand in a configuration beside what they don't define themselves; a ```zone block is read with the conf block before it in
its section; `POLICY ...` and `LB ...` in rows of tables stand in a zone with a service.
"""
import os
import re
import sys

HEAD = """site = "sjc"; user = ""; run = "run"; state = "state";
sites = (
	{ name = "sjc"; control = [ "127.1.0.53@53" ]; location = ( 37.3, -121.9 ); key = "k"; },
	{ name = "den"; control = [ "127.2.0.53@53" ]; location = ( 39.7, -105.0 ); key = "k"; },
	{ name = "fra"; control = [ "127.3.0.53@53" ]; location = ( 50.1, 8.7 ); key = "k"; }
);
keys = ( { name = "k"; secret_file = "../k.key"; } );
dns = { listen = [ "127.1.0.53@53" ]; zones = "zones"; };
geo = { networks = "networks.conf"; };
"""
CHECKS = 'checks = ( { name = "web"; type = "http"; }, { name = "pop"; type = "pop3"; } );\n'
ZONE = "$ORIGIN gslb.example.com.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 604800 30\n@ NS ns\nns A 127.1.0.53\n"
SERVICE = "{0}\tLB sjc 203.0.113.1 check=web\n\tLB den 198.51.100.1 check=web\n\tPOLICY {1}\n"
MEMBER = "{0}\t{1}\n"

count = 0


def write(place, conf, zone):
    global count
    folder = "snippet.%03d" % count
    count += 1
    os.makedirs(folder + "/zones")
    if "checks" not in conf:
        conf = CHECKS + conf
    for name, text in [("fairlead.conf", HEAD + conf), ("zones/gslb.example.com.zone", ZONE + zone), ("place", place),
                       ("networks.conf", "192.0.2.0/24 den,sjc\n2001:db8::/32 fra\n")]:
        with open(folder + "/" + name, "w") as f:
            f.write(text)


def fence(kind, text, place, conf):
    if kind == "conf":
        write(place, text, SERVICE.format("other", "weighted").replace("check=web", "check=none"))
        return text
    if kind == "zone":
        write(place, conf, text)
    return conf


def row(line, place):
    for code in re.findall(r"`((?:POLICY|LB) [^`]*)`", line):
        kind, rest = code.split(" ", 1)
        write(place + " " + code, "", SERVICE.format("svc", rest) if kind == "POLICY" else MEMBER.format("svc", code))


def main():
    conf, kind, block, begin = "", None, [], 0
    for number, line in enumerate(open(sys.argv[1]), 1):
        place = "%s:%d" % (os.path.basename(sys.argv[1]), number)
        if line.startswith("```"):
            if kind is None:
                kind, block, begin = line[3:].strip(), [], place
            else:
                if kind not in ("conf", "zone"):
                    sys.exit("%s: a snippet of an unknown kind: %s" % (begin, kind))
                conf = fence(kind, "".join(block), begin, conf)
                kind = None
        elif kind is not None:
            block.append(line)
        elif line.startswith("## "):
            conf = ""
        elif line.startswith("|") or line.startswith("- ") or line.startswith("  "):
            row(line, place)
    if kind is not None:
        sys.exit("a snippet has no end")


main()
