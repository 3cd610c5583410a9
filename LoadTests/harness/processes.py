"""Several processes of `reactor serve` on one port, behind one PostgreSQL and one Redis: what they cost together, and whether they
agree about what they share."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.accounts import PASSWORD, account_with_tasks, call
from harness.generator import LoadRun
from harness.measure import MeasureError, resident_bytes
from harness.scaling import CONNECTIONS, Plan, figures, say
from harness.servers import Server, reactor_serve
from services import Postgres, Redis

ROUNDS = 12
# GET /auth/sessions, which the mix leaves alone, is asked for more often than it allows; the bucket gives one token back in three seconds.
ALLOWANCE, WINDOW_SECONDS = 20, 60
# An ended session is refused at once where it was ended, and elsewhere within the second that its memory lives.
FRESHNESS_SECONDS = 1.0


@contextmanager
def running(plan: Plan, count: int) -> Iterator[tuple[list[Server], dict[str, int]]]:
    """So many processes, and the services' by name. Each has a loop."""
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(settings={"shared_buffers": "256MB"}))
        services, settings = {"postgres": postgres.pid}, {}
        if plan.has_redis:
            redis = stack.enter_context(Redis())
            services["redis"], settings["REDIS_URL"] = redis.pid, redis.url
        servers: list[Server] = []
        for number in range(count):
            server = reactor_serve(
                plan.reactor, 1, DATABASE_URL=postgres.socket_url, REUSE_PORT="true", SECRET_KEY="one secret that all the processes have in common",
                RATE_LIMIT_ROUTES=f"GET /auth/sessions={ALLOWANCE}/{WINDOW_SECONDS}s", RATE_LIMIT_LOGIN="1000000000/60s",
                RATE_LIMIT_PRODUCTS="1000000000/60s", **settings)
            server.name = f"process {number + 1}"
            server.port = servers[0].port if servers else server.port
            stack.callback(server.stop)
            servers.append(server.start(None, "/health/ready"))
        yield servers, services


def processes(plan: Plan) -> Iterator[dict]:
    """One row for each number of processes and kind of load. `faults` says in what they disagreed."""
    for count in plan.processes:
        with running(plan, count) as (servers, services):
            faults = disagreements(servers)
            say(f"{count} processes: {len(faults) or 'no'} disagreements")
            token = account_with_tasks(servers[0].port, 10)
            others = {f"process{number}": server.pid for number, server in enumerate(servers)} | services
            for work, path, options in (("GET /tasks", "/tasks", {"headers": {"Authorization": f"Bearer {token}"}}), ("API mix", "/", {"scenario": "api"})):
                outcome = LoadRun(plan.load, f"http://127.0.0.1:{servers[0].port}{path}", connections=CONNECTIONS, seconds=plan.seconds * plan.rounds,
                                  others=others, **options).result()
                shares = [outcome.others_us[f"process{number}"] for number in range(count)]
                say(f"{count} processes, {work}: {outcome.requests_per_second:,.0f}/s, {sum(shares):.1f} us")
                yield {"work": work, "processes": count, **figures(outcome), "cpu_us": sum(shares), "of_each_us": shares,
                       "postgres_us": outcome.others_us["postgres"], "redis_us": outcome.others_us.get("redis", 0.0),
                       "resident_mib": sum(resident_bytes(server.pid) for server in servers) / (1 << 20), "faults": faults}


def disagreements(servers: list[Server]) -> list[str]:
    """What one process does and another does not know of: lists in the cache, ended sessions, the count of a rate limit."""
    with ExitStack() as stack:
        lines = connections_to_each(servers)
        for line in lines.values():
            stack.callback(line.close)
        names, wires = list(lines), list(lines.values())
        token = account_with_tasks(servers[0].port, 0, "processes@example.com")
        return stale_lists(names, wires, token) + exceeded_limit(wires, token) + living_sessions(names, wires)


