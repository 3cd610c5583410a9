"""Measures several servers by turns, scenario by scenario. Our server comes first, and is the one that must not fail."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from services import Postgres

from .generator import LoadRun, Outcome
from .measure import MeasureError
from .peers import Peer
from .servers import Server, ServerError
from .techempower import check_answers, path_of

PIPELINED = 16
SERVER_CORE, LOAD_CORE = 0, 1


def load(options: argparse.Namespace, binary: Path, server: Server, scenario: str, *, rate: float | None = None,
         postgres: Postgres | None = None) -> Outcome:
    """One run of our load generator; `options` are those of LoadTests/load-peers."""
    run = LoadRun(binary, f"http://127.0.0.1:{server.port}{path_of(scenario, options.queries)}", connections=options.connections,
                  seconds=options.seconds, warmup=options.warmup, rate=rate, depth=PIPELINED if scenario == "pipelined" and rate is None else 1,
                  core=None if options.unpinned else LOAD_CORE, server_pid=server.pid, others={"postgres": postgres.pid} if postgres else None)
    try:
        outcome = run.result()
    except BaseException:
        run.stop()
        raise
    if outcome.requests == 0:
        raise MeasureError(f"{server.name} answered nothing")
    return outcome


def median_of(runs: list[Outcome]) -> dict:
    """Medians of the figures, the errors of all runs, and the runs themselves."""
    names = ("requests_per_second", "cpu_us", "user_us", "system_us", "p50_ms", "p99_ms", "p999_ms", "resident_bytes")
    row = {name: statistics.median(getattr(run, name) for run in runs) for name in names}
    row["database_us"] = statistics.median(run.others_us.get("postgres", 0) for run in runs)
    row["resident_mib"] = row["resident_bytes"] / (1 << 20)
    row["errors"] = sum(run.errors for run in runs)
    row["error_percent"] = 100 * row["errors"] / max(1, row["errors"] + sum(run.requests for run in runs))
    row["rounds"] = [asdict(run) for run in runs]
    return row


def ratio(value: float, to: float) -> float | None:
    return value / to if to else None


def short(text: str) -> str:
    """One line that fits into a table."""
    words = " ".join(text.replace("|", " ").split()).rstrip(": ")
    return words if len(words) <= 160 else words[:157] + "..."


class Comparison:
    """`options` are those of LoadTests/load-peers, `binary` is our load generator."""

    def __init__(self, options: argparse.Namespace, binary: Path, peers: list[Peer], left_out: dict[str, str], say: Callable[[str], None]) -> None:
        self.options, self.binary, self.peers, self.left_out, self.say = options, binary, peers, left_out, say
        self.ours = peers[0].name

    def scenarios(self, names: list[str], has_database: bool) -> list[dict]:
        """Starts everything that answers some of these, and measures one after the other."""
        with ExitStack() as stack:
            postgres = stack.enter_context(Postgres(settings={"shared_buffers": "256MB"})) if has_database else None
            servers: dict[str, Server] = {}
            # Ours comes first, and makes the tables as it starts.
            for peer in self.peers:
                if set(peer.scenarios) & set(names) and peer.name not in self.left_out:
                    server = peer.server(postgres)
                    stack.callback(server.stop)
                    try:
                        servers[peer.name] = server.start(None if self.options.unpinned else SERVER_CORE, "/plaintext")
                    except ServerError as error:
                        self.fail(peer.name, error, self.left_out)
            if postgres:
                postgres.sql("VACUUM ANALYZE")
            return [self.scenario(name, servers, postgres) for name in names]

    def fail(self, name: str, error: Exception, failures: dict[str, str]) -> None:
        """A peer's failure is told; ours ends the run."""
        if name == self.ours:
            raise error
        failures[name] = short(str(error))
        self.say(f"  {name}: {failures[name]}")

    def scenario(self, name: str, servers: dict[str, Server], postgres: Postgres | None) -> dict:
        self.say(f"{name}:")
        failures: dict[str, str] = {}
        able: dict[str, Server] = {}
        wanted = [peer.name for peer in self.peers if name in peer.scenarios]
        for server in (servers[peer] for peer in wanted if peer in servers):
            try:
                check_answers(server, name, self.options.queries, postgres)
                able[server.name] = server
            except (ServerError, OSError) as error:
                self.fail(server.name, error, failures)
        runs = self.rounds(name, able, postgres, failures)
        rows = [{"label": peer, "server": peer, **median_of(of_server)} for peer, of_server in runs.items()]
        for row in rows:
            row["rate_to_ours"] = ratio(row["requests_per_second"], rows[0]["requests_per_second"])
            row["cpu_to_ours"] = ratio(row["cpu_us"], rows[0]["cpu_us"])
        latency = self.latency(name, able, postgres, rows, failures) if self.options.latency_at else []
        left_out = {peer: why for peer, why in self.left_out.items() if peer in wanted} | failures
        rows += [{"label": f"{peer} (left out)", "server": peer, "why": why} for peer, why in left_out.items()]
        for row in [*rows, *latency]:
            row["is_ours"] = row["server"] == self.ours
        return {"scenario": name, "title": self.title(name), "rows": rows, "latency": latency}

    def title(self, name: str) -> str:
        return {"pipelined": f"plaintext, {PIPELINED} in one write", "queries": f"queries={self.options.queries}",
                "updates": f"updates={self.options.queries}"}.get(name, name)

    def rounds(self, scenario: str, servers: dict[str, Server], postgres: Postgres | None, failures: dict[str, str],
               rates: dict[str, float] | None = None) -> dict[str, list[Outcome]]:
        """Every server once a round, in an order that turns by one: closed loops, or open ones at each server's rate."""
        runs: dict[str, list[Outcome]] = {name: [] for name in servers}
        for number in range(self.options.rounds):
            names = [name for name in servers if name not in failures]
            start = number % len(names)
            for name in names[start:] + names[:start]:
                try:
                    run = load(self.options, self.binary, servers[name], scenario, rate=rates[name] if rates else None, postgres=postgres)
                except (MeasureError, OSError) as error:
                    self.fail(name, error, failures)
                    continue
                runs[name].append(run)
                self.say(f"  round {number + 1} {name:<19} {run.requests_per_second:>10,.0f}/s  {run.cpu_us:7.2f} us  p99 {run.p99_ms:8.2f} ms"
                         + (f"  {run.errors:,} errors" if run.errors else ""))
        return {name: of_server for name, of_server in runs.items() if name not in failures}

    def latency(self, scenario: str, servers: dict[str, Server], postgres: Postgres | None, rows: list[dict],
                failures: dict[str, str]) -> list[dict]:
        """An open loop at a part of what each server did in the closed one: its latency counts from when a request was due."""
        self.say(f"{scenario}, at {self.options.latency_at:.0%} of capacity:")
        capacity = {row["server"]: row["requests_per_second"] for row in rows}
        rates = {name: max(1.0, of_server * self.options.latency_at) for name, of_server in capacity.items()}
        runs = self.rounds(scenario, {name: servers[name] for name in capacity}, postgres, failures, rates)
        return [{"label": name, "server": name, "capacity": capacity[name], "rate": rates[name], **median_of(of_server)}
                for name, of_server in runs.items()]
