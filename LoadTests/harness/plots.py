"""Line plots as SVG, and a page of them that needs nothing else and runs no script. Pure."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 220, 64, 12, 10, 28
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #6a737d; --grid: #e1e4e8; --paper: #fff; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #8d96a0; --grid: #30363d; --paper: #0d1117; --good: #3fb950; --bad: #f85149; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
pre { white-space: pre-wrap; color: var(--dim); }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } figcaption small { font-weight: 400; color: var(--dim); }
svg { width: 100%; height: auto; } .grid { stroke: var(--grid); } .half { fill: var(--grid); opacity: .45; }
text { fill: var(--dim); font-size: 11px; } .y { text-anchor: end; dominant-baseline: middle; } .x { text-anchor: middle; }
.c0 { stroke: #0969da; } .c1 { stroke: #bf5af2; } .c2 { stroke: #1a7f37; } polyline { fill: none; stroke-width: 1.5; } .k0 { color: #0969da; } .k1 { color: #bf5af2; } .k2 { color: #1a7f37; }
.good { color: var(--good); } .bad { color: var(--bad); }
"""


@dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]


def plot(title: str, unit: str, lines: list[Line]) -> str:
    """Time in seconds to the right, from zero up. The second half, which is judged, has a ground of its own."""
    longest = max((x for line in lines for x, _ in line.points), default=0)
    if longest <= 0:
        return ""
    step, highest = ticks(max(y for line in lines for _, y in line.points))

    def across(x: float) -> float:
        return LEFT + x / longest * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - y / highest * (HEIGHT - TOP - BOTTOM)

    parts = [f'<rect class="half" x="{across(longest / 2):.1f}" y="{TOP}" width="{across(longest) - across(longest / 2):.1f}" '
             f'height="{HEIGHT - TOP - BOTTOM}"/>']
    for number in range(round(highest / step) + 1):
        y = number * step
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}"/>'
                     f'<text class="y" x="{LEFT - 8}" y="{up(y):.1f}">{y:g}</text>')
    minute, last = ticks(longest / 60)
    for number in range(round(last / minute) + 1):
        if number * minute * 60 <= longest:
            parts.append(f'<text class="x" x="{across(number * minute * 60):.1f}" y="{HEIGHT - 8}">{number * minute:g} min</text>')
    for color, line in enumerate(lines):
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline class="c{color}" points="{path}"/>')
    names = " ".join(f'<small class="k{color}">{html.escape(line.name)}</small>' for color, line in enumerate(lines)) if len(lines) > 1 else ""
    return (f'<figure><figcaption>{html.escape(title)} <small>{html.escape(unit)}</small> {names}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">{"".join(parts)}</svg></figure>')


def ticks(largest: float) -> tuple[float, float]:
    """A step of 1, 2 or 5 times a power of ten that makes four to ten of them, and the first multiple that is not below."""
    if largest <= 0:
        return 1.0, 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    step = next(power * part for part in (0.1, 0.2, 0.5, 1.0) if largest / (power * part) <= 10)
    return step, math.ceil(largest / step - 1e-9) * step


def page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{html.escape(title)}</title><style>{STYLE}</style></head>
<body><h1>{html.escape(title)}</h1>
{body}
</body></html>
"""
