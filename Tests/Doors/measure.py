"""What requests cost the server: its processor time, and for how long it held its event loop.

Processor time is the process' CPU clock, that of all its threads, which the kernel lets any process of the same user read in
nanoseconds: reading it costs the server nothing, and asking GET /metrics would. The loop's pieces come from GET /metrics.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from client import ClosedWithoutResponse, NoResponse, RawClient
from world import World

# A case that has used so much, or is not answered within so long, is given up and the server started anew.
MAX_CASE_CPU_SECONDS = 5
MAX_SILENCE_SECONDS = 20
# What a case should cost together, so that the clock's and the kernel's own noise does not count.
ENOUGH_CPU_SECONDS = 0.003
MIN_REQUESTS, MAX_REQUESTS = 3, 200

LONG_PIECES = re.compile(rb"^event_loop_long_pieces_total(?:\{[^}]*\})? (\S+)", re.MULTILINE)
LONGEST_PIECE = re.compile(rb"^event_loop_longest_piece_seconds(?:\{[^}]*\})? (\S+)", re.MULTILINE)


class Stalled(Exception):
    """The server is busy with a request for too long, or has ended."""


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads."""
    try:
        # clock_getcpuclockid(3): the process' clock, of the kind that the scheduler keeps.
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class LoopReading:
    """The pieces of work of the event loops since the start."""

    long_pieces: int
    longest_seconds: float


def read_loop(world: World) -> LoopReading | None:
    """None where the server does not tell."""
    response = world.control.exchange(b"GET /metrics HTTP/1.1\r\n" + world.host + b"\r\n")
    counts, longest = LONG_PIECES.findall(response.body), LONGEST_PIECE.findall(response.body)
    if response.status != 200 or not counts:
        return None
    return LoopReading(sum(int(float(count)) for count in counts), max((float(one) for one in longest), default=0))


@dataclass
class Cost:
    """What some requests cost, each of them on average."""

    requests: int
    cpu_seconds: float
    statuses: set[int] = field(default_factory=set)
    # Why the server had to be started anew; empty as a rule.
    stalled: str = ""

    @property
    def each(self) -> float:
        return self.cpu_seconds / max(1, self.requests)


class Watch:
    """Looks after a request that is not answered yet."""

    def __init__(self, world: World) -> None:
        self.world, self.began, self.asked = world, cpu_seconds(world.pid), time.monotonic()

    def __call__(self) -> None:
        if not self.world.is_running:
            raise Stalled(f"the server ended with {self.world.server.process.returncode}")
        if self.used > MAX_CASE_CPU_SECONDS:
            raise Stalled(f"given up after {self.used:.1f} s of CPU")
        if time.monotonic() - self.asked > MAX_SILENCE_SECONDS:
            raise Stalled(f"no response within {MAX_SILENCE_SECONDS} s")

    @property
    def used(self) -> float:
        return cpu_seconds(self.world.pid) - self.began


def measure(world: World, build: Callable[[], bytes], requests: int, enough_cpu: float = MAX_CASE_CPU_SECONDS) -> Cost:
    """Sends so many requests one after the other.

    Ends early once they have cost `enough_cpu` seconds together. A server that does not come back is started anew.
    """
    watch, statuses, sent = Watch(world), set(), 0
    try:
        while sent < requests and watch.used <= enough_cpu:
            request = build()
            sent += 1
            watch.asked = time.monotonic()
            statuses.add(world.client.exchange(request, watch).status)
        settle(world, watch)
        return Cost(sent, watch.used, statuses)
    except ClosedWithoutResponse:
        # A status that there is not: no door is content with it.
        if world.is_running:
            return Cost(sent, watch.used, statuses | {0})
        reason = f"the server ended with {world.server.process.returncode}"
    except (Stalled, NoResponse, OSError) as error:
        reason = str(error)
    used = watch.used if world.is_running else 0
    world.restart()
    return Cost(sent, used, statuses, reason)


def settle(world: World, watch: Watch) -> None:
    """What a request leaves to be done after its response is done before another one's."""
    world.control.exchange(b"GET /health/live HTTP/1.1\r\n" + world.host + b"\r\n", watch)


def requests_for(each: float) -> int:
    """How many requests make a cost that can be told from noise."""
    return max(MIN_REQUESTS, min(MAX_REQUESTS, math.ceil(ENOUGH_CPU_SECONDS / max(each, 1e-6))))


def cpu_after_leaving(world: World, request: bytes) -> float:
    """Sends a request, closes the connection at once, and returns what the server uses in the second after that."""
    RawClient(world.server.port).send_and_leave(request)
    began = cpu_seconds(world.pid)
    time.sleep(1)
    return cpu_seconds(world.pid) - began
