"""An API that handles no credentials: python3 api.py [PORT]. The gateway passes the identity of the caller in headers."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {
    ("GET", "/forecasts"): {"oslo": "snow", "lisbon": "sun"},
    ("POST", "/stations"): {"station": "set up"},
}


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = ANSWERS.get((self.command, self.path))
        identity = {name: value for name, value in self.headers.items() if name.lower().startswith("x-auth-")}
        leaked = [name for name in ("Authorization", "X-API-Key") if name in self.headers]
        body = json.dumps({"data": found, "identity": identity, "leaked": leaked}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    ThreadingHTTPServer(("127.0.0.1", port), Api).serve_forever()
