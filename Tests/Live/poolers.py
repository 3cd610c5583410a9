"""PgBouncer before a PostgreSQL of ours."""

from __future__ import annotations

import os
import pwd
import shutil
import urllib.parse

import reactor  # noqa: F401  puts scripts/lib on the path
from services import Service, ServiceError


class PgBouncer(Service):
    """Pools the connections to one PostgreSQL; refuses to run as root, as it does to everybody."""

    name = "pgbouncer"

    def __init__(self, postgres_url: str, mode: str, **settings: str) -> None:
        super().__init__()
        self.behind, self.mode, self.settings = urllib.parse.urlsplit(postgres_url), mode, settings

    def user(self) -> str | None:
        if os.geteuid() != 0:
            return None
        return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"

    def prepare(self) -> None:
        if shutil.which("pgbouncer") is None:
            raise ServiceError("pgbouncer is not installed; run scripts/bootstrap test")
        (self.folder / "users").write_text(f'"{self.behind.username}" "{self.behind.password}"\n')
        settings = {
            "listen_addr": "127.0.0.1", "listen_port": str(self.port), "unix_socket_dir": str(self.folder), "auth_type": "scram-sha-256",
            "auth_file": str(self.folder / "users"), "pool_mode": self.mode, "default_pool_size": "10", "max_client_conn": "500",
            "log_connections": "0", "log_disconnections": "0", **self.settings,
        }
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={self.behind.hostname} port={self.behind.port}\n[pgbouncer]\n{lines}\n")
        if self.user() is not None:
            entry = pwd.getpwnam(self.user())
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, entry.pw_uid, entry.pw_gid)

    def command(self) -> list[str]:
        return [shutil.which("pgbouncer"), str(self.folder / "pgbouncer.ini")]

    def is_ready(self) -> bool:
        return self.accepts_connections()

    @property
    def url(self) -> str:
        """The same database, through here."""
        authority = f"{self.behind.username}:{self.behind.password}@127.0.0.1:{self.port}"
        return self.behind._replace(netloc=authority).geturl()
