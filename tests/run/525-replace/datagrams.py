"""datagrams.py ADDRESS PORT FILE: says a word and hears it, from a port of its own each time, until FILE is there; fails when one is lost."""
import os
import socket
import sys

ADDRESS, PORT, FILE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
SLOW = float(os.environ.get("FAIRLEAD_SLOW", "1"))
done = 0
while not os.path.exists(FILE):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10 * SLOW)
        s.connect((ADDRESS, PORT))
        word = b"word %d" % done
        s.send(word)
        if s.recv(100) != word:
            sys.exit("another word")
        done += 1
print(done, "datagrams, none lost")
sys.exit(done < 10)
