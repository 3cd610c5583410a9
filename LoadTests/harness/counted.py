"""The scenarios whose requests are counted, and the servers that they need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.accounts import account_with_tasks, add_products
from harness.counts import Exchange, counting_environment
from harness.servers import Server, bench_server, reactor_serve
from services import Postgres, Redis

# A deployment with one loop: which loop a connection comes to would be the kernel's choice.
LOOPS = 1
PIPELINED = 16
BENCH = ["plaintext", "plaintext-pipelined", "json", "db", "queries-20", "updates-20", "fortunes", "cached-queries-20"]
API = ["me", "tasks", "products", "create-task"]
# What `reactor serve` stands on, and whether that is shared with other processes.
DEPLOYMENTS = {"sqlite": False, "postgres-redis": True}
BODY = json.dumps({"title": "A task", "description": "One of those that are counted", "priority": "high"}).encode()


@dataclass(frozen=True)
class Target:
    """A running server and what is asked of it, in this order."""

    server: Server
    page: str
    allocation_file: Path
    exchanges: dict[str, Exchange]


@contextmanager
def counting(server: Server, page: str, ready_path: str) -> Iterator[tuple[Server, Path]]:
    allocation_file = server.folder / "allocations"
    server.environment |= counting_environment(allocation_file)
    try:
        server.start(None, ready_path)
        yield server, allocation_file
    finally:
        server.stop()


@contextmanager
def bench(binary: Path) -> Iterator[Target]:
    """bench-server on PostgreSQL and Redis."""
    with Postgres() as postgres, Redis() as redis:
        server = bench_server(binary, LOOPS, postgres.socket_url)
        server.environment["REDIS_URL"] = redis.url
        with counting(server, "/counters", "/db") as (server, allocation_file):
            yield Target(server, "/counters", allocation_file, {
                "plaintext": Exchange.of("GET", "/plaintext"),
                "plaintext-pipelined": Exchange.of("GET", "/plaintext", depth=PIPELINED),
                "json": Exchange.of("GET", "/json"),
                "db": Exchange.of("GET", "/db"),
                "queries-20": Exchange.of("GET", "/queries?queries=20"),
                "updates-20": Exchange.of("GET", "/updates?queries=20"),
                "fortunes": Exchange.of("GET", "/fortunes"),
                "cached-queries-20": Exchange.of("GET", "/cached-queries?count=20"),
            })


@contextmanager
def api(binary: Path, name: str, is_shared: bool) -> Iterator[Target]:
    """`reactor serve` on SQLite alone, or on PostgreSQL and Redis. What changes data comes last."""
    with ExitStack() as stack:
        settings = {}
        if is_shared:
            settings = {"DATABASE_URL": stack.enter_context(Postgres()).socket_url, "REDIS_URL": stack.enter_context(Redis()).url}
        server, allocation_file = stack.enter_context(counting(
            reactor_serve(binary, LOOPS, RATE_LIMIT_PRODUCTS="1000000000/60s", **settings), "/metrics", "/health/ready"))
        token = account_with_tasks(server.port, 10, "counts@example.com")
        add_products(server.port, 10, token)
        fields = {"Authorization": f"Bearer {token}"}
        yield Target(server, "/metrics", allocation_file, {
            f"me-{name}": Exchange.of("GET", "/auth/me", fields),
            f"tasks-{name}": Exchange.of("GET", "/tasks", fields),
            f"products-{name}": Exchange.of("GET", "/products", fields),
            f"create-task-{name}": Exchange.of("POST", "/tasks", fields | {"Content-Type": "application/json"}, BODY, status=201),
        })
