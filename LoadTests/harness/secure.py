"""Servers that speak TLS, with a certificate made for the run."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.servers import Nginx, Server


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A P-256 certificate for localhost that nobody vouches for, and its key."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
                   check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return certificate, key


def with_tls(server: Server) -> Server:
    """One of ours: both programs read TLS_CERT and TLS_KEY."""
    certificate, key = make_certificate(server.folder)
    server.environment |= {"TLS_CERT": str(certificate), "TLS_KEY": str(key)}
    server.name, server.is_tls = f"{server.name}, TLS", True
    return server


class NginxTLS(Nginx):
    """The same configuration, but for what it listens with."""

    is_tls = True

    def __init__(self) -> None:
        super().__init__()
        self.name = "nginx, TLS"

    def prepare(self) -> None:
        super().prepare()
        certificate, key = make_certificate(self.folder)
        path, listen = self.folder / "nginx.conf", f"listen 127.0.0.1:{self.port}"
        path.write_text(path.read_text().replace(f"{listen};", f"{listen} ssl;\n        ssl_certificate {certificate};\n        ssl_certificate_key {key};"))
