"""What a request costs in counts: system calls by strace, allocations by a counter of our own, enqueues by the server's own page.

Counts, unlike times, are the same on every machine: a server that is warm is sent so many requests one after the other over one
connection, and the difference of the counters is divided by their number.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.measure import MeasureError

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "LoadTests" / "counters" / "allocations.c"
LIBRARY = ROOT / ".build" / "bench" / "allocations.so"

# System calls by what they are for. recv and send are libpq's: everything else here uses read and write, on sockets too.
KINDS = {
    "read": {"read", "readv", "pread64", "preadv", "preadv2"}, "write": {"write", "writev", "pwrite64", "pwritev", "pwritev2"},
    "recv": {"recvfrom", "recvmsg", "recvmmsg"}, "send": {"sendto", "sendmsg", "sendmmsg"},
    "poll": {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll"},
}
# Whether a thread has to be waited for is the scheduler's choice: these differ from run to run, and are no part of the sum.
WAITS = {"futex", "sched_yield"}
FIGURES = ["enqueues", *KINDS, "system_calls", "allocations"]


@dataclass(frozen=True)
class Exchange:
    """What is sent in one piece, and what must come back."""

    request: bytes
    status: int = 200
    answers: int = 1

    @staticmethod
    def of(method: str, path: str, fields: dict[str, str] | None = None, body: bytes = b"", status: int = 200, depth: int = 1) -> Exchange:
        head = {"Host": "localhost"} | (fields or {}) | ({"Content-Length": str(len(body))} if body else {})
        text = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n"
        return Exchange((text.encode() + body) * depth, status, depth)


class Wire:
    """One keep-alive connection. The next request goes out when all answers to the last have come."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def exchange(self, exchange: Exchange) -> bytes:
        """The body of the last answer."""
        self.socket.sendall(exchange.request)
        body = b""
        for _ in range(exchange.answers):
            while (end := self.rest.find(b"\r\n\r\n")) < 0:
                self.receive()
            head = self.rest[:end].decode("latin-1")
            length = re.search(r"^content-length: *(\d+)", head, re.MULTILINE | re.IGNORECASE)
            if not head.startswith(f"HTTP/1.1 {exchange.status} ") or length is None:
                raise MeasureError(f"{exchange.request.split(b' HTTP')[0].decode()} was answered with\n{head}")
            until = end + 4 + int(length[1])
            while len(self.rest) < until:
                self.receive()
            body, self.rest = self.rest[end + 4:until], self.rest[until:]
        return body

    def receive(self) -> None:
        piece = self.socket.recv(262_144)
        if not piece:
            raise MeasureError("the server closed the connection")
        self.rest += piece

    def close(self) -> None:
        self.socket.close()


# Allocations


def c_compiler() -> str:
    """Swift's toolchain has one, clang."""
    found = next((name for name in ("cc", "clang", "gcc") if shutil.which(name)), None)
    if found is None:
        raise MeasureError("no C compiler: install one, or run scripts/bootstrap bench")
    return found


def counting_library() -> Path:
    """Builds the library of allocations.c, where it is not newer than its source."""
    if not LIBRARY.exists() or LIBRARY.stat().st_mtime <= SOURCE.stat().st_mtime:
        LIBRARY.parent.mkdir(parents=True, exist_ok=True)
        built = LIBRARY.with_suffix(f".{os.getpid()}")
        subprocess.run([c_compiler(), "-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o", str(built), str(SOURCE), "-ldl"], check=True)
        built.replace(LIBRARY)  # whole, for a run beside this one
    return LIBRARY


def counting_environment(path: Path) -> dict[str, str]:
    """What a server's environment must have for its allocations to be counted in the file."""
    return {"LD_PRELOAD": str(counting_library()), "ALLOCATION_COUNTERS": str(path)}


