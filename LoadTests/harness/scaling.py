"""How the cost of a request grows: with connections, with loops, and beside logins. Each function makes the rows of one table."""

from __future__ import annotations

import resource
import ssl
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.accounts import account_with_tasks
from harness.generator import LoadRun, Outcome
from harness.measure import idle_bytes, wrk
from harness.secure import NginxTLS, with_tls
from harness.servers import LibuvC, Nginx, Server, bench_server, reactor_serve, release_binary
from services import Postgres, Redis

SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 64
# Nobody is turned away for coming with thousands of others, or for having waited behind them: that is what is measured.
CROWD = {"MAX_CONNECTIONS": "50000", "MAX_REQUESTS_IN_FLIGHT": "50000", "MAX_QUEUE_AGE": "60s"}
LOGINS_AT_ONCE = 8
# Long enough for a thousandth of the slower path to be more than one request.
LOGIN_SECONDS = 10
BESIDE_LOGINS = {"/health/live": 500, "/tasks": 1_000}


@dataclass(frozen=True)
class Plan:
    """What all scenarios are told."""

    seconds: float
    rounds: int
    counts: list[int]
    idle: int
    processes: list[int]
    is_built: bool
    has_redis: bool = True

    @cached_property
    def load(self) -> Path:
        return release_binary("load", self.is_built)

    @cached_property
    def bench_server(self) -> Path:
        return release_binary("bench-server", self.is_built)

    @cached_property
    def reactor(self) -> Path:
        return release_binary("reactor", self.is_built)


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


@contextmanager
def application(plan: Plan, loops: int, core: int | None = None, **settings: str) -> Iterator[tuple[Server, dict[str, str], dict[str, int]]]:
    """`reactor serve` on PostgreSQL and Redis; the fields of somebody with ten tasks, and the services' processes by name."""
    with ExitStack() as stack:
        postgres, redis = stack.enter_context(Postgres(settings={"shared_buffers": "256MB"})), stack.enter_context(Redis())
        server = reactor_serve(plan.reactor, loops, DATABASE_URL=postgres.socket_url, REDIS_URL=redis.url, RATE_LIMIT_LOGIN="1000000000/60s", **settings)
        stack.callback(server.stop)
        server.start(core, "/health/ready")
        token = account_with_tasks(server.port, 10)
        yield server, {"Authorization": f"Bearer {token}"}, {"postgres": postgres.pid, "redis": redis.pid}


def connections(plan: Plan) -> Iterator[dict]:
    """One pinned loop, the load on the other core; nginx at the same counts, and wrk as a second witness."""
    ours, nginx = bench_server(plan.bench_server, 1), Nginx()
    with ExitStack() as stack:
        for server in (ours, nginx):
            stack.callback(server.stop)
            server.start(SERVER_CORE, "/plaintext")
            server.check_rules()
        for count in plan.counts:
            outcomes = in_turn(plan, (ours, nginx), lambda server: run(plan, server, "/plaintext", count))
            for server in (ours, nginx):
                yield row_of("plaintext", server, count, outcomes[server]) | witness(plan, server, count)
    with application(plan, 1, SERVER_CORE, **CROWD) as (server, headers, others):
        for count in plan.counts:
            outcomes = in_turn(plan, (server,), lambda server: run(plan, server, "/tasks", count, headers=headers, others=others))
            yield row_of("tasks", server, count, outcomes[server])


def in_turn(plan: Plan, servers: tuple[Server, ...], run) -> dict[Server, list[Outcome]]:
    """Every server once a round, in an order that turns by one: what drifts meanwhile is shared out."""
    outcomes: dict[Server, list[Outcome]] = {server: [] for server in servers}
    for number in range(plan.rounds):
        first = number % len(servers)
        for server in (*servers[first:], *servers[:first]):
            outcomes[server].append(run(server))
    return outcomes


def run(plan: Plan, server: Server, path: str, count: int, **options) -> Outcome:
    # Thousands take a while until each has been served once.
    warmup = 1 if count < 1_000 else 2
    return LoadRun(plan.load, f"http://127.0.0.1:{server.port}{path}", connections=count, seconds=plan.seconds, warmup=warmup, core=LOAD_CORE,
                   server_pid=server.pid, **options).result()


def row_of(work: str, server: Server, count: int, outcomes: list[Outcome]) -> dict:
    row = {"work": work, "server": server.name, "connections": count, **figures(*outcomes)}
    say(f"{work} {server.name} {count}: {row['requests_per_second']:,.0f}/s, {row['cpu_us']:.2f} us")
    return row


def witness(plan: Plan, server: Server, count: int) -> dict:
    found, _ = wrk(f"http://127.0.0.1:{server.port}/plaintext", connections=count, seconds=plan.seconds, core=LOAD_CORE, headers={}, depth=1)
    return {"wrk_requests_per_second": found["rate"], "wrk_errors": found["errors"]}


