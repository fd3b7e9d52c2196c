"""An FTP session and a UDP flow, begun now and used again once the file `go` exists."""
import ftplib
import os
import socket
import time

ftp = ftplib.FTP("10.1.0.21", timeout=20)
ftp.trust_server_pasv_ipv4_address = True
ftp.login()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.1.0.10", 5000))
s.settimeout(20)
s.send(b"who")
assert s.recv(2000) == b"den"
print("begun", flush=True)
end = time.monotonic() + 120
while not os.path.exists("go") and time.monotonic() < end:
    time.sleep(0.02)
ftp.af = socket.AF_INET
ftp.retrlines("RETR files/file", print)
s.send(b"who")
print("udp", s.recv(2000).decode())