def allocations(path: Path) -> int:
    """Calls so far of malloc, calloc, realloc and those that take an alignment (counters_t in allocations.c)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MeasureError(f"the server counts no allocations: {error}") from None
    magic, *calls = struct.unpack("8s4Q24x", data)
    if magic != b"alloc-1\0" or not calls[0]:
        raise MeasureError("the server counts no allocations: has it an allocator of its own?")
    return sum(calls)


# Enqueues


def enqueues(wire: Wire, page: str) -> int:
    """Jobs enqueued so far, on the loops' own threads and from others."""
    text = wire.exchange(Exchange.of("GET", page)).decode()
    found = re.findall(r"^event_loop_jobs_(?:enqueued|from_elsewhere)_total(?:\{[^}]*\})? (\d+)$", text, re.MULTILINE)
    if not found:
        raise MeasureError(f"{page} has no counters of event loops")
    return sum(map(int, found))


# System calls


def kernel_account(pid: int) -> tuple[int, int] | None:
    """Reads and writes so far, by the kernel (man 5 proc, syscr and syscw); None where it does not say."""
    try:
        text = Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return None
    found = [re.search(rf"^{name}: (\d+)$", text, re.MULTILINE) for name in ("syscr", "syscw")]
    return (int(found[0][1]), int(found[1][1])) if all(found) else None


@contextmanager
def traced(pid: int, calls: Counter[str]) -> Iterator[None]:
    """Adds to `calls` what all threads of the process call meanwhile, by name. Under strace requests are slow, but not more of them."""
    tracer = subprocess.Popen(["strace", "-f", "-c", "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    words: list[str] = []
    has_spoken = threading.Event()

    def listen() -> None:
        for line in tracer.stderr:
            words.append(line)
            has_spoken.set()
        has_spoken.set()  # or it has ended

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    has_spoken.wait(10)
    try:
        # The first line says whether it could: "strace: Process 12 attached with 3 threads".
        if not words or "attached" not in words[0]:
            raise MeasureError(f"strace could not attach:\n{''.join(words)}")
        yield
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        listener.join(20)
    for line in words:
        columns = line.split()  # % time, seconds, usecs/call, calls, [errors,] syscall
        if len(columns) >= 5 and columns[0].replace(".", "").isdigit() and columns[-1] != "total":
            calls[columns[-1]] += int(columns[3])


def why_untraceable(pid: int) -> str | None:
    """Why system calls of the process cannot be counted on this machine; None where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    try:
        with traced(pid, Counter()):
            return None
    except MeasureError as error:
        return str(error).strip().splitlines()[-1]


# All of them


@dataclass
class Counted:
    """One repetition: a figure a request by name, and every system call by its own."""

    figures: dict[str, float]
    calls: dict[str, float]


def count(port: int, pid: int, page: str, allocation_file: Path, exchange: Exchange, *, warm_up: int, times: int, traced_times: int,
          repetitions: int) -> list[Counted]:
    """Repetitions, each of `times` exchanges and then `traced_times` under strace; 0 of these: reads and writes by the kernel's account."""
    wire = Wire(port)
    try:
        for _ in range(warm_up):
            wire.exchange(exchange)
        return [repetition(wire, pid, page, allocation_file, exchange, times, traced_times) for _ in range(repetitions)]
    finally:
        wire.close()


def repetition(wire: Wire, pid: int, page: str, allocation_file: Path, exchange: Exchange, times: int, traced_times: int) -> Counted:
    # Asking for the page enqueues too: how much, is what two of them in a row say.
    asked_once, asked_twice = enqueues(wire, page), enqueues(wire, page)
    account, allocated = kernel_account(pid), allocations(allocation_file)
    for _ in range(times):
        wire.exchange(exchange)
    allocated = allocations(allocation_file) - allocated
    account_after = kernel_account(pid)
    enqueued = enqueues(wire, page) - asked_twice - (asked_twice - asked_once)
    requests = times * exchange.answers
    figures = {"enqueues": enqueued / requests, "allocations": allocated / requests}
    if traced_times == 0:
        if account and account_after:
            figures |= {"read": (account_after[0] - account[0]) / requests, "write": (account_after[1] - account[1]) / requests}
        return Counted(figures, {})
    calls: Counter[str] = Counter()
    with traced(pid, calls):
        for _ in range(traced_times):
            wire.exchange(exchange)
    by_name = {name: number / (traced_times * exchange.answers) for name, number in calls.items()}
    figures |= {kind: sum(by_name.get(name, 0) for name in names) for kind, names in KINDS.items()}
    figures["system_calls"] = sum(number for name, number in by_name.items() if name not in WAITS)
    return Counted(figures, by_name)
