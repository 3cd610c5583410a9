"""One random sequence of calls on two servers that differ in their databases alone: every answer must be the same.

    parity.py [--seed N] [--calls N]

The seed is printed and decides everything. What must differ between two servers (times, tokens, ids of things, request ids) is
replaced before the comparison by a name that says which thing it was: the third task that was made is `<task 3>` on both.
Ends with `N passed, N failed`; a call is a test.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Live"), str(HERE.parent / "Conformance")]
from calls import Writer  # noqa: E402
from player import Call, Player  # noqa: E402
from reactor import Server  # noqa: E402
from template import fresh_database  # noqa: E402

SHOWN_DIFFERENCES = 10
SETTINGS = {"PASSWORD_HASH_MEMORY_KIB": "64", "PASSWORD_HASH_ITERATIONS": "1", "OPEN_DIRECTORY": "true", "MAX_UPLOAD_BYTES": "65536"}


def storages() -> tuple[dict[str, str], dict[str, str]]:
    # A locale in which letters beyond ASCII have a case, as production databases have: the C locale would hide differences.
    url = fresh_database(os.environ["TEST_POSTGRES_URL"], TEMPLATE="template0", LC_CTYPE="'C.UTF-8'")
    return {}, {"DATABASE_URL": url, "REDIS_URL": os.environ["TEST_REDIS_URL"], "REDIS_KEY_PREFIX": f"{uuid.uuid4().hex}:"}


def play(seed: int, calls: int) -> int:
    """How many answers differed."""
    differences: list[str] = []
    servers = [Server(**storage, **SETTINGS) for storage in storages()]
    try:
        players = [Player(server.start()) for server in servers]
        writer = Writer(random.Random(seed))
        with ThreadPoolExecutor(2) as both:
            for number in range(calls):
                call: Call = writer.next()
                answers = list(both.map(lambda player: player.play(call), players))
                if answers[0] != answers[1] or answers[0]["status"] >= 500:
                    differences.append(f"call {number}: {call}\n  SQLite:     {spelt(answers[0])}\n  PostgreSQL: {spelt(answers[1])}")
        if len(set(map(lambda player: json.dumps(player.counts()), players))) != 1:
            differences.append(f"in the end there are {[player.counts() for player in players]}")
        print("  answers:", ", ".join(f"{count} x {status}" for status, count in sorted(players[0].statuses.items())))
    finally:
        for server in servers:
            server.discard()
    for difference in differences[:SHOWN_DIFFERENCES]:
        print(difference)
    if len(differences) > SHOWN_DIFFERENCES:
        print(f"... and {len(differences) - SHOWN_DIFFERENCES} more")
    return len(differences)


def spelt(answer: dict) -> str:
    return json.dumps(answer, ensure_ascii=False, sort_keys=True)[:1_500]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--calls", type=int, default=1_200)
    options = parser.parse_args()
    # Fixed, so that a run in continuous integration says something about the change and not about luck.
    seeds = options.seed or ([int(os.environ["PARITY_SEED"])] if os.environ.get("PARITY_SEED") else [1, 20_250_101, 977])
    passed = failed = 0
    for seed in seeds:
        print(f"parity: seed {seed}, {options.calls} calls", flush=True)
        differing = play(seed, options.calls)
        failed += differing
        passed += options.calls - min(differing, options.calls)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
