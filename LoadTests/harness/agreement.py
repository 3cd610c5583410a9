"""Does wrk count what our load generator counts? Both by turns against our server, with one thread and as many connections.

They can only agree where the server is the limit. Where a client is (its core has nothing left), each counts what it can send
itself, so the table says how busy each was.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from services import Postgres

from .comparison import LOAD_CORE, SERVER_CORE, load
from .measure import wrk
from .peers import WITH_DATABASE, Peer
from .techempower import check_answers, path_of

BAR = 0.10


def timed(work: Callable[[], dict]) -> dict:
    """The figures, and which part of a core the client used."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = work()
    after, passed = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    return figures | {"busy": (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / passed}


def agreement(options: argparse.Namespace, binary: Path, peer: Peer, about: list[str], say: Callable[[str], None]) -> int:
    peer.install()
    scenarios = [name for name in options.scenarios if name != "pipelined"]
    rows = []
    with ExitStack() as stack:
        postgres = None
        if set(scenarios) & set(WITH_DATABASE):
            postgres = stack.enter_context(Postgres(settings={"shared_buffers": "256MB"}))
        server = peer.server(postgres)
        stack.callback(server.stop)
        server.start(None if options.unpinned else SERVER_CORE, "/plaintext")
        for name in scenarios:
            check_answers(server, name, options.queries, postgres)
            url = f"http://127.0.0.1:{server.port}{path_of(name, options.queries)}"

            def by_wrk() -> dict:
                figures, _ = wrk(url, connections=options.connections, seconds=options.seconds, core=None if options.unpinned else LOAD_CORE, headers={}, depth=1)
                return {"rate": figures["rate"], "p50": figures["p50"], "p99": figures["p99"]}

            def by_load() -> dict:
                run = load(options, binary, server, name)
                return {"rate": run.requests_per_second, "p50": run.p50_ms, "p99": run.p99_ms}

            clients = {"wrk": by_wrk, "load": by_load}
            runs: dict[str, list[dict]] = {client: [] for client in clients}
            for number in range(options.rounds):
                for client in sorted(clients, reverse=number % 2 == 0):
                    runs[client].append(timed(clients[client]))
            row = {client: {key: statistics.median(run[key] for run in of_client) for key in of_client[0]} for client, of_client in runs.items()}
            # Of runs next to each other: the machine drifts more from pair to pair than the clients differ.
            ratios = {key: statistics.median(ours[key] / wrks[key] for wrks, ours in zip(runs["wrk"], runs["load"])) for key in ("rate", "p50", "p99")}
            rows.append({"scenario": name, "ratios": ratios, **row})
            say(f"  {name}: wrk {row['wrk']['rate']:,.0f}/s, load {row['load']['rate']:,.0f}/s")
    print("\n".join([*about, *table(rows)]))
    return 0


def table(rows: list[dict]) -> list[str]:
    lines = [f"{'':<10} {'requests/s':^28} {'p50 ms':^22} {'p99 ms':^22} {'client busy':^12}",
             f"{'':<10} {'wrk':>10} {'load':>10} {'ratio':>6} {'wrk':>7} {'load':>7} {'ratio':>6} {'wrk':>7} {'load':>7} {'ratio':>6} {'wrk':>6} {'load':>5}"]
    for row in rows:
        wrk, load, ratios = row["wrk"], row["load"], row["ratios"]
        words = [f"{row['scenario']:<10} {wrk['rate']:>10,.0f} {load['rate']:>10,.0f} {ratios['rate']:>6.2f}"]
        words += [f"{wrk[key]:>7.2f} {load[key]:>7.2f} {ratios[key]:>6.2f}" for key in ("p50", "p99")]
        words.append(f"{wrk['busy']:>6.0%} {load['busy']:>5.0%}")
        words.append("" if abs(ratios["rate"] - 1) <= BAR else f"  more than {BAR:.0%} apart")
        lines.append(" ".join(words).rstrip())
    return lines
