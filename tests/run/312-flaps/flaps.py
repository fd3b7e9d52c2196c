"""flaps.py SERVER HOLD: twenty times down and up within six times HOLD seconds, said by an agent at the member's home; asks all the while."""
import os
import socket
import sys
import time

import update
from dnswire import Reply, query, tcp_frame, tcp_read, udp

server, hold, slow = sys.argv[1], float(sys.argv[2]), float(os.environ.get("FAIRLEAD_SLOW", "1"))
zone, name = "gslb.example.com", "flap.gslb.example.com"
gone, there = ["127.1.0.10"], ["127.2.0.10"]
key = update.key_of("den.key")
tcp = socket.create_connection((server, 53), 10 * slow)
answers = [there]
changed_at = []


def say(state):
    rdata = update.txt("observer=den/agent", "state=" + state)
    tcp.sendall(tcp_frame(update.sign(update.message(zone, [update.record("den._health.flap", zone, rdata, ttl=600)]), key)))
    assert Reply(tcp_read(tcp)).rcode == 0


def ask():
    """Takes down a change, and when it was."""
    got = Reply(udp(server, query(name), 5 * slow)).addresses()
    if got != answers[-1]:
        answers.append(got)
        changed_at.append(time.monotonic())


def ask_until(end):
    ask()
    while time.monotonic() < end:
        ask()
        time.sleep(0.002)


begin = time.monotonic()
for i in range(20):
    say("down")
    ask_until(begin + (2 * i + 1) * 6 * hold / 40)
    say("up")
    up = time.monotonic()
    ask_until(begin + (2 * i + 2) * 6 * hold / 40)
assert answers == [there, gone], answers
deadline = up + hold + 10 * slow
while answers[-1] != there and time.monotonic() < deadline:
    ask()
assert answers == [there, gone, there], answers
assert changed_at[1] - up > hold - 0.1, "back %.2f s after it came back, with a hold of %.0f" % (changed_at[1] - up, hold)
