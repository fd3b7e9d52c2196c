"""Servers that do one thing, often wrong.

peer.py MODE ADDRESS PORT

  echo      sends back what comes; on FIN sends "fin seen\\n" and closes
  source    tells each client's address in one line, then waits for its FIN
  silent    accepts, never says a word
  unheard   a full backlog: connects are never completed
  reset     accepts, then RST
  close     accepts, then FIN
  greet     "+OK ready\\r\\n", then echo
  greetreset  "+OK ready\\r\\n", and RST once a byte has come
  sink      reads slowly: 16 KiB a 20 ms
  source64  sends 64 MiB of known bytes, then FIN
  trickle   an HTTP response, a byte a 100 ms
  cut       an HTTP response that ends in the middle
"""
import socket
import struct
import sys
import threading
import time


def say(*words):
    """One write a line, so that threads do not mix theirs."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def rst(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


def echo(c, address):
    while data := c.recv(65536):
        c.sendall(data)
    c.sendall(b"fin seen\n")


def source(c, address):
    c.sendall(address[0].encode() + b"\n")
    while c.recv(4096):
        pass


def silent(c, address):
    while c.recv(4096):
        pass


def greet(c, address):
    c.sendall(b"+OK ready\r\n")
    echo(c, address)


def greetreset(c, address):
    c.sendall(b"+OK ready\r\n")
    c.recv(1)
    rst(c)


def sink(c, address):
    total = 0
    while data := c.recv(16384):
        total += len(data)
        say("read", total)
        time.sleep(0.02)


BLOCK = bytes(range(256)) * 256


def source64(c, address):
    for i in range(1024):
        c.sendall(BLOCK)
        say("sent", (i + 1) * len(BLOCK))


def trickle(c, address):
    c.recv(4096)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
        c.sendall(bytes([byte]))
        time.sleep(0.1)


def cut(c, address):
    c.recv(4096)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def handle(mode, c, address):
    try:
        globals()[mode](c, address)
    except OSError as e:
        say(mode, e)
    finally:
        c.close()


def main():
    mode, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen(0 if mode == "unheard" else 128)
    if mode == "unheard":  # two connections fill a backlog of none
        fill = [socket.socket() for _ in range(4)]
        for f in fill:
            f.setblocking(False)
            f.connect_ex((host, port))
        say("full")
        threading.Event().wait()
    while True:
        c, address = s.accept()
        say("accepted", address[0], address[1])
        if mode == "reset":
            rst(c)
        elif mode == "close":
            c.close()
        else:
            threading.Thread(target=handle, args=(mode, c, address), daemon=True).start()


main()
