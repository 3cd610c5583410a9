"""Schemathesis against the running server, on SQLite alone and on PostgreSQL with Redis, as a user and as an administrator.

    run_schema.py [--max-examples N] [--seed N] [sqlite|postgres] [user|admin]

It makes its requests from /openapi.json: the examples, every boundary that the schemas name, and a number of random ones, valid
and not. An answer of 500, or one whose status, media type, header fields or body the document does not describe, is a failure;
so is invalid data that is accepted, a method that is not refused, a token that is not asked for.
Ends with `N passed, N failed`; an operation tested in a phase is a test.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Live"), str(HERE.parent / "Conformance")]
from reactor import Server  # noqa: E402
from template import fresh_database  # noqa: E402

# Of all checks the one that no description can pass: that what the schema allows is accepted. A token, a cursor and the name of a
# file are strings to a schema, and few strings are one.
LEFT_OUT = "positive_data_acceptance"
# Server-sent events never end, and a client that reads to the end of an answer never begins with the next; tests of their own
# read them.
STREAMS = r"/events$"
SETTINGS = {"PASSWORD_HASH_MEMORY_KIB": "64", "PASSWORD_HASH_ITERATIONS": "1", "LOG_LEVEL": "warning"}


def storage(database: str) -> dict[str, str]:
    if database == "sqlite":
        return {}
    return {"DATABASE_URL": fresh_database(os.environ["TEST_POSTGRES_URL"]), "REDIS_URL": os.environ["TEST_REDIS_URL"],
            "REDIS_KEY_PREFIX": f"{uuid.uuid4().hex}:"}


def run(database: str, role: str, options: argparse.Namespace) -> tuple[int, int]:
    """How many operations passed and failed, on a server of their own."""
    started = time.monotonic()
    with Server(**storage(database), **SETTINGS) as server:
        base, report = f"http://127.0.0.1:{server.port}", server.folder / "report.xml"
        command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run",
                   f"{base}/openapi.json", "--phases", "examples,coverage,fuzzing", "--checks", "all", "--exclude-checks", LEFT_OUT,
                   "--max-examples", str(options.max_examples), "--seed", str(options.seed), "--exclude-path-regex", STREAMS,
                   "--generation-database", "none", "--no-shrink", "--continue-on-failure", "--request-timeout", "15",
                   "--suppress-health-check", "all", "--warnings", "off", "--no-color", "--report", "junit",
                   "--report-junit-path", str(report)]
        environment = {**server.environment, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "PYTHONDONTWRITEBYTECODE": "1",
                       "SCHEMA_BASE": base,
                       "SCHEMA_ROLE": role, "SCHEMA_FOLDER": str(server.folder), "REACTOR_BINARY": os.environ["REACTOR_BINARY"]}
        ran = subprocess.run(command, env=environment, cwd=server.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        passed, failed = counts(report)
        if server.process.poll() is not None:
            failed += 1
            print(f"the server ended with {server.process.returncode}:\n{server.log_tail()}")
        if ran.returncode != 0 or failed:
            failed = max(failed, 1)
            print(ran.stdout[-12_000:])
    cases = re.search(r"(\d+) generated", ran.stdout)
    print(f"schemathesis on {database} as {role}: {cases[1] if cases else 'no'} requests in {time.monotonic() - started:.0f} s, "
          f"{passed} operations passed, {failed} failed", flush=True)
    return passed, failed


def counts(report: Path) -> tuple[int, int]:
    if not report.exists():
        return 0, 1
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    return len(cases) - len(failed) - len(skipped), len(failed)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-examples", type=int, default=int(os.environ.get("SCHEMA_EXAMPLES", "15")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SCHEMA_SEED", "1")))
    parser.add_argument("only", nargs="*")
    options = parser.parse_args()
    print(f"schema: seed {options.seed}, {options.max_examples} examples", flush=True)
    chosen = [(database, role) for database in ("sqlite", "postgres") for role in ("user", "admin")
              if not {database, role}.isdisjoint(options.only) or not options.only]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda one: run(*one, options), chosen))
    passed, failed = (sum(numbers) for numbers in zip(*results))
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