def figures(*outcomes: Outcome) -> dict:
    """Medians of the rounds, the errors of all, and what a reader needs to see how far the rounds lay apart."""
    def median(name: str) -> float:
        return statistics.median(getattr(outcome, name) for outcome in outcomes)

    names = ("requests_per_second", "cpu_us", "user_us", "system_us", "p50_ms", "p99_ms", "p999_ms")
    return {name: median(name) for name in names} | {
        "resident_mib": median("resident_bytes") / (1 << 20), "errors": sum(outcome.errors for outcome in outcomes),
        "rounds": [{name: getattr(outcome, name) for name in names} for outcome in outcomes],
    }


def loops(plan: Plan) -> Iterator[dict]:
    """One loop against two. /work is the handler's own computing, with next to nothing left to the client, who shares the cores: its
    requests a second may double. Of the others the client takes so much that only the CPU a request can be compared."""
    with ExitStack() as stack:
        one, two = (bench_server(plan.bench_server, count) for count in (1, 2))
        for server in (one, two):
            stack.callback(server.stop)
            server.start(None, "/plaintext")
        yield from compared(plan, "work", one, two, "/work")
        yield from compared(plan, "plaintext x16", one, two, "/plaintext", depth=16)
    with application(plan, 1) as (one, headers, _), application(plan, 2) as (two, others_headers, _):
        fields = {one: headers, two: others_headers}
        yield from compared(plan, "tasks", one, two, "/tasks", headers=fields)


def compared(plan: Plan, work: str, one: Server, two: Server, path: str, depth: int = 1, headers: dict[Server, dict] | None = None) -> Iterator[dict]:
    client: dict[Server, float] = {one: 0.0, two: 0.0}

    def run(server: Server) -> Outcome:
        before = children_seconds()
        outcome = LoadRun(plan.load, f"http://127.0.0.1:{server.port}{path}", connections=CONNECTIONS, seconds=plan.seconds, warmup=1, depth=depth,
                          headers=(headers or {}).get(server), server_pid=server.pid).result()
        # The warm-up is among the client's time and not among the requests.
        client[server] += (children_seconds() - before) * 1e6 / outcome.requests * plan.seconds / (plan.seconds + 1) / plan.rounds
        return outcome

    outcomes = in_turn(plan, (one, two), run)
    first = figures(*outcomes[one])
    for count, server in ((1, one), (2, two)):
        row = figures(*outcomes[server])
        say(f"{work} {count} loop(s): {row['requests_per_second']:,.0f}/s, {row['cpu_us']:.2f} us, client {client[server]:.2f} us")
        yield {"work": work, "loops": count, **row, "client_us": client[server],
               "throughput_to_one": row["requests_per_second"] / first["requests_per_second"], "cpu_to_one": row["cpu_us"] / first["cpu_us"]}


def children_seconds() -> float:
    """CPU time of this process' children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def logins(plan: Plan) -> Iterator[dict]:
    """Requests at a constant rate, first alone, then beside as many logins as the hash allows."""
    with application(plan, 2) as (server, headers, _):
        url = f"http://127.0.0.1:{server.port}"
        for is_beside in (False, True):
            with ExitStack() as stack:
                def start(path: str, **options) -> LoadRun:
                    started = LoadRun(plan.load, url + path, seconds=LOGIN_SECONDS, **options)
                    stack.callback(started.stop)
                    return started

                # They begin with the others' warm-up, and outlast them.
                hashing = start("/", scenario="api-logins", connections=LOGINS_AT_ONCE) if is_beside else None
                paced = {path: start(path, connections=32, rate=rate, headers=headers) for path, rate in BESIDE_LOGINS.items()}
                outcomes = {path: one.result() for path, one in paced.items()}
                done = hashing.result() if hashing else None
            for path, outcome in outcomes.items():
                say(f"{path} {'beside logins' if is_beside else 'alone'}: p99 {outcome.p99_ms:.2f} ms")
                yield {"path": path, "rate": BESIDE_LOGINS[path], **figures(outcome), "logins_per_second": done.requests_per_second if done else 0.0,
                       "login_p50_ms": done.p50_ms if done else 0.0, "login_errors": done.errors if done else 0}


def idle(plan: Plan) -> Iterator[dict]:
    """Memory of thousands of connections that have asked once and keep silent, in clear and with TLS."""
    trusting = ssl._create_unverified_context()
    for server, path in (
        (bench_server(plan.bench_server, 1), "/plaintext"), (Nginx(), "/plaintext"), (LibuvC(), "/plaintext"),
        (reactor_serve(plan.reactor, 1, **CROWD), "/health/live"),
        (with_tls(bench_server(plan.bench_server, 1)), "/plaintext"), (NginxTLS(), "/plaintext"),
    ):
        try:
            server.start(SERVER_CORE, path)
            found = idle_bytes(server.port, server.pid, path, plan.idle, trusting if server.is_tls else None)
        finally:
            server.stop()
        say(f"{server.name}: {found:,.0f} bytes")
        yield {"server": server.name, "connections": plan.idle, "bytes_a_connection": found}
