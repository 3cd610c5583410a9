"""What a client sees through real proxies of responses that come before their request's body has: always the status itself."""

from __future__ import annotations

import itertools
import select
import socket
import time
import unittest

from proxies import HAProxy, Nginx, Proxy
from reactor import Client, Server, User

MEGABYTE = 1 << 20
SECRET = "a secret of these tests that all of their servers know"


def exchange(port: int, head: bytes, body: bytes, seconds: float = 20) -> bytes:
    """Sends a request as curl does: reads while it writes, and stops writing when the response has come."""
    deadline = time.monotonic() + seconds
    unsent, response = memoryview(head + body), b""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.setblocking(False)
        while time.monotonic() < deadline:
            readable, writable, _ = select.select([client], [client] if unsent else [], [], 1)
            if readable:
                piece = client.recv(65_536)
                response += piece
                if not piece or is_whole(response):
                    return response
            if writable:
                try:
                    unsent = unsent[client.send(unsent[:65_536]):]
                except (BrokenPipeError, ConnectionResetError):
                    unsent = unsent[:0]
    raise TimeoutError(f"no response after {seconds} s but {response[:200]!r}")


def is_whole(response: bytes) -> bool:
    head, separator, body = response.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(separator) and bool(lengths) and len(body) >= lengths[0]


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.") else 0


class EarlyResponses(unittest.TestCase):
    """Two servers, and uploads to routes that need not read them to know the response."""

    rounds = 100

    @classmethod
    def setUpClass(cls) -> None:
        first = Server(SECRET_KEY=SECRET)
        settings = {"SECRET_KEY": SECRET, "DATA_DIR": first.environment["DATA_DIR"]}
        cls.servers = [first, Server(**settings)]
        for server in cls.servers:
            cls.addClassCleanup(server.discard)
            server.start()
        cls.user: User = first.register("uploader")

    def requests(self) -> list[tuple[bytes, int, int]]:
        """Head, size of the body, and the status to expect."""
        token = f"Authorization: Bearer {self.user.access_token}\r\n"
        multipart = "Content-Type: multipart/form-data; boundary=b\r\n"
        json = "Content-Type: application/json\r\n"

        def head(path: str, fields: str, size: int | None, method: str = "POST") -> bytes:
            framing = f"Content-Length: {size}" if size is not None else "Transfer-Encoding: chunked"
            return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}{framing}\r\n\r\n".encode()

        return [
            (head("/api/v1/upload", multipart, MEGABYTE), MEGABYTE, 401),
            (head("/auth/login", json, 2 * MEGABYTE), 2 * MEGABYTE, 413),
            (head("/auth/login", "Content-Type: text/plain\r\n", MEGABYTE), MEGABYTE, 415),
            (head("/api/v1/upload", token + multipart, 6 * MEGABYTE), 6 * MEGABYTE, 413),
            (head("/nowhere", json, MEGABYTE), MEGABYTE, 404),
            (head("/health/live", json, MEGABYTE), MEGABYTE, 405),
            (head("/auth/login", json + "Content-Encoding: gzip\r\n", MEGABYTE), MEGABYTE, 415),
            # Small enough for the connection to be kept.
            (head("/api/v1/upload", multipart, 200_000), 200_000, 401),
        ]

    def play(self, proxy: Proxy) -> None:
        with proxy:
            for number, (head, size, wanted) in zip(range(self.rounds), itertools.cycle(self.requests())):
                response = exchange(proxy.port, head, b"x" * size)
                self.assertEqual(status(response), wanted, f"request {number}, {head[:40]!r}: {response[:300]!r}\n{proxy.log_tail()}")
            for _ in range(4):
                response = exchange(proxy.port, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", b"")
                self.assertEqual(status(response), 200, f"a server is taken for down:\n{proxy.log_tail()}")
            self.assertEqual(proxy.complaints(), [])

    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    def test_behind_nginx(self) -> None:
        self.play(Nginx(self.ports()))

    def test_behind_nginx_that_keeps_connections(self) -> None:
        self.play(Nginx(self.ports(), keeps_upstreams=True))

    def test_behind_nginx_that_passes_bodies_as_they_come(self) -> None:
        self.play(Nginx(self.ports(), keeps_upstreams=True, buffers_requests=False))

    def test_behind_haproxy(self) -> None:
        self.play(HAProxy(self.ports()))


class Caching(unittest.TestCase):
    """A cache that keeps whatever it is not told to leave alone."""

    def test_nobody_is_shown_what_another_asked_for(self) -> None:
        with Server() as server, Nginx([server.port], caches=True) as nginx:
            users = [server.register("cached") for _ in range(2)]
            paths = ["/tasks", "/files", "/auth/me", "/api/v1/jobs", "/tasks/statistics", "/products", "/health/live"]
            shown = {}
            for path in paths:
                for number, user in enumerate(users):
                    if path == "/tasks" and number == 0:
                        self.assertEqual(user.api.post("/tasks", {"title": "a secret of the first user"}).status, 201)
                    for _ in range(3):  # nginx would have it from the second time on
                        answer = Client(nginx.port, user.access_token).get(path)
                        self.assertEqual(answer.status, 200, f"{path}: {answer}")
                        self.assertNotEqual(answer.headers["X-Cache"], "HIT" if path != "/health/live" else None, path)
                    shown[path, number] = answer.body
                self.assertEqual(Client(nginx.port).get(path).status, 200 if path == "/health/live" else 401, path)
            self.assertIn(b"a secret", shown["/tasks", 0])
            self.assertNotIn(b"a secret", shown["/tasks", 1])
            self.assertNotEqual(shown["/auth/me", 0], shown["/auth/me", 1])
