"""One run of the load generator beside others: started, watched while it runs, and read when it is over."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.measure import MeasureError, resident_bytes


@dataclass(frozen=True)
class Outcome:
    """What a run came to. Latencies in milliseconds, CPU in microseconds a request."""

    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    user_us: float
    system_us: float
    # By the name that each was given.
    others_us: dict[str, float]
    resident_bytes: int
    errors: int
    reconnects: int
    # Of each second.
    seconds: list[dict]

    @property
    def cpu_us(self) -> float:
        return self.user_us + self.system_us


class LoadRun:
    """The generator, running."""

    def __init__(self, binary: Path, url: str, *, connections: int, seconds: float, warmup: float = 1, rate: float | None = None,
                 depth: int = 1, scenario: str | None = None, headers: dict[str, str] | None = None, core: int | None = None,
                 server_pid: int | None = None, others: dict[str, int] | None = None, html: Path | None = None) -> None:
        self.url, self.server_pid, self.longest = url, server_pid, warmup + seconds + 60
        command = ["taskset", "-c", str(core)] if core is not None else []
        command += [str(binary), "--url", url, "-c", str(connections), "-d", f"{seconds:g}", "--warmup", f"{warmup:g}", "--json", "-"]
        command += ["-r", f"{rate:.0f}"] if rate is not None else []
        command += ["--depth", str(depth)] if depth > 1 else []
        command += ["--scenario", scenario] if scenario is not None else []
        command += ["--server-pid", str(server_pid)] if server_pid is not None else []
        command += ["--html", str(html)] if html is not None else []
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        for name, pid in (others or {}).items():
            command += ["--process", f"{name}={pid}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self) -> Outcome:
        """Waits for the end. Memory is looked at while the connections are open, once a second: afterwards it would be another figure."""
        most, waited, out, err = 0, 0.0, "", ""
        while True:
            try:
                out, err = self.process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                waited += 1
                if waited > self.longest:
                    self.stop()
                    raise MeasureError(f"load did not end against {self.url}") from None
                if self.server_pid is not None:
                    most = max(most, resident_bytes(self.server_pid))
        if self.process.returncode != 0:
            raise MeasureError(f"load failed against {self.url}: {(err or out).strip()[-500:]}")
        result = json.loads(out)
        server, latency = result.get("server") or {}, result["latency"]
        return Outcome(
            result["requests"], result["requestsPerSecond"], latency["p50"] / 1_000, latency["p99"] / 1_000, latency["p999"] / 1_000,
            server.get("userMicros", 0.0), server.get("systemMicros", 0.0),
            {other["name"]: other["userMicros"] + other["systemMicros"] for other in result["others"]},
            max(most, server.get("residentBytes", 0)), sum(result["failures"].values()) + result["unsent"], result["reconnects"],
            result["seconds"])

    def stop(self) -> None:
        """Ends a run that nobody waits for any more."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