def stale_lists(names: list[str], wires: list[http.client.HTTPConnection], token: str) -> list[str]:
    """Everybody has the list in the cache; then one process changes it, and all are asked at once what it is now."""
    faults = []

    def titles(wire: http.client.HTTPConnection) -> list[str]:
        status, tasks = call(wire, "GET", "/tasks", token=token)
        return [task["title"] for task in tasks] if status == 200 else [f"status {status}"]

    def compare(after: str, expected: list[str]) -> None:
        for name, wire in zip(names, wires):
            if (found := titles(wire)) != expected:
                faults.append(f"{name}, asked {after}, lists {found} and not {expected}")

    for number in range(ROUNDS):
        first, second = wires[number % len(wires)], wires[(number + 1) % len(wires)]
        compare("before", [])
        status, task = call(first, "POST", "/tasks", {"title": f"Round {number}"}, token)
        if status != 201:
            raise MeasureError(f"POST /tasks answers {status} {task}")
        compare("after a task was created", [f"Round {number}"])
        call(second, "PATCH", f"/tasks/{task['id']}", {"title": f"Changed {number}"}, token)
        compare("after it was changed", [f"Changed {number}"])
        call(first, "DELETE", f"/tasks/{task['id']}", token=token)
        compare("after it was deleted", [])
    return faults


def exceeded_limit(wires: list[http.client.HTTPConnection], token: str) -> list[str]:
    """Asks all processes in turn, often enough for each to let through what only all together may."""
    began, allowed = time.monotonic(), 0
    for number in range((ALLOWANCE + 5) * len(wires)):
        status, _ = call(wires[number % len(wires)], "GET", "/auth/sessions", token=token)
        allowed += status == 200
    given_back = int((time.monotonic() - began) * ALLOWANCE / WINDOW_SECONDS) + 1
    if ALLOWANCE <= allowed <= ALLOWANCE + given_back:
        return []
    return [f"{allowed} requests were let through by a limit of {ALLOWANCE}"]


def living_sessions(names: list[str], wires: list[http.client.HTTPConnection]) -> list[str]:
    """A session is used everywhere, and ended in one process."""
    faults = []
    for number, ending in enumerate(wires):
        _, session = call(ending, "POST", "/auth/login", {"username": "processes@example.com", "password": PASSWORD})
        token = session["access_token"]
        for name, wire in zip(names, wires):
            if (status := call(wire, "GET", "/tasks", token=token)[0]) != 200:
                faults.append(f"{name} answers a session of {names[number]} with {status}")
        call(ending, "POST", "/auth/logout", {}, token)
        ended = time.monotonic()
        for name, wire in zip(names, wires):
            limit = ended + (0 if wire is ending else FRESHNESS_SECONDS)
            while (status := call(wire, "GET", "/tasks", token=token)[0]) != 401 and time.monotonic() < limit:
                time.sleep(0.01)
            if status != 401:
                faults.append(f"{name} answers a session that {names[number]} has ended with {status}")
    return faults


# Which process one talks to


def connections_to_each(servers: list[Server]) -> dict[str, http.client.HTTPConnection]:
    """The kernel spreads connections over the processes; so many are opened that each has got one, which is kept."""
    kept: dict[str, http.client.HTTPConnection] = {}
    deadline = time.monotonic() + 20
    while len(kept) < len(servers):
        if time.monotonic() > deadline:
            missing = [server.name for server in servers if server.name not in kept]
            raise MeasureError(f"of all connections none came to {', '.join(missing)}")
        connection = http.client.HTTPConnection("127.0.0.1", servers[0].port, timeout=10)
        status, _ = call(connection, "GET", "/health/ready")
        holder = next((server.name for server in servers if holds(server.pid, servers[0].port, connection.sock.getsockname()[1])), None)
        if holder is None or holder in kept or status != 200:
            connection.close()
        else:
            kept[holder] = connection
    return {server.name: kept[server.name] for server in servers}


def holds(pid: int, port: int, peer_port: int) -> bool:
    """Whether the process has the server's end of a connection: its inode is in /proc/net/tcp (man 5 proc), and among its descriptors."""
    ends = (f":{port:04X}", f":{peer_port:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
            return any(link(path) == f"socket:[{fields[9]}]" for path in Path(f"/proc/{pid}/fd").iterdir())
    return False


def link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
