"""refused.py SERVER: what is replayed, forged, late, overtaken or too long changes nothing, and is counted by its reason."""
import socket
import sys

import update
from dnswire import TXT, Reply, query, tcp_frame, tcp_read, udp

server, zone = sys.argv[1], "gslb.example.com"
den, sjc = update.key_of("den.key"), update.key_of("sjc.key")
tcp = socket.create_connection((server, 53), 10)


def told(name):
    reply = Reply(udp(server, query(name + "." + zone, TXT, edns=4096), 5))
    return [update.strings(rdata) for _, rtype, _, rdata in reply.answer if rtype == TXT]


def counts():
    own = next(s for s in told("_sites") if s["site"] == "sjc")
    return {k: int(v) for k, v in own.items() if v.isdigit() and k != "config"}


def seen():
    """What is known of den's word of its own member, but for its age."""
    for s in told("den._health.www"):
        if s["observer"] == "den":
            return {k: v for k, v in s.items() if k != "age"}
    return None


def by_udp(msg):
    return Reply(udp(server, msg, 10)).rcode


def by_tcp(msg):
    tcp.sendall(tcp_frame(msg))
    return Reply(tcp_read(tcp)).rcode


def word(seq, state="up", rtt="1.000", observer="den/dnsd.one", check="L7 status 200"):
    return update.record("den._health.www", zone, update.txt("observer=" + observer, "state=" + state, "check=" + check, "rtt=" + rtt, "seq=%d" % seq))


def signed(*records, key=den, **how):
    return update.sign(update.message(zone, records), key, **how)


def expect(what, send, msg, rcode, reason, change=1):
    before, was = counts(), seen()
    got = send(msg)
    after, now = counts(), seen()
    assert got == rcode, "%s: rcode %d, not %d" % (what, got, rcode)
    assert now == was, "%s: changed %s to %s" % (what, was, now)
    assert after.get(reason, 0) == before.get(reason, 0) + change, "%s: %s was %s, is %s" % (what, reason, before, after)
    assert after["refused"] == before.get("refused", 0) + change, "%s: %s, then %s" % (what, before, after)


def take(msg, wanted, send=by_tcp):
    before = counts()
    assert send(msg) == 0
    assert seen() == wanted, "%s, not %s" % (seen(), wanted)
    assert counts() == before, "%s, then %s" % (before, counts())


def state(rtt="1.0", state="up", check="L7 status 200"):
    return {"observer": "den", "state": state, "rtt": rtt, "check": check}


# twice in each way: read as a whole the first time, recognized by its bytes from then on
for seq, send in ((1000, by_udp), (2000, by_tcp)):
    first, second = signed(word(seq)), signed(word(seq + 10, rtt="2.000"))
    take(first, state(), send)
    take(second, state("2.0"), send)
    expect("replayed", send, second, 0, "not-newer")
    expect("overtaken", send, first, 0, "not-newer")
    expect("late, in other words", send, signed(word(seq + 5, "down", check="L4 refused")), 0, "not-newer")
    take(signed(word(seq + 20, "down", check="L4 refused")), state(state="down", check="L4 refused"), send)
    take(signed(word(seq + 30, "down", "3.000", check="L4 refused")), state("3.0", "down", "L4 refused"), send)
    expect("replayed, as it was before the change", send, second, 0, "not-newer")
    # some are newer, some are not: what is newer counts
    mixed = signed(word(seq + 29, "up"), word(seq + 40, "down", "4.000", check="L4 refused"), word(seq + 39))
    before = counts()
    assert send(mixed) == 0 and seen() == state("4.0", "down", "L4 refused")
    assert counts()["not-newer"] == before["not-newer"] + 2

good = signed(word(9000))
for send in (by_udp, by_tcp):
    expect("one letter of it", send, good.replace(b"L7 status", b"L7 STatus"), 9, "badsig")
    expect("another secret", send, signed(word(9000), key=(den[0], b"x" * 32)), 9, "badsig")
    expect("an unknown key", send, signed(word(9000), key=("nobody", den[1])), 9, "badkey")
    expect("another site's name", send, signed(word(9000), key=sjc), 5, "not-permitted")
    expect("another site's name among good ones", send, signed(word(9000), word(9001, observer="sjc/dnsd.two")), 5, "not-permitted")
    expect("an old signature", send, signed(word(9000), when=1), 9, "badtime")
    expect("half a signature", send, signed(word(9000), mac_bytes=16), 9, "badtrunc")
    expect("no signature", send, update.message(zone, [word(9000)]), 5, "unsigned")
    expect("another zone", send, update.sign(update.message("example.org", []), den), 9, "not-our-zone")
    expect("fewer records than it says", send, update.sign(update.message(zone, [word(9000)], count=0), den), 5, "unsigned")
    expect("more records than there are", send, update.sign(update.message(zone, [word(9000)], count=2), den), 5, "unsigned")
    expect("our own name", send, update.sign(update.message(zone, [word(9000, observer="sjc/dnsd." + socket.gethostname())]), sjc), 0, "own-name")

# longer than a datagram may be: by TCP it is taken
long = signed(*[word(9100 + i) for i in range(20)])
assert len(long) > 1472
expect("too long for a datagram", by_udp, long, 5, "too-long")
take(long, state())
# a word that is too long, a number that is none, strings that end outside
expect("a text that is too long", by_tcp, signed(word(9500, observer="den/" + "x" * 200)), 5, "not-permitted")
expect("a seq that is none", by_tcp, update.sign(update.message(zone, [word(9500)]).replace(b"seq=9500", b"seq=95x0"), den), 5, "not-permitted")
expect("strings that end outside", by_tcp, update.sign(update.message(zone, [word(9500)]).replace(b"\x08seq=9500", b"\x09seq=9500"), den), 1, "malformed")
# as many as a message holds: all in order, and the same ones again
many = signed(*[word(10000 + i) for i in range(600)])
take(many, state())
expect("600 replayed", by_tcp, many, 0, "not-newer", 600)
take(signed(word(20000, rtt="7.000")), state("7.0"))
