#!/usr/bin/env python3
"""Counts the results of `swift test`: swift test 2>&1 | swift_test_report.py

Passes its input on as it comes and ends with one line, `N passed, N failed`. The count comes from the result line of
each test; the closing line `Test run with N tests ...` is the check that the run came to its end. A process that
crashed or was killed never prints it: the tests it had begun and not ended are then named and count as failed.
"""

from __future__ import annotations

import re
import sys

# A symbol, then `Test name() passed after 0.001 seconds.`; parameterised tests say `with N test cases` in between.
RESULT = re.compile(r"^(?:[^\w\s\"'`]+ +)?Test (?P<name>.+?) (?:with \d+ test cases? )?(?P<verdict>passed|failed) after [\d.]+ second")
BEGUN = re.compile(r"^(?:[^\w\s\"'`]+ +)?Test (?P<name>(?!case passing|run ).+?) started\.$")
CLOSING = re.compile(r"^(?:[^\w\s\"'`]+ +)?Test run with (?P<tests>\d+) tests?\b.* (?P<verdict>passed|failed) after")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Report:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.announced: int | None = None
        self.run_failed = False
        self.begun: dict[str, int] = {}

    def read(self, line: str) -> None:
        line = COLOUR.sub("", line).rstrip()
        if closing := CLOSING.match(line):
            self.announced = (self.announced or 0) + int(closing["tests"])
            self.run_failed |= closing["verdict"] == "failed"
        elif begun := BEGUN.match(line):
            self.begun[begun["name"]] = self.begun.get(begun["name"], 0) + 1
        elif result := RESULT.match(line):
            if result["verdict"] == "passed":
                self.passed += 1
            else:
                self.failed += 1
            if self.begun.get(result["name"], 0) > 0:
                self.begun[result["name"]] -= 1

    def close(self) -> list[str]:
        """What has to be said about the run besides its lines; settles the counts."""
        remarks: list[str] = []
        if self.announced is None:
            unfinished = sorted(name for name, count in self.begun.items() if count > 0)
            remarks.append("the test process ended before its closing line: a crash, or a build that failed")
            remarks += [f"begun and not ended: {name}" for name in unfinished]
            self.failed += max(len(unfinished), 1)
        else:
            # A result line that a test's own output tore apart was still counted by the runner.
            self.passed = max(self.passed, self.announced - self.failed)
            if self.run_failed and self.failed == 0:
                remarks.append("the run failed outside of any test")
                self.failed += 1
        if self.passed + self.failed == 0:
            remarks.append("no test ran")
            self.failed += 1
        return remarks


def main() -> int:
    report = Report()
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for line in sys.stdin:
        sys.stdout.write(line)
        sys.stdout.flush()
        report.read(line)
    for remark in report.close():
        print(f"swift test: {remark}")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
