"""A PostgreSQL and a Redis of our own: started on free ports in a temporary folder, stopped by process id.

Used by scripts/with-services, by the live tests (which also freeze and kill them) and by the benchmark. Nothing here
touches a server that somebody else runs.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class ServiceError(Exception):
    """A server could not be found, started or stopped; the message holds the end of its log."""


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float, every: float = 0.02) -> bool:
    """Polls until `condition()` is true; False when `seconds` have passed before."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def process_tree(pid: int) -> list[int]:
    """The process and all that descend from it, parents first."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
            except (OSError, IndexError):
                continue  # it ended while we looked
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop(0))
        queue.extend(children.get(found[-1], []))
    return found


def signal_tree(pid: int, number: int) -> None:
    for member in process_tree(pid):
        try:
            os.kill(member, number)
        except ProcessLookupError:
            pass


class Service:
    """One server process with a folder and a log; ends with this process, even when that is killed."""

    name = "service"
    stop_signal = signal.SIGTERM
    death_signal = "KILL"

    def __init__(self) -> None:
        # Short on purpose: the path of a UNIX socket has room for 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="rt-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.log = self.folder / "log"
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    def user(self) -> str | None:
        """The account to run as when we are root; None: as we are."""
        return None

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def accepts_connections(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def prepare(self) -> None:
        """Makes what the server needs before its first start."""

    def as_user(self, command: list[str], *options: str) -> list[str]:
        # setpriv replaces itself by the program, so that the process id is the server's; su and runuser stay between.
        prefix = ["setpriv", *options]
        account = self.user()
        if account is not None:
            prefix += [f"--reuid={account}", f"--regid={account}", "--clear-groups"]
        return [*prefix, "--", *command] if len(prefix) > 1 else command

    def start(self):
        if not (self.folder / "prepared").exists():
            self.prepare()
            (self.folder / "prepared").touch()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.as_user(self.command(), f"--pdeathsig={self.death_signal}"),
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        if not wait_until(lambda: self.process.poll() is not None or self.is_ready(), 30) or self.process.poll() is not None:
            self.stop()
            raise ServiceError(f"{self.name} did not start:\n{self.log_tail()}")
        return self

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else "(no log)"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def freeze(self) -> None:
        """Stops every process of the server: TCP still connects, nobody answers."""
        signal_tree(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        signal_tree(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """What a crash of the machine looks like; start() brings it back on the same port with the same data."""
        signal_tree(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        signal_tree(process.pid, signal.SIGCONT)
        process.send_signal(self.stop_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            signal_tree(process.pid, signal.SIGKILL)
            process.wait()

    def discard(self) -> None:
        """Stops the server and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *_) -> None:
        self.discard()


class Postgres(Service):
    """A PostgreSQL cluster with one database; durable across kill() and start(), but not across a power cut."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: open sessions are ended
    death_signal = "QUIT"
    account, password, database = "reactor", "reactor", "reactor_test"

    def __init__(self, max_connections: int = 1000, settings: dict[str, str] | None = None) -> None:
        super().__init__()
        self.binaries = self.find_binaries()
        self.data = self.folder / "data"
        self.settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "max_connections": str(max_connections),
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB",
            "log_min_messages": "fatal", **(settings or {}),
        }

    @staticmethod
    def find_binaries() -> Path:
        versions = glob.glob("/usr/lib/postgresql/*/bin/postgres")
        if versions:
            return Path(max(versions, key=lambda path: float(path.split("/")[4]))).parent
        on_path = shutil.which("postgres")
        if on_path is None:
            raise ServiceError("no PostgreSQL server is installed; run scripts/bootstrap test")
        return Path(os.path.realpath(on_path)).parent

    def user(self) -> str | None:
        if os.geteuid() != 0:
            return None
        for account in ("postgres", "nobody"):  # the server refuses to run as root
            try:
                return pwd.getpwnam(account).pw_name
            except KeyError:
                continue
        raise ServiceError("neither an account postgres nor nobody to run PostgreSQL as")

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        account = self.user()
        if account is not None:
            entry = pwd.getpwnam(account)
            for path in (self.folder, secret):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        self.run("initdb", "-D", str(self.data), "-U", self.account, "--pwfile", str(secret), "--auth-host=scram-sha-256",
                 "--auth-local=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        secret.unlink()

    def run(self, program: str, *arguments: str) -> str:
        result = subprocess.run(self.as_user([str(self.binaries / program), *arguments]), cwd="/", stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "LC_ALL": "C"})
        if result.returncode != 0:
            raise ServiceError(f"{program} failed:\n{result.stdout[-2000:]}")
        return result.stdout

    def command(self) -> list[str]:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]

    def is_ready(self) -> bool:
        probe = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, timeout=10).returncode == 0

    def start(self):
        is_first = not self.data.exists()
        super().start()
        if is_first:
            self.sql(f"CREATE DATABASE {self.database}", database="postgres")
        return self

    def sql(self, text: str, database: str | None = None) -> str:
        """Runs statements as the owner, over the UNIX socket; the result's bare text."""
        return self.run("psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port),
                        "-U", self.account, "-d", database or self.database, "-c", text).strip()

    @property
    def url(self) -> str:
        return f"postgres://{self.account}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    @property
    def socket_url(self) -> str:
        return f"postgres://{self.account}:{self.password}@/{self.database}?host={self.folder}&port={self.port}"


class Redis(Service):
    """A Redis that writes nothing to disk."""

    name = "redis"

    def __init__(self, *options: str) -> None:
        super().__init__()
        self.options = options

    def command(self) -> list[str]:
        program = shutil.which("redis-server")
        if program is None:
            raise ServiceError("no Redis server is installed; run scripts/bootstrap test")
        return [program, "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.folder / "redis.sock"),
                "--save", "", "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no", *self.options]

    def is_ready(self) -> bool:
        return self.ask("PING") == b"+PONG\r\n"

    def ask(self, command: str) -> bytes | None:
        """The first bytes of the reply to an inline command; None where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(command.encode() + b"\r\n")
                return connection.recv(65_536)
        except OSError:
            return None

    @property
    def socket_url(self) -> str:
        """The same by its UNIX socket, which costs both sides half of what TCP does."""
        return f"unix://{self.folder / 'redis.sock'}"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"
