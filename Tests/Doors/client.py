"""A keep-alive HTTP client on a bare socket, for requests that no HTTP library would send.

It sends the bytes that it is given and reads one response. Of the response it keeps the status, and the body where that is asked for.
The server may answer before it has read everything, and may close the connection: both are normal here.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60
# How often somebody looks whether a request that is not answered yet may go on.
WATCH_SECONDS = 0.1


class NoResponse(Exception):
    """The server did not answer in time."""


class ClosedWithoutResponse(NoResponse):
    """The server closed the connection without a response."""


@dataclass
class Response:
    status: int
    head: bytes
    body: bytearray = field(default_factory=bytearray)


class RawClient:
    """One connection, opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def exchange(self, request: bytes, watch: Callable[[], None] = lambda: None, timeout: float = TIMEOUT_SECONDS) -> Response:
        """Sends the request and reads the response.

        `watch` is called now and then while there is none; it may raise to give up.
        Raises NoResponse, and OSError where nobody listens. A connection that was open before and turns out to be closed is opened
        anew, once.
        """
        was_open = self.socket is not None
        try:
            return self._exchange(request, watch, timeout)
        except ClosedWithoutResponse:
            self.close()
            if not was_open:
                raise
            return self._exchange(request, watch, timeout)
        except BaseException:
            self.close()
            raise

    def send_and_leave(self, request: bytes) -> None:
        """Sends the request and closes the connection at once."""
        connection = self._connected()
        connection.setblocking(True)
        connection.sendall(request)
        self.close()

    def _exchange(self, request: bytes, watch: Callable[[], None], timeout: float) -> Response:
        connection = self._connected()
        deadline, unsent, reader = time.monotonic() + timeout, memoryview(request), ResponseReader()
        while True:
            readable, writable, _ = select.select([connection], [connection] if unsent else [], [], WATCH_SECONDS)
            if writable:
                try:
                    unsent = unsent[connection.send(unsent):]
                except (BrokenPipeError, ConnectionResetError):
                    unsent = unsent[len(unsent):]  # It wants no more; its response may be here already.
                except BlockingIOError:
                    pass
            if readable:
                try:
                    received = connection.recv(1 << 18)
                except ConnectionResetError:
                    received = b""
                except BlockingIOError:
                    continue
                if reader.take(received):
                    if unsent or reader.closes:
                        self.close()
                    return reader.response
                if not received:
                    raise ClosedWithoutResponse("the server closed the connection without a response")
            elif not writable:
                watch()
            if time.monotonic() > deadline:
                raise NoResponse(f"no response within {timeout:.0f} s")

    def _connected(self) -> socket.socket:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.setblocking(False)
        return self.socket


class ResponseReader:
    """Finds the end of a response."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.response: Response | None = None
        self.closes = False
        # None: not known; -1: chunked; -2: up to the end of the connection.
        self.length: int | None = None

    def take(self, received: bytes) -> bool:
        """True when the response is complete. Empty bytes are the end of the connection."""
        self.bytes += received
        while self.response is None:
            head, separator, rest = self.bytes.partition(b"\r\n\r\n")
            if not separator:
                return False
            self.bytes = rest
            status = int(head[9:12])
            # Interim responses (100 Continue) come before the response itself.
            if status >= 200:
                self._begin(status, bytes(head))
        self.response.body = self.bytes
        if not received and self.length != 0:
            self.closes = True
            # A body that was cut off is a response all the same: its status says what became of the request.
            return True
        if self.length == -1:
            # Only the last chunk ends like this, and the server writes no trailers.
            return self.bytes.endswith(b"0\r\n\r\n")
        return self.length != -2 and len(self.bytes) >= self.length

    def _begin(self, status: int, head: bytes) -> None:
        self.response = Response(status, head)
        lowered = head.lower()
        self.closes = b"\r\nconnection: close" in lowered or head.startswith(b"HTTP/1.0")
        length = re.search(rb"\r\ncontent-length: *(\d+)", lowered)
        if status in (204, 304):
            self.length = 0
        elif length:
            self.length = int(length[1])
        else:
            self.length = -1 if b"\r\ntransfer-encoding:" in lowered else -2
