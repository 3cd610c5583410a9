"""Whether a server that has been under load for a while is steady, by what was seen of it. Pure.

The first half of a run is warm-up: pools fill, caches and the allocator's arenas grow to their size. What counts is the second.
Growth there is the slope of Theil and Sen (the median of the slopes between all pairs of samples) times its length: a line that a
single sweep, or a sample taken in the middle of a burst, does not bend.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

MIB = 1 << 20
# A run of ten minutes may show half a MiB more in its second half, one of an hour three: less cannot be told from the
# allocator's breathing. At a thousand requests a second it is less than two bytes a request that are never given back.
GROWTH_IN_TEN_MINUTES = 1 * MIB
LEAST_TOLD_APART = MIB // 2
# Whatever the line says: a step that stays is growth too.
LARGEST_STEP = 0.05
# Connections that are being replaced, a file that is open for a moment.
DESCRIPTORS_TOLD_APART = 2
LEAST_SAMPLES = 8


@dataclass(frozen=True)
class Sample:
    """The server at one moment, in seconds from the beginning of the load."""

    seconds: float
    resident_bytes: int
    descriptors: int
    threads: int
    # Of the resident memory what no file stands behind: the rest is code and mapped files, which the kernel can drop.
    anonymous_bytes: int = 0
    # The cache in the process, which may fill up to its limit.
    cache_bytes: int = 0
    # Of the worst loop.
    loop_lag_ms: float = 0.0
    pool_in_use: int = 0
    pool_waiters: int = 0


@dataclass(frozen=True)
class Verdict:
    """What there is against calling it steady; nothing, if it is."""

    faults: list[str]
    growth_bytes: float
    allowed_bytes: float


def second_half(samples: list[Sample]) -> list[Sample]:
    middle = samples[-1].seconds / 2 if samples else 0.0
    return [sample for sample in samples if sample.seconds >= middle]


def slope(points: list[tuple[float, float]]) -> float:
    """Theil's and Sen's, in units a second."""
    return statistics.median((later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in combinations(points, 2) if later[0] > earlier[0])


def judge(samples: list[Sample], errors: int) -> Verdict:
    half = second_half(samples)
    if len(half) < LEAST_SAMPLES:
        return Verdict([f"{len(half)} samples of the second half are too few to say anything"], 0.0, 0.0)
    seconds = half[-1].seconds - half[0].seconds
    growth = slope([(sample.seconds, sample.resident_bytes) for sample in half]) * seconds
    allowed = max(LEAST_TOLD_APART, GROWTH_IN_TEN_MINUTES * seconds / 600)
    faults = []
    if growth > allowed:
        faults.append(f"memory grew by {growth / MIB:.2f} MiB in the last {seconds:.0f} s; {allowed / MIB:.2f} are allowed")

    def ends(figure: Callable[[Sample], int]) -> tuple[float, float]:
        """Medians of the half's first and last tenth, three samples at least."""
        count = max(3, len(half) // 10)
        return statistics.median(map(figure, half[:count])), statistics.median(map(figure, half[-count:]))

    first, last = ends(lambda sample: sample.resident_bytes)
    if last > first * (1 + LARGEST_STEP):
        faults.append(f"memory went from {first / MIB:.1f} to {last / MIB:.1f} MiB, by more than {LARGEST_STEP:.0%}")
    first, last = ends(lambda sample: sample.descriptors)
    if last > first + DESCRIPTORS_TOLD_APART:
        faults.append(f"open descriptors went from {first:g} to {last:g}")
    first, last = ends(lambda sample: sample.threads)
    if last > first:
        faults.append(f"threads went from {first:g} to {last:g}")
    if errors:
        faults.append(f"{errors} requests failed or were not sent in time")
    return Verdict(faults, growth, allowed)
