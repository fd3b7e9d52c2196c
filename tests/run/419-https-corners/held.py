"""held.py ADDRESS NAME: one request on a connection, and at SIGUSR1 another one on the same."""
import signal
import socket
import ssl
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
c = context.wrap_socket(socket.create_connection((sys.argv[1], 443), timeout=20), server_hostname=sys.argv[2])


def ask():
    c.sendall(b"GET / HTTP/1.1\r\nHost: " + sys.argv[2].encode() + b"\r\n\r\n")
    got = c.recv(65536)
    print("answered " + got[9:12].decode())
    return got


ask()
signal.sigwait([signal.SIGUSR1])
print("ended well" if b"Connection: close" in ask() and c.recv(65536) == b"" else "went on")
