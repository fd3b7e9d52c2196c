"""flows.py serve NAME PORT ADDRESS...   greets with NAME, then echoes
flows.py ask ADDRESS PORT FROM...     connects from each address and prints "FROM NAME", or "FROM -"
flows.py hold ADDRESS PORT FILE FROM...  a connection from each; prints them, then "held"; they say something all the time until FILE exists, but while FILE.quiet does
"""
import os
import selectors
import socket
import sys
import time

mode = sys.argv[1]


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(name, port, addresses):
    events = selectors.DefaultSelector()
    listeners = []
    for a in addresses:
        s = socket.create_server((a, port), family=family(a), backlog=1000)
        s.setblocking(False)
        listeners.append(s)
        events.register(s, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            s = key.fileobj
            try:
                if s in listeners:
                    s, _ = s.accept()
                    s.send(name + b"\n")
                    events.register(s, selectors.EVENT_READ)
                    continue
                data = s.recv(4096)
                if not data:
                    raise OSError
                s.send(data)
            except OSError:
                if s not in listeners:
                    if s in events.get_map():
                        events.unregister(s)
                    s.close()


def connect(address, port, source):
    s = socket.socket(family(address))
    s.settimeout(20)
    s.bind((source, 0))
    s.connect((address, port))
    f = s.makefile("rwb")
    return s, f, f.readline().decode().strip()


def ask(address, port, sources):
    for source in sources:
        try:
            s, f, name = connect(address, port, source)
            s.close()
        except OSError:
            name = ""
        print(source, name or "-", flush=True)


def hold(address, port, end, sources):
    held = [connect(address, port, source) for source in sources]
    for source, (_, _, name) in zip(sources, held):
        print(source, name)
    print("held", flush=True)
    quiet = False
    while not os.path.exists(end):
        if os.path.exists(end + ".quiet"):
            if not quiet:
                print("quiet", flush=True)
            quiet = True
            time.sleep(0.05)
            continue
        for _, f, name in held:
            f.write(b"word\n")
            f.flush()
            if f.readline() != b"word\n":
                sys.exit("a flow to %s has ended" % name)
        if quiet:
            print("on again", flush=True)
            quiet = False
        time.sleep(0.05)


if mode == "serve":
    serve(sys.argv[2].encode(), int(sys.argv[3]), sys.argv[4:])
elif mode == "ask":
    ask(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
else:
    hold(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:])
