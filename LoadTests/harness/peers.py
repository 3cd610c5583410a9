"""The peers of LoadTests/load-peers: what each can answer, how it is installed, how it is started.

nginx, h2o and the C server are in servers.py. FastAPI lives in a virtual environment of its own, Hummingbird in a Swift package
of its own, both below .build/peers and made when they are first wanted. Any other server can join by its command line.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services import Postgres

from .servers import H2O, PEERS, ROOT, LibuvC, Nginx, Server, ServerError, bench_server, release_binary

INSTALLED = ROOT / ".build" / "peers"
WITHOUT_DATABASE = ("plaintext", "json", "pipelined")
WITH_DATABASE = ("db", "queries", "updates", "fortunes")


@dataclass(frozen=True)
class Peer:
    """A server that can be measured. `install` makes it ready and tells its version; `server` makes one that can be started."""

    name: str
    scenarios: tuple[str, ...]
    install: Callable[[], str]
    server: Callable[[Postgres | None], Server]


def run(command: list[str | Path], **options) -> str:
    """A command's output, whichever way it goes; a ServerError where it fails."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"{command[0]}: {error}") from error
    if result.returncode != 0:
        raise ServerError(f"{Path(command[0]).name} failed: {' | '.join(result.stdout.strip().splitlines()[-3:])}")
    return result.stdout


def version_of(*command: str) -> str:
    """The first number with dots that a program says of itself."""
    found = re.search(r"\d+(?:\.\d+)+", run(list(command)))
    return found[0] if found else ""


# --- Ours

def ours(is_built: bool, loops: int) -> Peer:
    def install() -> str:
        release_binary("bench-server", is_built)
        return ""

    def server(postgres: Postgres | None) -> Server:
        return bench_server(release_binary("bench-server", is_built=True), loops, postgres.socket_url if postgres else None)

    return Peer("reactor", (*WITHOUT_DATABASE, *WITH_DATABASE), install, server)


# --- FastAPI

def install_fastapi() -> str:
    folder, requirements = INSTALLED / "fastapi", PEERS / "fastapi" / "requirements.txt"
    text = requirements.read_text()
    stamp = hashlib.sha256(text.encode()).hexdigest()
    if not (folder / "stamp").exists() or (folder / "stamp").read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        # scripts/lib/common.sh knows which python3 can make a virtual environment.
        python = run(["bash", "-euc", "source scripts/lib/common.sh; python_for_venv"], cwd=ROOT).strip()
        run([python, "-m", "venv", folder], timeout=120)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        run([*pip, "-r", requirements], timeout=300)
        (folder / "stamp").write_text(stamp)
    found = dict(re.findall(r"^(fastapi|uvicorn)==(\S+)", text, re.MULTILINE))
    return f"{found['fastapi']}, uvicorn {found['uvicorn']}"


def fastapi(name: str, module: str, scenarios: tuple[str, ...]) -> Peer:
    def server(postgres: Postgres | None) -> Server:
        command = [str(INSTALLED / "fastapi" / "bin" / "python"), "-B", "-m", "uvicorn", f"{module}:app", "--app-dir", str(PEERS / "fastapi"),
                   "--host", "127.0.0.1", "--port", "@PORT@", "--loop", "uvloop", "--http", "httptools",
                   "--no-access-log", "--log-level", "warning"]
        return Server(name, command, {"DATABASE_URL": postgres.socket_url} if postgres else {})

    return Peer(name, scenarios, install_fastapi, server)


# --- Hummingbird

def install_hummingbird() -> str:
    package, scratch = PEERS / "hummingbird-peer", INSTALLED / "hummingbird"
    run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--package-path", package, "--scratch-path", scratch], timeout=1_800)
    found = re.search(r'exact: "([\d.]+)"', (package / "Package.swift").read_text())
    return found[1] if found else ""


def hummingbird(_: Postgres | None) -> Server:
    return Server("hummingbird", [str(INSTALLED / "hummingbird" / "release" / "HummingbirdPeer")], {"PORT": "@PORT@", "THREADS": "1"})


# --- Anybody's

def external(name: str, command: str) -> Peer:
    """A server that somebody has built: @PORT@ is filled in, PORT says it too, DATABASE_URL and libpq's PG... name the database."""
    def server(postgres: Postgres | None) -> Server:
        environment = {"HOST": "127.0.0.1", "PORT": "@PORT@"}
        if postgres:
            environment |= {"DATABASE_URL": postgres.socket_url, "PGHOST": str(postgres.folder), "PGPORT": str(postgres.port),
                            "PGDATABASE": postgres.database, "PGUSER": postgres.account, "PGPASSWORD": postgres.password}
        return Server(name, shlex.split(command), environment)

    return Peer(name, (*WITHOUT_DATABASE, *WITH_DATABASE), lambda: "", server)


KNOWN = {
    "nginx": Peer("nginx", WITHOUT_DATABASE, lambda: version_of("nginx", "-v"), lambda _: Nginx()),
    "h2o": Peer("h2o", WITHOUT_DATABASE, lambda: version_of("h2o", "--version"), lambda _: H2O()),
    "libuv": Peer("libuv (C)", WITHOUT_DATABASE, lambda: version_of("pkg-config", "--modversion", "libuv"), lambda _: LibuvC()),
    "hummingbird": Peer("hummingbird", WITHOUT_DATABASE, install_hummingbird, hummingbird),
    "fastapi": fastapi("fastapi asyncpg", "with_asyncpg", (*WITHOUT_DATABASE, *WITH_DATABASE)),
    # Without a database it would be the same server twice.
    "fastapi-sqlalchemy": fastapi("fastapi sqlalchemy", "with_sqlalchemy", WITH_DATABASE),
}
