"""guard.py served|refused FROM TO PORT [EXPECTED]: connects from FROM; refused means refused or reset within half a second, without a byte."""
import os
import socket
import sys
import time

what, source, to, port = sys.argv[1:5]
start = time.monotonic()
data = b""
try:
    with socket.create_connection((to, int(port)), 5, (source, 0)) as s:
        data = s.recv(100)
        end = "FIN"
except (ConnectionRefusedError, ConnectionResetError) as e:
    end = type(e).__name__
took = time.monotonic() - start
if what == "served":
    if not data.startswith(sys.argv[5].encode()):
        sys.exit("not served: %r %s" % (data, end))
elif end == "FIN" or data or took > 0.5 * float(os.environ.get("FAIRLEAD_SLOW", 1)):
    sys.exit("%s after %.3f s, %r" % (end, took, data))
