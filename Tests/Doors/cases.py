"""The rules: what a case is tried for, and when it has failed. A case is a door and an alphabet.

- No text costs more than ten times the processor time that plain letters of the same size cost at the same door.
- No text holds the event loop for ten milliseconds in one piece.
- Every request gets a response, and none of 500 or above.

A machine that does other things too is no fault of the server: a case fails only if it fails each time it is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from alphabets import ALPHABETS, LETTERS, Alphabet, fill
from door import Door, Refused
from measure import MIN_REQUESTS, Cost, measure, read_loop, requests_for
from world import World

MAX_RATIO = 10
# Below this a reference is noise: what is ten times as dear as that is cheap too.
MIN_REFERENCE_SECONDS = 100e-6
TRIES = 4
LOOP_TRIES = 3
# A case that has used so much is no noise, and is not tried again.
CERTAIN_CPU_SECONDS = 1


@dataclass
class Result:
    """What became of a case."""

    door: str
    alphabet: str
    size: int
    each: float = 0
    reference: float = 0
    # Of all of the loop's work since the start, where this case was looked at for it.
    longest_piece: float | None = None
    statuses: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.each / max(self.reference, MIN_REFERENCE_SECONDS)

    def __str__(self) -> str:
        if not self.size:
            return self.door
        piece = "" if self.longest_piece is None else f", longest piece since the start {self.longest_piece * 1e3:.1f} ms"
        statuses = "/".join(map(str, sorted(self.statuses))) or "no response"
        return (f"{self.door} | {self.alphabet} | {self.size} bytes: {self.each * 1e6:.0f} us of CPU a request, reference "
                f"{self.reference * 1e6:.0f} us, ratio {self.ratio:.1f}{piece}, status {statuses}")


class DoorTrial:
    """Tries every alphabet at one door."""

    def __init__(self, world: World, door: Door, has_loop_metrics: bool) -> None:
        self.world, self.door, self.size = world, door, door.size
        self.has_loop_metrics = has_loop_metrics
        self.texts: dict[Alphabet, bytes] = {}
        for alphabet in ALPHABETS:
            text = fill(alphabet, door.carrier, self.size, door.counts_text)
            if text is not None:
                self.texts[alphabet] = text
        self.reference = 0.0
        self.requests = MIN_REQUESTS

    def run(self) -> list[Result]:
        if LETTERS not in self.texts:
            return [Result(self.door.name, LETTERS.name, self.size, faults=["the door has no room for plain letters"])]
        before = self._long_pieces()
        # Warms up, too: statements are prepared and buffers grown.
        first = self._send(LETTERS, MIN_REQUESTS)
        self.requests = requests_for(first.each)
        if first.stalled:
            return [self._result(LETTERS, first)]
        tried = {LETTERS: self._tried(LETTERS)}
        for alphabet in self.texts:
            if alphabet is not LETTERS:
                try:
                    tried[alphabet] = self._tried(alphabet)
                except Refused:
                    continue
        results = list(tried.values())
        if self.has_loop_metrics and self._long_pieces() != before:
            for alphabet, result in tried.items():
                if not result.faults:
                    self._look_at_loop(alphabet, result)
        if not self.world.answers():
            results[0].faults.append("after this door GET /health/live was not answered within 1 s")
            self.world.restart()
        return results

    # --- Processor time

    def _tried(self, alphabet: Alphabet) -> Result:
        for _ in range(TRIES):
            if alphabet is LETTERS:
                cost = self._send(alphabet, self.requests)
                self._refer_to(cost)
            else:
                enough = 3 * MAX_RATIO * self.requests * max(self.reference, MIN_REFERENCE_SECONDS)
                cost = self._send(alphabet, self.requests, enough)
            result = self._result(alphabet, cost)
            if not result.faults or cost.stalled or cost.cpu_seconds > CERTAIN_CPU_SECONDS:
                break
            if alphabet is not LETTERS:
                self._refer_to(self._send(LETTERS, self.requests))
        return result

    def _refer_to(self, letters: Cost) -> None:
        """The smallest reading counts: whatever else the machine does only adds, and must not excuse what is tried later."""
        self.reference = min(self.reference or letters.each, letters.each)

    def _send(self, alphabet: Alphabet, requests: int, enough: float | None = None) -> Cost:
        build, text = self.door.build, self.texts[alphabet]
        if self.door.before:
            self.door.before(text)
        options = {} if enough is None else {"enough_cpu": enough}
        cost = measure(self.world, lambda: build(text, next(self.world.serials)), requests, **options)
        if self.door.after and not cost.stalled:
            self.door.after()
        return cost

    def _result(self, alphabet: Alphabet, cost: Cost) -> Result:
        result = Result(self.door.name, alphabet.name, self.size, cost.each, self.reference, statuses=cost.statuses)
        if cost.stalled:
            result.faults.append(cost.stalled)
        elif alphabet is not LETTERS and result.ratio > MAX_RATIO:
            result.faults.append(f"dearer than {MAX_RATIO} times plain letters")
        for status in sorted(cost.statuses - self.door.allows):
            if status >= 500:
                result.faults.append(f"answered {status}")
            elif status == 0:
                result.faults.append("closed without a response")
        if alphabet is LETTERS and self.door.expects and not cost.stalled and cost.statuses != {self.door.expects}:
            result.faults.append(f"plain letters are to be answered {self.door.expects}")
        return result

    # --- The event loop

    def _long_pieces(self) -> tuple[int, int]:
        """How many there were, and since which start."""
        reading = read_loop(self.world) if self.has_loop_metrics else None
        return (reading.long_pieces if reading else 0), self.world.restarts

    def _look_at_loop(self, alphabet: Alphabet, result: Result) -> None:
        """Somebody held the loop at this door: whether it is this alphabet."""
        for _ in range(LOOP_TRIES):
            before = self._long_pieces()
            cost = self._send(alphabet, MIN_REQUESTS)
            reading = read_loop(self.world)
            result.longest_piece = reading.longest_seconds if reading else None
            if cost.stalled:
                result.faults.append(cost.stalled)
                return
            if self._long_pieces() == before:
                result.longest_piece = None
                return
        result.faults.append("held the event loop for 10 ms or more in one piece")
