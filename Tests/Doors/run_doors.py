"""Feeds every door through which text enters the server its largest size of texts that are dear to take apart.

    run_doors.py [--binary PATH] [--only REGEX] [--verbose]

First beside SQLite, and then, for the doors whose texts reach a database, a cache or a limit, beside a PostgreSQL and a Redis of its own.
The program is --binary, else REACTOR_RELEASE_BINARY, else REACTOR_BINARY: one that is built for release, because the rules are about
times. --only takes the doors whose name it is found in. cases.py states the rules, alphabets.py the texts, doors_*.py the doors.
Prints a line for each case that failed, the ten dearest ratios, and at last `N passed, N failed`; a case is a door and an alphabet.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from http.client import HTTPException
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import doors_forms  # noqa: E402
import doors_headers  # noqa: E402
import doors_json  # noqa: E402
import doors_line  # noqa: E402
import doors_stored  # noqa: E402
import doors_tokens  # noqa: E402
from alphabets import ALPHABETS, JSON, LETTERS, fill  # noqa: E402
from cases import DoorTrial, Result  # noqa: E402
from client import NoResponse  # noqa: E402
from door import Door, request  # noqa: E402
from measure import cpu_after_leaving, read_loop  # noqa: E402
from world import World  # noqa: E402

from services import Postgres, Redis  # noqa: E402  (its folder is known since `world`)

TABLES = (doors_line, doors_headers, doors_tokens, doors_json, doors_forms, doors_stored)
LEFT_NAME_BYTES, MAX_IDLE_CPU_SECONDS, IDLE_TRIES = 256 << 10, 0.2, 3
LEAVING = "client that leaves"
# What is asked of the databases that several processes share.
SHARED = re.compile(r"query|stored|as long as it may be|form /auth/login username|same letter|cursor|Idempotency")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=os.environ.get("REACTOR_RELEASE_BINARY") or os.environ.get("REACTOR_BINARY"))
    parser.add_argument("--only", default="", metavar="REGEX", help="the doors whose name it is found in")
    parser.add_argument("--verbose", action="store_true", help="tell of every case")
    options = parser.parse_args()
    if not options.binary:
        sys.exit("run_doors.py: neither --binary nor REACTOR_RELEASE_BINARY nor REACTOR_BINARY names a program")
    os.environ["REACTOR_BINARY"] = str(Path(options.binary).resolve())
    with World() as world:
        results = run(world, options, re.compile(""))
    with Postgres() as postgres, Redis() as redis, World(DATABASE_URL=postgres.url, REDIS_URL=redis.url) as world:
        print("beside PostgreSQL and Redis", flush=True)
        results += run(world, options, SHARED)
    print("the ten dearest ratios:")
    for result in sorted(results, key=lambda one: one.ratio, reverse=True)[:10]:
        print(f"  {result}")
    if options.verbose:
        print("the twenty dearest doors, by plain letters:")
        letters = [result for result in results if result.alphabet == LETTERS.name]
        for result in sorted(letters, key=lambda one: one.each, reverse=True)[:20]:
            print(f"  {result}")
    failed = sum(bool(result.faults) for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 0 if failed == 0 and len(results) > 0 else 1


def run(world: World, options: argparse.Namespace, kind: re.Pattern) -> list[Result]:
    started, results = time.monotonic(), []
    has_loop_metrics = read_loop(world) is not None
    if not has_loop_metrics:
        report(results, Result("GET /metrics", "", 0, faults=["the server does not export event_loop_long_pieces_total"]), options)
    doors = [door for table in TABLES for door in table.doors(world)
             if re.search(options.only, door.name) and kind.search(door.name)]
    names = [door.name for door in doors]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    for door in doors:
        began = time.monotonic()
        for result in tried(world, door, has_loop_metrics):
            report(results, result, options)
        if options.verbose:
            print(f"-- {door.name}: {time.monotonic() - began:.2f} s", flush=True)
    if re.search(options.only, LEAVING) and kind.search(LEAVING):
        for result in leaving(world):
            report(results, result, options)
    print(f"{len(doors)} doors, {len(results)} cases in {time.monotonic() - started:.0f} s; the server was started anew "
          f"{world.restarts} times", flush=True)
    return results


def tried(world: World, door: Door, has_loop_metrics: bool) -> list[Result]:
    try:
        return DoorTrial(world, door, has_loop_metrics).run()
    except (NoResponse, OSError, HTTPException, AssertionError) as error:
        # Not a measured request, but one that prepares a case or asks about it.
        world.restart()
        return [Result(door.name, LETTERS.name, door.size, faults=[f"the server did not serve what the test needs: {error!r}"])]


def report(results: list[Result], result: Result, options: argparse.Namespace) -> None:
    results.append(result)
    if result.faults:
        print(f"FAILED: {result}: {'; '.join(result.faults)}", flush=True)
    elif options.verbose:
        print(f"  {result}", flush=True)


def leaving(world: World) -> list[Result]:
    """A client that sends a long name and goes away: the server must be idle again soon, and must still answer."""
    results = []
    for alphabet in ALPHABETS:
        text = fill(alphabet, JSON, LEFT_NAME_BYTES)
        if text is None or alphabet.name not in ("letters", "combining marks", "mark escapes"):
            continue
        for _ in range(IDLE_TRIES):
            used = cpu_after_leaving(world, request("POST /auth/login", world.host, b'{"' + text + b'":1}'))
            if used <= MAX_IDLE_CPU_SECONDS or used > 2 * MAX_IDLE_CPU_SECONDS:
                break
        result = Result(LEAVING, alphabet.name, LEFT_NAME_BYTES, used, used)
        if used > MAX_IDLE_CPU_SECONDS:
            result.faults.append(f"the server used {used:.2f} s of CPU in the second after the client had left")
        if not world.answers():
            result.faults.append("GET /health/live was not answered within 1 s")
            world.restart()
        results.append(result)
    return results


if __name__ == "__main__":
    sys.exit(main())
