"""What a request may cost in counts: the budgets that are checked in, and whether they are kept."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from harness.counts import FIGURES, Counted
from harness.measure import MeasureError

# What the server does by its own clock adds a few hundredths even to the lowest repetition: that is no budget's business. One call more
# for each read of sixteen pipelined requests would be 0.0625.
BESIDE = 0.05
# The longer a request takes, the more of it: on a machine with four times as many busy threads as cores 0.16 system calls a request, and
# 0.45 allocations. Half a call cannot be in every request.
BESIDE_ON_A_BUSY_MACHINE = {"system_calls": 0.5, "allocations": 0.5}
# The same of large figures, as a part of them; repetitions that differ by more are pointed out.
NOISE = 0.01
# The room that a new budget gives a figure that is not the same in every repetition.
ROOM = 1.05

Limits = dict[str, float]


def read_budgets(path: Path) -> dict[str, Limits]:
    budgets = json.loads(path.read_text())["scenarios"]
    for scenario, limits in budgets.items():
        for name, limit in limits.items():
            # A misspelt limit would be kept by every run.
            if name not in FIGURES or not isinstance(limit, (int, float)):
                raise MeasureError(f"{path.name}: {scenario} has a limit '{name}' that is none of {', '.join(FIGURES)}")
    return budgets


def write_budgets(path: Path, budgets: dict[str, Limits]) -> None:
    """A scenario a line, so that a change of one is a change of one line."""
    about = json.dumps(json.loads(path.read_text())["about"])
    lines = [f"    {json.dumps(scenario)}: {json.dumps(limits)}" for scenario, limits in budgets.items()]
    path.write_text(f'{{\n  "about": {about},\n  "scenarios": {{\n' + ",\n".join(lines) + "\n  }\n}\n")


@dataclass
class Verdict:
    """What came of one scenario. `cells` are the figures beside their budgets, in the order of FIGURES."""

    cells: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    # Figures on which repetitions do not agree.
    unsteady: list[str] = field(default_factory=list)


def most(figure: str, limit: float) -> float:
    """What passes for a budget of `limit`. Where it is less than one a request, as of pipelined ones, every part of a call counts."""
    exact = limit * (1 + NOISE) + BESIDE
    return max(exact, limit + BESIDE_ON_A_BUSY_MACHINE.get(figure, 0)) if limit >= 1 else exact


def judge(repetitions: list[Counted], limits: Limits) -> Verdict:
    """The lowest repetition counts: what runs beside the requests can only add."""
    verdict = Verdict()
    for figure in FIGURES:
        values = [one.figures[figure] for one in repetitions if figure in one.figures]
        limit = limits.get(figure)
        shown = "-" if limit is None else f"{limit:g}"
        if not values:
            verdict.cells.append(f"-/{shown}")
            continue
        lowest, highest = min(values), max(values)
        verdict.cells.append(f"{lowest:.2f}/{shown}")
        if limit is not None and lowest > most(figure, limit):
            verdict.passed.append(f"{figure} {lowest:.2f} a request, the budget is {limit:g}")
        if highest - lowest > max(NOISE * lowest, BESIDE):
            verdict.unsteady.append(f"{figure} {lowest:.2f} to {highest:.2f}")
    return verdict


def limits_of(repetitions: list[Counted], old: Limits) -> Limits:
    """The budget that these repetitions just keep; a figure that they do not have keeps the one that it had."""
    limits: Limits = {}
    for figure in FIGURES:
        values = [one.figures[figure] for one in repetitions if figure in one.figures]
        if values:
            limits[figure] = limit_of(min(values), max(values))
        elif figure in old:
            limits[figure] = old[figure]
    return limits


def limit_of(lowest: float, highest: float) -> float:
    if abs(lowest - round(lowest)) <= BESIDE and highest - lowest < 0.5:
        return round(lowest)  # so many for each request, and now and then one by the server's clock
    if highest - lowest <= BESIDE:
        return math.ceil(lowest * 100) / 100
    return math.ceil(highest * ROOM * 10) / 10


def changes(old: dict[str, Limits], new: dict[str, Limits]) -> list[str]:
    lines = []
    for scenario, limits in new.items():
        for figure, limit in limits.items():
            before = old.get(scenario, {}).get(figure)
            if before != limit:
                lines.append(f"{scenario}: {figure} {'none' if before is None else f'{before:g}'} -> {limit:g}")
    return lines
