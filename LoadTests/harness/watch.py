"""Looks at a running `reactor serve` from outside: the kernel's accounts of it, and its own page of metrics."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.measure import MeasureError
from harness.servers import Server
from harness.steady import Sample


def sample(server: Server, seconds: float) -> Sample:
    # Before the page is asked for: that takes a connection.
    descriptors = len(os.listdir(f"/proc/{server.pid}/fd"))
    status = Path(f"/proc/{server.pid}/status").read_text()
    code, page = server.get("/metrics")
    if code != 200:
        raise MeasureError(f"/metrics answers {code}")
    metrics = page.decode()
    return Sample(
        seconds, field(status, "VmRSS") * 1024, descriptors, field(status, "Threads"), field(status, "RssAnon") * 1024,
        int(sum(values(metrics, "cache_bytes"))), max(values(metrics, "event_loop_last_lag_seconds")) * 1_000,
        int(sum(values(metrics, "database_pool_in_use"))), int(sum(values(metrics, "database_pool_waiters"))))


def field(status: str, name: str) -> int:
    """A figure of /proc/PID/status (man 5 proc)."""
    return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])


def values(metrics: str, name: str) -> list[float]:
    """All samples of a family in Prometheus' text format."""
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", metrics, re.MULTILINE)
    if not found:
        raise MeasureError(f"/metrics has no {name}")
    return [float(text) for text in found]
