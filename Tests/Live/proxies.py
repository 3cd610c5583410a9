"""nginx and HAProxy of our own before a set of servers: on free ports, in temporary folders, stopped by process id."""

from __future__ import annotations

import shutil

import reactor  # noqa: F401  puts scripts/lib on the path
from services import Service, ServiceError


class Proxy(Service):
    """A reverse proxy that spreads requests over upstream servers on ports of this machine."""

    program = ""

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        self.ports = ports
        self.configuration = self.folder / "proxy.conf"

    def text(self) -> str:
        raise NotImplementedError

    def prepare(self) -> None:
        if shutil.which(self.program) is None:
            raise ServiceError(f"{self.program} is not installed; run scripts/bootstrap test")
        self.configuration.write_text(self.text())

    def is_ready(self) -> bool:
        return self.accepts_connections()

    def complaints(self) -> list[str]:
        """The lines of the log that tell of an upstream's fault."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if self.is_complaint(line)]

    def is_complaint(self, line: str) -> bool:
        raise NotImplementedError


class Nginx(Proxy):
    """As its documentation sets it up, which takes a server away for ten seconds after one failure."""

    name = program = "nginx"

    def __init__(self, ports: list[int], *, keeps_upstreams: bool = False, buffers_requests: bool = True, caches: bool = False) -> None:
        super().__init__(ports)
        self.keeps_upstreams, self.buffers_requests, self.caches = keeps_upstreams, buffers_requests, caches

    def text(self) -> str:
        servers = " ".join(f"server 127.0.0.1:{port};" for port in self.ports)
        cached = "proxy_cache all; proxy_cache_valid any 1m; add_header X-Cache $upstream_cache_status always;" if self.caches else ""
        kept = "proxy_http_version 1.1; proxy_set_header Connection '';" if self.keeps_upstreams else ""
        return f"""
            daemon off; master_process off; pid {self.folder}/pid; error_log stderr warn;
            events {{ worker_connections 512; }}
            http {{
                access_log off; client_max_body_size 64m;
                client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
                proxy_cache_path {self.folder}/cache keys_zone=all:1m;
                upstream api {{ {servers} {"keepalive 8;" if self.keeps_upstreams else ""} }}
                server {{
                    listen 127.0.0.1:{self.port};
                    location / {{
                        proxy_pass http://api; {kept} {cached}
                        proxy_request_buffering {"on" if self.buffers_requests else "off"};
                        proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    }}
                }}
            }}"""

    def command(self) -> list[str]:
        return [shutil.which("nginx"), "-e", "stderr", "-p", str(self.folder), "-c", str(self.configuration)]

    def is_complaint(self, line: str) -> bool:
        return "upstream" in line and "buffered to a temporary file" not in line


class HAProxy(Proxy):
    name = program = "haproxy"

    def text(self) -> str:
        servers = "\n".join(f"    server s{port} 127.0.0.1:{port} check inter 500ms" for port in self.ports)
        return f"""
global
    log stderr format raw local0
defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    option httpchk GET /health/ready
frontend front
    bind 127.0.0.1:{self.port}
    default_backend api
backend api
{servers}
"""

    def command(self) -> list[str]:
        return [shutil.which("haproxy"), "-db", "-f", str(self.configuration)]

    def is_complaint(self, line: str) -> bool:
        return " is DOWN" in line or "api/<NOSRV>" in line
