"""What a door is, and what the tables of doors are made with: requests as bytes, and how much room a door has for a text.

The limits are those of the server's defaults; the file that states each one stands beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from alphabets import Carrier

# Sources/Reactor/HTTP/HTTPLimits.swift; lines and sections with their line endings.
REQUEST_LINE, HEADER_SECTION, CHUNK_EXTENSIONS, TRAILERS = 8_192, 16_384, 16_384, 16_384
# Sources/App/Web/BodyReader.swift, Sources/App/Boot/Configuration/AppConfiguration.swift.
BODY, UPLOAD = 1 << 20, 5 << 20
# Sources/App/Web/JSON/JSONParser.swift: a member's name, and containers inside containers.
JSON_NAME, JSON_DEPTH = 256, 64
# Sources/Reactor/HTTP/Multipart/MultipartLimits.swift.
PART_HEAD, PART_NAME, PART_FILENAME = 8_192, 256, 1_024
# Sources/App/Files/FileName.swift, Middleware/IdempotencyHeader.swift, Middleware/RequestID.swift, Tokens/CompactToken.swift,
# Pagination/Cursor.swift, Tracing/TraceContext.swift, Reactor/HTTP/Multipart/MultipartBoundary.swift.
FILE_NAME, IDEMPOTENCY_KEY, REQUEST_ID, TOKEN, CURSOR, TRACE_STATE, BOUNDARY = 255, 255, 128, 4_096, 512, 512, 70

class Refused(Exception):
    """What prepares a case was not let in with this text: there is no such case."""


# Makes a request of a text, spelled as the door's carrier does, and of a number that no other request has.
Build = Callable[[bytes, int], bytes]


@dataclass(frozen=True)
class Door:
    """A place where text enters the server."""

    name: str
    carrier: Carrier
    build: Build
    # Bytes for the text; or what finds them, given a request without any text.
    room: int | Callable[[bytes], int]
    # What plain letters are answered with; None: whatever it is.
    expects: int | None = None
    # Statuses of 500 and above that are no fault here: an unknown method is 501.
    allows: frozenset[int] = frozenset()
    # Whether the room is counted before the text is spelled, as a field's own rule counts it.
    counts_text: bool = False
    # What is to be done before some requests, given their text, and after them. Raises Refused where it cannot be done with this text.
    before: Callable[[bytes], None] | None = None
    after: Callable[[], None] | None = None

    @property
    def size(self) -> int:
        return self.room if isinstance(self.room, int) else self.room(self.build(b"", 0))


# --- Requests

def request(line: str | bytes, fields: bytes, body: bytes | None = None, content_type: bytes | None = b"application/json") -> bytes:
    """`line` is a method and a target; the fields are whole lines."""
    line = line.encode() if isinstance(line, str) else line
    head = line + b" HTTP/1.1\r\n" + fields
    if body is None:
        return head + b"\r\n"
    type_field = b"Content-Type: " + content_type + b"\r\n" if content_type is not None else b""
    return head + type_field + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(line: str, fields: bytes, chunks: bytes, content_type: bytes = b"application/json") -> bytes:
    """`chunks` is everything after the head, as it is sent."""
    return (line.encode() + b" HTTP/1.1\r\n" + fields + b"Content-Type: " + content_type
            + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)


# --- Room

def line_room(empty: bytes) -> int:
    """What is left of the request line."""
    return REQUEST_LINE - (empty.index(b"\r\n") + 2)


def section_room(empty: bytes) -> int:
    """What is left of the header section."""
    return HEADER_SECTION - (empty.index(b"\r\n\r\n") + 4 - (empty.index(b"\r\n") + 2))


def body_room(empty: bytes, limit: int = BODY) -> int:
    """What is left of a body that is held whole."""
    return limit - len(body_of(empty))


def body_of(whole: bytes) -> bytes:
    return whole[whole.index(b"\r\n\r\n") + 4:]


def over(room: Callable[[bytes], int]) -> Callable[[bytes], int]:
    """A byte more than there is room for."""
    return lambda empty: room(empty) + 1


# --- Many at once

@functools.lru_cache(maxsize=2)
def many(before: bytes, separator: bytes, limit: int, text: bytes, number: bytes = b"") -> bytes:
    """`before`, and then the text as often as it fits into `limit` bytes together; `number` formats the number behind each one."""
    sample = text + (number % 0 if number else b"") + separator
    count = max(1, (limit - len(before)) // len(sample))
    return before + separator.join(text + (number % index if number else b"") for index in range(count))
