"""A whole POP3 session: pop3.py ADDRESS SITE. The client's peer is the address that it dialled, and QUIT ends with a FIN."""
import poplib
import sys

address, site = sys.argv[1:]
c = poplib.POP3(address, timeout=20)
assert c.sock.getpeername() == (address, 110), c.sock.getpeername()
c.user("test")
c.pass_("password")
assert c.stat()[0] == 1, c.stat()
mail = b"\n".join(c.retr(1)[1]).decode()
assert "Subject: mail of site " + site in mail, mail
sock, file = c.sock, c.file
c._shortcmd("QUIT")
assert file.read() == b"", "no FIN after QUIT"
sock.close()
