"""who.py ADDRESS...: servers on port 7000 that say who has come, and then echo, and by UDP on port 7002. who.py ask ADDRESS PORT [FROM],
who.py udp ADDRESS PORT, who.py many ADDRESS PORT: clients."""
import socket
import sys
import threading


def serve(s):
    try:
        s.sendall((s.getpeername()[0] + "\n").encode())
        while data := s.recv(65536):
            s.sendall(data)
    except OSError:
        pass
    s.close()


def listen(address):
    s = socket.create_server((address, 7000), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=200)
    while True:
        threading.Thread(target=serve, args=[s.accept()[0]], daemon=True).start()


def datagrams(address):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 7002))
    while True:
        peer = s.recvfrom(2000)[1]
        s.sendto(peer[0].encode(), peer)


def ask_datagram():
    address = sys.argv[2]
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((address, int(sys.argv[3])))
        s.send(b"who am I?")
        return s.recv(2000).decode()


def ask(size=0):
    s = socket.create_connection((sys.argv[2], int(sys.argv[3])), 20, (sys.argv[4], 0) if len(sys.argv) > 4 else None)
    f = s.makefile("rb")
    who = f.readline().decode().strip()
    said = b"x" * size
    if size:
        threading.Thread(target=s.sendall, args=[said], daemon=True).start()
    assert f.read(size) == said
    s.close()
    return who


if sys.argv[1] == "ask":
    print(ask())
elif sys.argv[1] == "udp":
    print(ask_datagram())
elif sys.argv[1] == "many":
    wrong = []

    def one():
        try:
            wrong.append(ask(1000000) != "10.9.0.2")
        except Exception as e:
            print(e)
            wrong.append(True)

    threads = [threading.Thread(target=one) for _ in range(50)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sys.exit(any(wrong) or len(wrong) != 50)
else:
    for a in sys.argv[1:]:
        threading.Thread(target=datagrams, args=[a]).start()
    for a in sys.argv[2:]:
        threading.Thread(target=listen, args=[a]).start()
    listen(sys.argv[1])
