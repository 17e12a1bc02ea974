"""A sender of one's own, as the page shows it."""

from __future__ import annotations

import ast

from tests.docs.markdown import DOCS, read_blocks
from tests.docs.project import Project


def test_own_sender_takes_ten_lines() -> None:
    blocks = read_blocks(DOCS / "howto/sender.md")
    (block,) = [found for found in blocks if "own sender" in found.marks]
    (class_,) = [found for found in ast.parse(block.text).body if isinstance(found, ast.ClassDef)]
    lines = str(ast.get_source_segment(block.text, class_)).splitlines()
    assert len([line for line in lines if line.strip()]) <= 10


SEND = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from django_phone_invites.senders import Message, TemporarySendError, UnclearSendError
from mysite.sms import AcmeSender

os.environ["no_proxy"] = "*"
seen = []

class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen.append((self.headers["Authorization"], self.headers["Content-Type"], json.loads(body)))
        self.send_response(200 if self.path == "/good" else 500)
        self.end_headers()
        self.wfile.write(b'{"id": "m-1"}')

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
message = Message("+79096869722", "012345", "login", "en", 300, "012345 is your code.")
receipt = AcmeSender(url=url + "/good", key="k").send(message)
assert receipt.message_id == "m-1"
expected = {"to": "+79096869722", "text": "012345 is your code."}
assert seen == [("k", "application/json", expected)], seen
try:
    AcmeSender(url=url + "/bad", key="k").send(message)
except UnclearSendError as error:
    assert error.code == "HTTP 500"
else:
    raise AssertionError("not refused")
server.shutdown()
server.server_close()
try:
    AcmeSender(url=url + "/good", key="k").send(message)
except TemporarySendError as error:
    assert error.code == "ConnectError", error.code
else:
    raise AssertionError("not refused")
"""


def test_own_sender_sends(site: Project) -> None:
    blocks = read_blocks(DOCS / "howto/sender.md")
    site.follow(block for block in blocks if "write: mysite/sms.py" in block.marks)
    site.script(SEND)
