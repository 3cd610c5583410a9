"""The servers that are measured: how each is started on a port, pinned to a core, and stopped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path

from services import free_port, signal_tree, wait_until

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "LoadTests" / "peers"
BUILD = ROOT / ".build" / "bench"
PLAINTEXT, JSON = b"Hello, World!", {"message": "Hello, World!"}


class ServerError(Exception):
    """A server did not start or did not answer as all of them must."""


def release_binary(product: str, is_built: bool) -> Path:
    """Builds a product unless told that it stands. BENCH_BINARIES names a folder of binaries that were built elsewhere."""
    if folder := os.environ.get("BENCH_BINARIES"):
        binary = Path(folder) / product
    else:
        build = ["swift", "build", "-c", "release", "--static-swift-stdlib"]  # as `make build` does, so that they share their objects
        if not is_built:
            subprocess.run([*build, "--product", product], cwd=ROOT, check=True)
        shown = subprocess.run([*build, "--show-bin-path"], cwd=ROOT, check=True, capture_output=True, text=True)
        binary = Path(shown.stdout.strip()) / product
    if not binary.exists():
        raise ServerError(f"{binary} is not built")
    return binary


class Server:
    """A running server; `peer` ones are what ours is compared with."""

    is_tls = False

    def __init__(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.name, self.command, self.environment = name, command, environment or {}
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.process: subprocess.Popen | None = None

    def prepare(self) -> None:
        """Writes what the command needs; @PORT@ and @FOLDER@ in it are filled in."""

    def fill(self, text: str) -> str:
        return text.replace("@PORT@", str(self.port)).replace("@FOLDER@", str(self.folder))

    def start(self, core: int | None, ready_path: str) -> Server:
        self.prepare()
        command = (["taskset", "-c", str(core)] if core is not None else []) + [self.fill(word) for word in self.command]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        environment |= {name: self.fill(value) for name, value in self.environment.items()}
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_until(lambda: self.process.poll() is not None or self.answers(ready_path), 20, every=0.002) or self.process.poll() is not None:
            words = (self.folder / "log").read_text(errors="replace")[-2000:]
            self.stop()
            raise ServerError(f"{self.name} did not start:\n{words}")
        return self

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        if self.is_tls:
            # The certificate is one that the harness has made: nobody vouches for it.
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def answers(self, path: str) -> bool:
        try:
            return self.get(path)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def check_rules(self) -> None:
        """All of them do the same work, or the comparison says nothing."""
        if self.get("/plaintext") != (200, PLAINTEXT):
            raise ServerError(f"{self.name} answers /plaintext with {self.get('/plaintext')}")
        status, body = self.get("/json")
        if status != 200 or json.loads(body) != JSON:
            raise ServerError(f"{self.name} answers /json with {status} {body!r}")

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                signal_tree(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Server):
    def __init__(self) -> None:
        super().__init__("nginx", ["nginx", "-p", "@FOLDER@", "-e", "stderr", "-c", "@FOLDER@/nginx.conf"])

    def prepare(self) -> None:
        (self.folder / "nginx.conf").write_text(self.fill((PEERS / "nginx.conf").read_text()))


class H2O(Server):
    def __init__(self) -> None:
        super().__init__("h2o", ["h2o", "-m", "worker", "-c", "@FOLDER@/h2o.conf"])

    def prepare(self) -> None:
        # Started by root it would become nobody, who may not write into our folder.
        user = "user: root\n" if os.geteuid() == 0 else ""
        (self.folder / "h2o.conf").write_text(user + self.fill((PEERS / "h2o.conf").read_text()))
        (self.folder / "plaintext.txt").write_bytes(PLAINTEXT)
        (self.folder / "json.json").write_text(json.dumps(JSON, separators=(",", ":")))


class LibuvC(Server):
    def __init__(self) -> None:
        super().__init__("libuv (C)", [str(BUILD / "libuv_plaintext"), "@PORT@"])

    def prepare(self) -> None:
        source, program = PEERS / "libuv_plaintext.c", BUILD / "libuv_plaintext"
        if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
            return
        BUILD.mkdir(parents=True, exist_ok=True)
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libuv"], check=True, capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-o", str(program), str(source), *flags], check=True)


def bench_server(binary: Path, loops: int, database_url: str | None = None) -> Server:
    environment = {"HOST": "127.0.0.1", "PORT": "@PORT@", "LOOPS": str(loops)}
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    return Server("reactor", [str(binary)], environment)


def reactor_serve(binary: Path, loops: int, **settings: str) -> Server:
    """The application; limits are on, as in production, and wide enough for a benchmark."""
    return Server("reactor serve", [str(binary), "serve"], {
        "HOST": "127.0.0.1", "PORT": "@PORT@", "LOOPS": str(loops), "DATA_DIR": "@FOLDER@/data", "APP_ENV": "development",
        "LOG_LEVEL": "warning", "RATE_LIMIT_MODERATE": "1000000000/60s", "RATE_LIMIT_STRICT": "1000000000/60s",
        "MAX_REQUESTS_PER_CONNECTION": "1000000000", **settings,
    })


PEER_TYPES = {"nginx": Nginx, "h2o": H2O, "libuv": LibuvC}
