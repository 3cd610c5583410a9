"""The server that the doors lead into: `reactor serve` in a folder of its own, with accounts and rows for requests to act on.

Limits on rates are far away but kept, and tracing and CORS are on, because all three have doors of their own. Password hashes are made
cheap, so that they do not hide what a text costs.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Live"))
from reactor import PASSWORD, Server, User  # noqa: E402
from services import free_port, wait_until  # noqa: E402

from client import RawClient  # noqa: E402

ADMIN = {"username": "admin@local.com", "password": "admin123456"}
ORIGIN = "https://app.example.com"
SECRET = "the doors' secret: at least thirty-two bytes of it"
UNLIMITED = "1000000/1s"
# A trace that its beginning wants kept (W3C Trace Context).
TRACEPARENT = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"


def settings() -> dict[str, str]:
    limits = {f"RATE_LIMIT_{tier}": UNLIMITED for tier in ("STRICT", "MODERATE", "PRODUCTS", "LOGIN", "MAIL")}
    return limits | {
        "RATE_LIMIT_ENABLED": "true", "LOOPS": "1", "LOG_LEVEL": "warning", "SECRET_KEY": SECRET, "TRUSTED_PROXIES": "127.0.0.1",
        "BACKEND_CORS_ORIGINS": json.dumps([ORIGIN]), "ACCESS_TOKEN_EXPIRE_MINUTES": "1440", "UPLOAD_QUOTA_BYTES": "1024GiB",
        "PASSWORD_HASH_MEMORY_KIB": "64", "PASSWORD_HASH_ITERATIONS": "1",
        # Nobody listens there. A trace is kept where a request says so.
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_TRACES_SAMPLER_ARG": "0",
    }


@dataclass
class Caller:
    """Who sends a request: the header fields that say so."""

    fields: bytes
    id: int = 0


class World:
    """The running server, what is in it, and the numbers that make requests differ."""

    def __init__(self, **others: str) -> None:
        self.server = Server(**settings(), **others)
        self.serials = itertools.count(1)
        self.restarts = 0
        # For what is not measured: metrics and health.
        self.control = RawClient(self.server.port)
        # For the requests that are.
        self.client = RawClient(self.server.port)
        self.host = b"Host: 127.0.0.1:%d\r\n" % self.server.port

    def __enter__(self) -> World:
        self.server.start()
        try:
            self._settle()
        except BaseException:
            self.server.discard()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()
        self.server.discard()

    @property
    def pid(self) -> int:
        return self.server.process.pid

    @property
    def is_running(self) -> bool:
        return self.server.process.poll() is None

    def close(self) -> None:
        self.control.close()
        self.client.close()

    def restart(self) -> None:
        """Ends the server at once and starts it again with the same rows: the tokens still work."""
        self.close()
        if self.is_running:
            self.server.process.kill()
        self.server.process.wait()
        self.server.start()
        self.restarts += 1

    def answers(self, seconds: float = 1) -> bool:
        """Whether the liveness probe is answered in time, on a new connection."""
        probe, started = RawClient(self.server.port), time.monotonic()
        try:
            status = probe.exchange(b"GET /health/live HTTP/1.1\r\n" + self.host + b"\r\n", timeout=seconds).status
            return status == 200 and time.monotonic() - started <= seconds
        except Exception:
            return False
        finally:
            probe.close()

    # --- Who and what there is

    def _settle(self) -> None:
        seeded = subprocess.run([os.environ["REACTOR_BINARY"], "seed-admin"], env=self.server.environment, cwd=self.server.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert seeded.returncode == 0, seeded.stdout
        logged_in = self.server.api.post("/auth/login", ADMIN)
        assert logged_in.status == 200, str(logged_in)
        self.nobody = Caller(self.host)
        self.admin = self._caller(logged_in.json["access_token"])
        self.account = self.server.register("owner")
        self.user = self._caller(self.account.access_token, self.account)
        # Whose own profile and password change.
        self.changing = self._caller((account := self.server.register("changing")).access_token, account)
        # Whom administrators change; nobody is logged in as them.
        self.target_id = self.server.register("target").id
        self.openapi = self.server.api.get("/openapi.json").json
        owner, admin = self.account.api, self._api(logged_in.json["access_token"])
        self.task_id = self._made(owner.post("/api/v1/tasks", {"title": "Buy milk"}))["id"]
        self.post_id = self._made(owner.post("/api/v1/posts", {"user_id": self.user.id, "title": "Hello", "content": "x"}))["id"]
        self.product_id = self._made(admin.post("/api/v1/products", {"name": "Teapot", "price": 19.9}))["id"]
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="list.txt"\r\n\r\nTwo bottles\r\n--b--\r\n'
        self.file_id = self._made(owner.request("POST", "/api/v1/upload", body=form,
                                                headers={"Content-Type": "multipart/form-data; boundary=b"}))["id"]
        self.job_id = owner.post("/api/v1/tasks/send-welcome-email").json["task_id"]
        is_done = wait_until(lambda: owner.get(f"/api/v1/jobs/{self.job_id}").json["status"] == "succeeded", 20)
        assert is_done, "the welcome mail was not sent"

    def _api(self, token: str):
        return type(self.server.api)(self.server.port, token)

    def _caller(self, token: str, account: User | None = None) -> Caller:
        return Caller(self.host + b"Authorization: Bearer " + token.encode() + b"\r\n", account.id if account else 0)

    @staticmethod
    def _made(answer) -> dict:
        assert answer.status == 201, str(answer)
        return answer.json

    @property
    def password(self) -> str:
        """Of every account but the administrator's."""
        return PASSWORD
