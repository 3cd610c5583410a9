"""What a comparison came to: Markdown for terminals and documents, and one HTML file with bars for a browser."""

from __future__ import annotations

import html
from collections.abc import Iterator

from .tables import Column, markdown as markdown_table

COLUMNS = [
    Column("", "label"), Column("requests/s", "requests_per_second", ",.0f"), Column("/s : ours", "rate_to_ours", ".2f"),
    Column("CPU us", "cpu_us", ".2f"), Column("user", "user_us", ".2f"), Column("system", "system_us", ".2f"),
    Column("CPU : ours", "cpu_to_ours", ".2f"), Column("PG us", "database_us", ".2f"), Column("p50 ms", "p50_ms", ".2f"),
    Column("p99 ms", "p99_ms", ".2f"), Column("p99.9 ms", "p999_ms", ".2f"), Column("RSS MiB", "resident_mib", ".1f"),
    Column("errors %", "error_percent", ".2g"),
]
LATENCY_COLUMNS = [
    Column("", "label"), Column("capacity/s", "capacity", ",.0f"), Column("asked for/s", "rate", ",.0f"),
    Column("answered/s", "requests_per_second", ",.0f"), Column("p50 ms", "p50_ms", ".2f"), Column("p99 ms", "p99_ms", ".2f"),
    Column("p99.9 ms", "p999_ms", ".2f"), Column("errors %", "error_percent", ".2g"),
]
# Of the bars: user, system and database time; or the latency that half, all but a hundredth and all but a thousandth keep.
COLOURS = ["#2b6cb0", "#90cdf4", "#d69e2e"]
LATENCY_COLOURS = ["#2b6cb0", "#90cdf4", "#cbd5e0"]


def parts_of(report: dict) -> Iterator[tuple[str, list[Column], list[dict]]]:
    """A title, the columns and the rows of each table."""
    for scenario in report["scenarios"]:
        has_database = any(row.get("database_us") for row in scenario["rows"])
        yield scenario["title"], [column for column in COLUMNS if has_database or column.key != "database_us"], scenario["rows"]
        if scenario["latency"]:
            yield f"{scenario['title']}: open loop at {report['latency_at']:.0%} of capacity", LATENCY_COLUMNS, scenario["latency"]


def left_out(row: dict) -> str:
    return f"{row['server']} is left out: {row['why']}"


def markdown(report: dict) -> str:
    lines = [f"`{report['command']}`  ", *(f"{line}  " for line in report["about"])]
    for title, columns, rows in parts_of(report):
        lines += ["", f"**{title}**", "", markdown_table(columns, rows)]
        lines += [line for row in rows if "why" in row for line in ("", left_out(row))]
    return "\n".join(lines) + "\n"


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1400px; margin: 2rem auto; padding: 0 1rem; color: #1a202c; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem; } section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .4rem; text-align: right; border-bottom: 1px solid #e2e8f0; white-space: nowrap; }
th { font-weight: 600; color: #4a5568; } th:first-child, td:first-child { text-align: left; }
tr.ours td { font-weight: 600; background: #ebf8ff; } td.failed { color: #c53030; white-space: normal; }
td.bar { width: 22%; min-width: 180px; } .bar svg { display: block; width: 100%; height: 14px; }
.about { color: #4a5568; } code { background: #edf2f7; padding: .1rem .3rem; border-radius: 3px; overflow-wrap: anywhere; }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; border-radius: 2px; }
"""


def bar(parts: list[float], most: float, colours: list[str]) -> str:
    drawn, left = [], 0.0
    for value, colour in zip(parts, colours):
        width = 100 * max(value, 0) / most if most else 0
        drawn.append(f'<rect x="{left:.2f}%" width="{width:.2f}%" height="14" fill="{colour}"/>')
        left += width
    return f'<svg role="img">{"".join(drawn)}</svg>'


def section(title: str, columns: list[Column], rows: list[dict]) -> str:
    if columns is LATENCY_COLUMNS:
        names, colours = ["p50", "p99", "p99.9"], LATENCY_COLOURS
        bars = [[row["p50_ms"], row["p99_ms"] - row["p50_ms"], row["p999_ms"] - row["p99_ms"]] if "p50_ms" in row else [] for row in rows]
    else:
        names, colours = ["user", "system", "PostgreSQL"], COLOURS
        bars = [[row["user_us"], row["system_us"], row["database_us"]] if "cpu_us" in row else [] for row in rows]
    most = max(map(sum, bars), default=0)
    head = "".join(f"<th>{html.escape(column.title)}</th>" for column in columns)
    key = "".join(f'<i style="background:{colour}"></i>{name}' for name, colour in zip(names, colours))
    lines = []
    for row, parts in zip(rows, bars):
        if not parts:
            lines.append(f'<tr><td class="failed" colspan="{len(columns) + 1}">{html.escape(left_out(row))}</td></tr>')
            continue
        cells = "".join(f"<td>{html.escape(column.text(row))}</td>" for column in columns)
        lines.append(f'<tr{" class=ours" if row["is_ours"] else ""}>{cells}<td class="bar">{bar(parts, most, colours)}</td></tr>')
    return f'<section><h2>{html.escape(title)}</h2><table><tr>{head}<th class="key">{key}</th></tr>{"".join(lines)}</table></section>'


def page(report: dict) -> str:
    about = "<br>".join(html.escape(line) for line in report["about"])
    return (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Load: reactor and its peers</title><style>{STYLE}</style></head>'
            f'<body><h1>reactor and its peers</h1><p class="about"><code>{html.escape(report["command"])}</code><br>{about}</p>'
            f'{"".join(section(*part) for part in parts_of(report))}</body></html>\n')
