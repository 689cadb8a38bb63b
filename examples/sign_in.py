#!/usr/bin/env python3
"""Signs in with the browser, refreshes the tokens, and signs out, with the standard library only.

    sign_in.py login | whoami | logout
    ISSUER=https://auth.example.com CLIENT_ID=weather-cli sign_in.py login
"""
import base64
import fcntl
import hashlib
import hmac
import http.server
import json
import os
import platform
import queue
import secrets
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import webbrowser
from pathlib import Path

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8642")
CLIENT_ID = os.environ.get("CLIENT_ID", "keystile-cli")
HOME = Path(os.environ.get("SIGN_IN_HOME", Path.home() / ".sign-in-example"))
FILE = HOME / "credentials.json"


def call(url, form=None, token=None):
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        body = json.loads(error.read() or b"{}")
        sys.exit(f"{error.code}: {body.get('error_description') or body.get('error')}")


def discover():
    found = call(f"{ISSUER}/.well-known/oauth-authorization-server")
    if found["issuer"] != ISSUER:
        sys.exit(f"The metadata of {ISSUER} names another issuer: {found['issuer']}")
    return {name: own(value) if name.endswith("_endpoint") else value for name, value in found.items()}


def own(address):
    """An address of the server: of the origin of the issuer, so also with its scheme."""
    if urllib.parse.urlsplit(address)[:2] != urllib.parse.urlsplit(ISSUER)[:2]:
        sys.exit(f"The server named an address that is not its own: {address!r}")
    return address


def login():
    server = discover()
    answers = queue.Queue()

    class Callback(http.server.BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self):
            path, _, query = self.path.partition("?")
            # Any web page can send requests to this port, under other names too. Only the browser itself navigates.
            is_for_us = self.headers.get_all("Host") == [f"127.0.0.1:{listener.server_port}"]
            navigates = self.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
            is_callback = path == "/callback" and is_for_us and navigates
            try:
                self.send_response(200 if is_callback else 404)
                self.end_headers()
                self.wfile.write(b"You can return to your terminal." if is_callback else b"")
            finally:
                # Also if the browser has hung up.
                if is_callback:
                    answers.put(dict(urllib.parse.parse_qsl(query)))

        def log_message(self, *_):
            pass

    # A thread for each connection: one that sends nothing keeps no other waiting.
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    redirect_uri = f"http://127.0.0.1:{listener.server_port}/callback"
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    pushed = call(server["pushed_authorization_request_endpoint"], {
        "client_id": CLIENT_ID, "redirect_uri": redirect_uri, "response_type": "code",
        "scope": "openid email offline_access", "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256",
        "device_name": platform.node(), "device_os": platform.system(), "tool_version": "sign_in.py",
    })
    link = own(pushed["login_url"])
    print(f"Open {link} and check that the page shows {pushed['user_check']}", flush=True)
    webbrowser.open(link)

    try:
        answer = answers.get(timeout=300)
    except queue.Empty:
        sys.exit("No callback arrived within 5 minutes.")
    finally:
        listener.shutdown()
        listener.server_close()
    if not hmac.compare_digest(answer.get("state", ""), state) or answer.get("iss") != ISSUER:
        sys.exit("The callback does not belong to this sign-in.")
    if "error" in answer:
        sys.exit(answer.get("error_description") or answer["error"])

    store(call(server["token_endpoint"], {
        "grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect_uri,
        "client_id": CLIENT_ID, "code_verifier": verifier,
    }))
    print("Signed in.")


def store(tokens):
    HOME.mkdir(mode=0o700, exist_ok=True)
    kept = {"access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"],
            "ends_at": time.time() + tokens["expires_in"]}
    temporary = FILE.with_suffix(f".{os.getpid()}")
    with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(FILE)
    return kept


def load():
    try:
        return json.loads(FILE.read_text())
    except FileNotFoundError:
        sys.exit("Not signed in.")


def access_token():
    kept = load()
    if kept["ends_at"] > time.time() + 60:
        return kept["access_token"]
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another process may have refreshed the tokens meanwhile.
        kept = load()
        if kept["ends_at"] <= time.time() + 60:
            kept = store(call(discover()["token_endpoint"], {
                "grant_type": "refresh_token", "refresh_token": kept["refresh_token"], "client_id": CLIENT_ID,
            }))
    return kept["access_token"]


def whoami():
    print(json.dumps(call(f"{ISSUER}/api/v1/whoami", token=access_token()), indent=2))


def logout():
    revocation = {"token": load()["refresh_token"], "client_id": CLIENT_ID}
    urllib.request.urlopen(discover()["revocation_endpoint"], urllib.parse.urlencode(revocation).encode()).close()
    FILE.unlink()
    print("Signed out.")


if __name__ == "__main__":
    commands = {"login": login, "whoami": whoami, "logout": logout}
    commands.get(sys.argv[1] if len(sys.argv) > 1 else "", lambda: sys.exit(__doc__))()
