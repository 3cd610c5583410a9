"""What LoadTests/counts counts with, and what it calls a budget that is kept."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(ROOT / "LoadTests")]
from harness.count_budgets import changes, judge, limits_of, read_budgets, write_budgets  # noqa: E402
from harness.counted import API, BENCH, DEPLOYMENTS  # noqa: E402
from harness.counts import Counted, Exchange, Wire, allocations, c_compiler, counting_environment, traced, why_untraceable  # noqa: E402
from harness.measure import MeasureError  # noqa: E402

BUDGETS = ROOT / "LoadTests" / "budgets" / "counts.json"

# Allocates in every way, so often as its argument says, in two threads at once.
ALLOCATING = r"""
#include <pthread.h>
#include <stdlib.h>
static long times;
static void *work(void *nothing) {
    for (long time = 0; time < times; time++) {
        void *volatile block = malloc(10);
        block = realloc(block, 5000);
        free(block);
        block = calloc(3, 7);
        free(block);
        void *aligned = NULL;
        if (posix_memalign(&aligned, 64, 100)) abort();
        free(aligned);
        block = aligned_alloc(64, 128);
        free(block);
    }
    return nothing;
}
int main(int count, char **arguments) {
    times = count > 1 ? atol(arguments[1]) : 0;
    pthread_t threads[2];
    for (int one = 0; one < 2; one++) if (pthread_create(&threads[one], NULL, work, NULL)) abort();
    for (int one = 0; one < 2; one++) pthread_join(threads[one], NULL);
}
"""


@contextlib.contextmanager
def answering(*pieces: bytes) -> Iterator[int]:
    """A server that reads once and then sends these, one after the other, and closes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(65_536)
                for piece in pieces:
                    connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def counted(**figures: float) -> Counted:
    return Counted(figures, {})


class Allocations(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_every_call_of_every_thread_is_counted(self) -> None:
        source, program = self.folder / "allocating.c", self.folder / "allocating"
        source.write_text(ALLOCATING)
        subprocess.run([c_compiler(), "-O0", "-pthread", "-o", str(program), str(source)], check=True)

        def count(times: int) -> int:
            file = self.folder / f"counters-{times}"
            subprocess.run([str(program), str(times)], check=True, env=os.environ | counting_environment(file))
            return allocations(file)

        # malloc, realloc, calloc, posix_memalign and aligned_alloc, in each of two threads.
        self.assertEqual(count(21_000) - count(1_000), 20_000 * 5 * 2)

    def test_a_program_whose_allocations_nobody_counts_is_no_program_without_allocations(self) -> None:
        with self.assertRaises(MeasureError):
            allocations(self.folder / "nothing")
        (self.folder / "zero").write_bytes(b"alloc-1\0" + bytes(56))
        with self.assertRaises(MeasureError):
            allocations(self.folder / "zero")


class SystemCalls(unittest.TestCase):
    def test_calls_are_counted_while_they_are_traced(self) -> None:
        command = [sys.executable, "-c", "import os, sys\nfor line in sys.stdin:\n for _ in range(100): os.getppid()\n print(flush=True)"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                def ask() -> None:
                    process.stdin.write("\n")
                    process.stdin.flush()
                    process.stdout.readline()

                ask()
                if reason := why_untraceable(process.pid):
                    self.skipTest(reason)
                calls: Counter[str] = Counter()
                with traced(process.pid, calls):
                    ask()
                ask()
                self.assertEqual(calls["getppid"], 100)
            finally:
                process.kill()

    def test_what_cannot_be_traced_has_a_reason(self) -> None:
        self.assertIsNotNone(why_untraceable(2**22 + 1))


class Wires(unittest.TestCase):
    def test_answers_come_in_pieces_and_more_than_one_in_a_piece(self) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        with answering(answer[:10], answer[10:] + b"fir", b"st" + answer + b"other") as port:
            wire = Wire(port)
            self.assertEqual(wire.exchange(Exchange.of("GET", "/", depth=2)), b"other")
            wire.close()

    def test_another_status_or_an_end_is_an_error(self) -> None:
        for pieces in ((b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",), (b"HTTP/1.1 200 OK\r\nContent-Le",)):
            with answering(*pieces) as port:
                wire = Wire(port)
                with self.assertRaises(MeasureError):
                    wire.exchange(Exchange.of("GET", "/"))
                wire.close()


class Budgets(unittest.TestCase):
    def test_one_call_more_for_each_request_passes_the_budget(self) -> None:
        for limit in (0, 1, 9, 39, 90):
            self.assertEqual(len(judge([counted(allocations=limit + 1.0)], {"allocations": limit}).passed), 1, limit)
            self.assertEqual(judge([counted(allocations=limit + 0.03)], {"allocations": limit}).passed, [], limit)

    def test_a_busy_machine_passes_no_budget(self) -> None:
        self.assertEqual(judge([counted(system_calls=8.16, allocations=39.45)], {"system_calls": 8, "allocations": 39}).passed, [])
        self.assertEqual(len(judge([counted(system_calls=9, allocations=40)], {"system_calls": 8, "allocations": 39}).passed), 2)

    def test_one_read_more_for_sixteen_requests_passes_the_budget(self) -> None:
        self.assertEqual(len(judge([counted(read=2 / 16)], {"read": 0.07}).passed), 1)

    def test_the_lowest_repetition_counts_and_the_others_are_pointed_out(self) -> None:
        verdict = judge([counted(read=3.4), counted(read=3.0), counted(read=3.2)], {"read": 3})
        self.assertEqual(verdict.passed, [])
        self.assertEqual(verdict.unsteady, ["read 3.00 to 3.40"])

    def test_what_was_not_counted_is_shown_and_passes_nothing(self) -> None:
        verdict = judge([counted(read=1.0)], {"read": 1, "system_calls": 3})
        self.assertIn("-/3", verdict.cells)
        self.assertEqual(verdict.passed, [])

    def test_a_new_budget_has_room_where_repetitions_differ_and_none_where_they_agree(self) -> None:
        new = limits_of([counted(read=3.01, write=17.1, enqueues=1 / 16), counted(read=3.2, write=17.4, enqueues=1 / 16)], {"system_calls": 9})
        self.assertEqual(new, {"enqueues": 0.07, "read": 3, "write": 18.3, "system_calls": 9})
        self.assertEqual(changes({"a": {"read": 3, "write": 20}}, {"a": new})[1:], ["a: write 20 -> 18.3", "a: system_calls none -> 9"])

    def test_budgets_are_written_as_they_are_read_and_unknown_figures_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "budgets.json"
            path.write_text('{"about": "x", "scenarios": {}}')
            write_budgets(path, {"a": {"read": 1, "write": 0.07}, "b": {}})
            self.assertEqual(read_budgets(path), {"a": {"read": 1, "write": 0.07}, "b": {}})
            path.write_text('{"about": "x", "scenarios": {"a": {"raed": 1}}}')
            with self.assertRaises(MeasureError):
                read_budgets(path)

    def test_every_scenario_has_a_budget_and_every_budget_a_scenario(self) -> None:
        scenarios = BENCH + [f"{name}-{deployment}" for deployment in DEPLOYMENTS for name in API]
        self.assertEqual(sorted(read_budgets(BUDGETS)), sorted(scenarios))

    def test_plaintext_is_one_read_one_write_and_at_most_one_enqueue(self) -> None:
        plaintext = json.loads(BUDGETS.read_text())["scenarios"]["plaintext"]
        for figure in ("read", "write", "enqueues"):
            self.assertLessEqual(plaintext[figure], 1, figure)
