"""Who is told: a webhook's server and a mail server, both on loopback."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Told(list):
    """What came, and whether the server is up to take it."""

    address, is_up = "", True


@contextmanager
def webhook():
    """Serve a webhook meanwhile; yield what it is told: (headers, body)."""
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if told.is_up:
                told.append((dict(self.headers), body))
            self.send_response(200 if told.is_up else 503)
            self.end_headers()

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.address = f"http://127.0.0.1:{server.server_port}/services/T0/secret-path"
        yield told
        server.shutdown()


@contextmanager
def mail():
    """Serve SMTP (RFC 5321) meanwhile; yield the messages that came."""
    told = Told()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    text = b"".join(iter(self.rfile.readline, b".\r\n"))
                    told.append(text.decode())
                self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 well\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.address = server.server_address
        yield told
        server.shutdown()


def bodies(told):
    """Return the news as (event, subject)."""
    return [(one["event"], one["subject"]) for one in (json.loads(body) for _, body in told)]
