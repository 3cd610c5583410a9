"""The routes of the application that have a bar: what is asked of each, on what it stands, and who asks."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.accounts import account_with_tasks, add_products, call
from harness.generator import LoadRun
from harness.measure import wrk
from harness.servers import Server, ServerError, reactor_serve
from services import Postgres, Redis

ROWS = 10
# Limits are on, as in production, and wide enough for a benchmark.
LIMITS = {"RATE_LIMIT_PRODUCTS": "1000000000/60s", "RATE_LIMIT_LOGIN": "1000000000/60s"}
# Whether the server stands on PostgreSQL and Redis; else on SQLite alone.
DEPLOYMENTS = {"SQLite": False, "PG+Redis": True}
LOGINS_AT_ONCE = 100


@dataclass(frozen=True)
class Route:
    """A request that is made again and again."""

    method: str
    path: str
    status: int = 200
    body: dict | None = None


ROUTES = {
    "tasks": Route("GET", "/tasks"),
    "me": Route("GET", "/auth/me"),
    "products": Route("GET", "/products"),
    "create": Route("POST", "/tasks", 201, {"title": "A task", "description": "One of those that are counted", "priority": "high"}),
}


@dataclass(frozen=True)
class Application:
    """A running `reactor serve` with somebody who has ten tasks, and ten products."""

    server: Server
    token: str
    postgres_pid: int | None

    def check(self, route: Route) -> None:
        """It answers as it should, or its speed says nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            status, answer = call(connection, route.method, route.path, route.body, self.token)
        finally:
            connection.close()
        rows = answer if isinstance(answer, list) else answer.get("products") if isinstance(answer, dict) else None
        if status != route.status or (rows is not None and len(rows) != ROWS):
            raise ServerError(f"{route.method} {route.path} answers {status} {str(answer)[:200]}")

    def write_requests(self, route: Route) -> Path:
        """The file that requests.lua reads."""
        path = self.server.folder / "requests"
        path.write_text("\t".join([route.method, route.path, self.token, json.dumps(route.body) if route.body else ""]) + "\n")
        return path


@contextmanager
def application(binary: Path, loops: int, is_shared: bool) -> Iterator[Application]:
    with ExitStack() as stack:
        settings, postgres = {}, None
        if is_shared:
            postgres = stack.enter_context(Postgres(settings={"shared_buffers": "256MB"}))
            settings = {"DATABASE_URL": postgres.socket_url, "REDIS_URL": stack.enter_context(Redis()).socket_url}
        server = reactor_serve(binary, loops, **LIMITS, **settings)
        stack.callback(server.stop)
        server.start(None, "/health/ready")
        token = account_with_tasks(server.port, ROWS)
        add_products(server.port, ROWS, token)
        yield Application(server, token, postgres.pid if postgres else None)


def beside_logins(app: Application, load: Path, path: str, seconds: float) -> list[dict]:
    """One client that asks for `path` again and again: alone, and beside a hundred who log in at once."""
    url, rows = f"http://127.0.0.1:{app.server.port}", []
    asking = {"connections": 1, "seconds": seconds, "core": None, "headers": {"Authorization": f"Bearer {app.token}"}, "depth": 1}
    for is_beside in (False, True):
        hashing = LoadRun(load, url, connections=LOGINS_AT_ONCE, seconds=seconds + 2, warmup=4, scenario="api-logins") if is_beside else None
        try:
            if hashing:
                wrk(url + path, **(asking | {"seconds": 4}))  # until everybody is registered
            figures, _ = wrk(url + path, **asking)
            logins = hashing.result().requests_per_second if hashing else 0.0
        finally:
            if hashing:
                hashing.stop()
        rows.append({"path": path, "logins_per_second": logins, "p50_ms": figures["p50"], "p99_ms": figures["p99"], "errors": figures["errors"]})
    return rows
