"""What a request costs: wrk's count of requests, the kernel's count of CPU time, memory and system calls."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from services import process_tree

TICKS = os.sysconf("SC_CLK_TCK")
HERE = Path(__file__).resolve().parents[1]


class MeasureError(Exception):
    """A server answered wrongly, or a tool said something unforeseen."""


@dataclass(frozen=True)
class CPUTime:
    """Seconds in user space and in the kernel."""

    user: float
    system: float

    def __sub__(self, earlier: CPUTime) -> CPUTime:
        return CPUTime(self.user - earlier.user, self.system - earlier.system)


@dataclass(frozen=True)
class Run:
    """One run of wrk against one server; CPU in microseconds a request."""

    requests: int
    requests_per_second: float
    p99_milliseconds: float
    user: float
    system: float
    database: float
    errors: int


def cpu_time(pid: int) -> CPUTime:
    """What the process, its descendants and its children that have ended have used (man 5 proc, fields 14 to 17)."""
    user = system = 0
    for member in process_tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        user += int(fields[11]) + int(fields[13])
        system += int(fields[12]) + int(fields[14])
    return CPUTime(user / TICKS, system / TICKS)


def resident_bytes(pid: int) -> int:
    """Memory of the process tree; pages that its members share are counted once each, so trees compare with trees only."""
    total = 0
    for member in process_tree(pid):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{member}/smaps_rollup").read_text(), re.MULTILINE)
        total += int(found[1]) * 1024 if found else 0
    return total


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]


def wrk(url: str, *, connections: int, seconds: float, core: int | None, headers: dict[str, str], depth: int,
        requests: Path | None = None) -> tuple[dict, list[str]]:
    """Runs wrk with one thread; its figures and the command. `requests` is a file of them, as requests.lua reads it."""
    command = ["taskset", "-c", str(core)] if core is not None else []
    command += ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    if depth > 1:
        command += ["-s", str(HERE / "pipeline.lua")]
    if requests is not None:
        command += ["-s", str(HERE / "requests.lua")]
    command.append(url)
    if depth > 1:
        command += ["--", str(depth)]
    if requests is not None:
        command += ["--", str(requests)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60)
    if result.returncode != 0:
        raise MeasureError(f"wrk failed: {result.stdout}{result.stderr}")
    text = result.stdout
    total = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p50, p99 = (re.search(rf"^\s+{part}%\s+(\S+)", text, re.MULTILINE) for part in (50, 99))
    if not (total and rate and p50 and p99):
        raise MeasureError(f"wrk said something unforeseen:\n{text}")
    errors = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    errors += sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    figures = {"requests": int(total[1]), "rate": float(rate[1]), "p50": milliseconds(p50[1]), "p99": milliseconds(p99[1]), "errors": errors}
    return figures, command


def measure(url: str, pid: int, database_pid: int | None, **options) -> Run:
    """One run: CPU time is taken right before and right after, so it holds the connections' opening and closing too."""
    before, database_before = cpu_time(pid), cpu_time(database_pid) if database_pid else None
    figures, _ = wrk(url, **options)
    used = cpu_time(pid) - before
    database = cpu_time(database_pid) - database_before if database_pid else CPUTime(0, 0)
    if figures["requests"] == 0:
        raise MeasureError(f"{url} answered nothing")
    per_request = 1e6 / figures["requests"]
    return Run(figures["requests"], figures["rate"], figures["p99"], used.user * per_request, used.system * per_request,
               (database.user + database.system) * per_request, figures["errors"])


def open_descriptors(pid: int) -> int:
    return sum(len(os.listdir(f"/proc/{member}/fd")) for member in process_tree(pid))


def idle_bytes(port: int, pid: int, path: str, count: int, tls: ssl.SSLContext | None = None) -> float:
    """Memory an idle keep-alive connection costs, each after one request, over `count` of them."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    open_connections: list[socket.socket] = []

    def open_one() -> None:
        # Loopback addresses by turns: a server may cap what one address holds.
        source = f"127.0.{len(open_connections) // 250 % 200 + 1}.1"
        connection = socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))
        open_connections.append(connection)
        if tls is not None:
            open_connections[-1] = connection = tls.wrap_socket(connection, server_hostname="localhost")
        connection.sendall(request)
        if not connection.recv(4_096).startswith(b"HTTP/1.1 200"):
            raise MeasureError("a connection was not served")

    try:
        for _ in range(64):  # what the first connections make the server allocate once is not theirs
            open_one()
        time.sleep(0.5)
        before, descriptors = resident_bytes(pid), open_descriptors(pid)
        for _ in range(count):
            open_one()
        time.sleep(0.5)
        after, held = resident_bytes(pid), open_descriptors(pid) - descriptors
        if held < count:
            raise MeasureError(f"the server has closed {count - held} of {count} connections")
        return (after - before) / count
    finally:
        for connection in open_connections:
            connection.close()


def system_calls(url: str, pid: int, **options) -> dict[str, float]:
    """System calls a request by name, counted with strace; under it requests are slow, but not more of them."""
    with open(os.devnull, "wb") as nowhere:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=nowhere,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        try:
            figures, _ = wrk(url, **options)
        finally:
            tracer.send_signal(signal.SIGINT)
            table = tracer.communicate(timeout=20)[1]
    calls: dict[str, float] = {}
    for line in table.splitlines():
        columns = line.split()
        if len(columns) >= 5 and columns[0].replace(".", "").isdigit() and columns[-1] != "total":
            calls[columns[-1]] = int(columns[3]) / figures["requests"]
    if not calls:
        raise MeasureError(f"strace counted nothing:\n{table}")
    return calls
