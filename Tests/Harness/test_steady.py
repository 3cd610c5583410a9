"""What the soak calls steady, on servers that do not exist: each leaks in its own way, or does not."""

from __future__ import annotations

import random
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(ROOT / "LoadTests")]
from harness.plots import ticks  # noqa: E402
from harness.steady import MIB, Sample, Verdict, judge, slope  # noqa: E402
from harness.tables import Column, markdown  # noqa: E402


def run(minutes: float = 10, *, memory=lambda seconds: 0.0, descriptors=lambda seconds: 0, threads=lambda seconds: 0, noise: float = 0.1) -> list[Sample]:
    """Samples every five seconds; memory in MiB above forty, with so many MiB of noise. The same in each call."""
    chance = random.Random(4)
    return [
        Sample(second, int((40 + memory(second) + chance.uniform(-noise, noise)) * MIB), 90 + descriptors(second) + chance.choice((0, 0, 0, 1)),
               11 + threads(second))
        for second in range(0, int(minutes * 60) + 1, 5)
    ]


def warming(seconds: float) -> float:
    """Ten MiB in the first minute."""
    return min(10.0, seconds / 6)


class Steady(unittest.TestCase):
    def assertSteady(self, verdict: Verdict) -> None:
        self.assertEqual(verdict.faults, [])

    def assertFault(self, verdict: Verdict, word: str) -> None:
        self.assertTrue(any(word in fault for fault in verdict.faults), verdict.faults)

    def test_a_server_that_warms_up_and_then_stays_is_steady(self) -> None:
        for minutes in (2, 10, 60):
            self.assertSteady(judge(run(minutes, memory=warming), 0))

    def test_two_bytes_a_request_at_a_thousand_a_second_are_found_in_ten_minutes(self) -> None:
        self.assertFault(judge(run(memory=lambda second: warming(second) + second * 2_000 / MIB), 0), "memory grew")

    def test_two_minutes_find_ten_bytes_a_request_at_a_thousand_a_second(self) -> None:
        self.assertFault(judge(run(2, memory=lambda second: warming(second) + second * 10_000 / MIB), 0), "memory grew")

    def test_a_leak_that_begins_in_the_second_half_is_found(self) -> None:
        self.assertFault(judge(run(memory=lambda second: max(0.0, second - 400) / 60), 0), "memory")

    def test_a_step_near_the_end_is_found_though_it_hardly_bends_the_line(self) -> None:
        verdict = judge(run(memory=lambda second: 3.0 if second > 560 else 0.0), 0)
        self.assertFault(verdict, "by more than 5%")

    def test_one_burst_is_no_leak(self) -> None:
        self.assertSteady(judge(run(memory=lambda second: 8.0 if 450 <= second < 460 else 0.0), 0))

    def test_memory_that_is_given_back_is_no_leak(self) -> None:
        self.assertSteady(judge(run(memory=lambda second: -second / 60), 0))

    def test_a_descriptor_a_minute_is_found(self) -> None:
        self.assertFault(judge(run(descriptors=lambda second: second // 60), 0), "descriptors")

    def test_a_thread_more_is_found(self) -> None:
        self.assertFault(judge(run(threads=lambda second: int(second > 450)), 0), "threads")

    def test_one_error_is_enough(self) -> None:
        self.assertFault(judge(run(), 1), "1 requests failed")

    def test_a_run_too_short_to_say_anything_is_not_called_steady(self) -> None:
        self.assertFault(judge(run(1), 0), "too few")
        self.assertFault(judge([], 0), "too few")

    def test_the_slope_is_that_of_the_line_whatever_one_sample_says(self) -> None:
        points = [(float(x), 3.0 * x) for x in range(20)]
        points[7] = (7.0, 1_000.0)
        self.assertAlmostEqual(slope(points), 3.0, places=1)


class Reports(unittest.TestCase):
    def test_ticks_reach_the_largest_value_and_are_few(self) -> None:
        for largest in (0.037, 0.5, 1, 9.99, 42, 1_000, 123_456):
            step, highest = ticks(largest)
            self.assertGreaterEqual(highest, largest)
            self.assertTrue(2 <= round(highest / step) <= 11, (largest, step, highest))

    def test_tables_are_aligned_and_say_what_is_missing(self) -> None:
        table = markdown([Column("server", "server"), Column("us", "us", ".2f"), Column("faults", "faults", "len")],
                         [{"server": "ours", "us": 7.256, "faults": ["a"]}, {"server": "nginx"}])
        self.assertEqual(table.splitlines(), [
            "| server |   us | faults |", "|--------|-----:|-------:|", "| ours   | 7.26 |      1 |", "| nginx  |    - |      - |"])


if __name__ == "__main__":
    unittest.main()
