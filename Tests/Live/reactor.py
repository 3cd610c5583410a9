"""A started server and a client for it: what every live test stands on.

REACTOR_BINARY names the program, DOCS_ASSETS_DIR the pages' scripts; both are set by scripts/run-tests.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from services import free_port, wait_until  # noqa: E402

PASSWORD = "correct horse battery staple"
START_SECONDS = 30
_numbers = itertools.count(1)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} after {self.seconds:.2f} s: {self.body[:400]!r}"


class Client:
    """Requests as a program makes them, each on a connection of its own; `token` goes along where there is one."""

    def __init__(self, port: int, token: str | None = None, timeout: float = 15) -> None:
        self.port, self.token, self.timeout = port, token, timeout

    def request(self, method: str, path: str, *, json_body=None, raw_json: bytes | None = None, form: dict | None = None,
                body: bytes | None = None, headers: dict | None = None, timeout: float | None = None) -> Answer:
        fields = {"Connection": "close", **(headers or {})}
        if json_body is not None or raw_json is not None:
            body = raw_json if raw_json is not None else json.dumps(json_body).encode()
            fields["Content-Type"] = "application/json"
        elif form is not None:
            body, fields["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        if self.token is not None:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout or self.timeout)
        try:
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read(), time.monotonic() - started)
        finally:
            connection.close()

    def get(self, path: str, **options) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, json_body=None, **options) -> Answer:
        return self.request("POST", path, json_body=json_body, **options)


@dataclass
class User:
    """A registered account with a session."""

    email: str
    username: str
    id: int
    access_token: str
    refresh_token: str
    api: Client


class Server:
    """`reactor serve` on a free port with a data folder of its own and nothing of this process' configuration."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reactor-live-"))
        self.port = free_port()
        self.log = self.folder / "server.log"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
            "HOST": "127.0.0.1", "PORT": str(self.port), "DATA_DIR": str(self.folder / "data"), "APP_ENV": "development",
            "RATE_LIMIT_ENABLED": "false", **settings,
        }
        for name in ("DOCS_ASSETS_DIR", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment.setdefault(name, os.environ[name])
        self.process: subprocess.Popen | None = None
        self.api = Client(self.port)

    def start(self) -> Server:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.environ["REACTOR_BINARY"], "serve"], env=self.environment, cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_until(lambda: self.process.poll() is not None or self.is_ready(), START_SECONDS) or self.process.poll() is not None:
            words = self.log_tail()
            self.discard()
            raise AssertionError(f"the server did not become ready:\n{words}")
        return self

    def is_ready(self) -> bool:
        return self.status("/health/ready") == 200

    def status(self, path: str, timeout: float = 2) -> int | None:
        """The status alone; None where there was no answer in time."""
        try:
            return self.api.get(path, timeout=timeout).status
        except (OSError, http.client.HTTPException):
            return None

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else "(no log)"

    def stop(self, seconds: float = 35) -> int:
        """SIGTERM, and the exit status that came of it."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop within {seconds} s of SIGTERM:\n{self.log_tail()}") from None

    def discard(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_) -> None:
        self.discard()

    def register(self, prefix: str = "user") -> User:
        """A new account, logged in."""
        name = f"{prefix}{next(_numbers)}_{os.getpid()}"
        email = f"{name}@example.com"
        registered = self.api.post("/api/v1/auth/register", {"email": email, "password": PASSWORD, "username": name})
        assert registered.status == 201, f"register: {registered}"
        logged_in = self.api.post("/api/v1/auth/login", {"username": email, "password": PASSWORD})
        assert logged_in.status == 200, f"login: {logged_in}"
        tokens = logged_in.json
        return User(email, name, registered.json["id"], tokens["access_token"], tokens["refresh_token"],
                    Client(self.port, tokens["access_token"]))
