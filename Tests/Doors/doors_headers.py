"""Doors in the header section: every field that the server's sources read, fields that nobody reads, and names."""

from __future__ import annotations

from collections.abc import Iterator

from alphabets import FIELD, PERCENT, TOKEN, VISIBLE
from door import HEADER_SECTION, IDEMPOTENCY_KEY, REQUEST_ID, TRACE_STATE, Build, Door, many, over, request, section_room
from world import ORIGIN, TRACEPARENT, Caller, World

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
JSON_TASK = b'{"title":"x"}'


def doors(world: World) -> Iterator[Door]:
    nobody, user, admin = world.nobody, world.user, world.admin
    products, file = "GET /api/v1/products", f"GET /api/v1/files/{world.file_id}/content"
    preflight = b"Origin: " + ORIGIN.encode() + b"\r\nAccess-Control-Request-Method: GET\r\n"
    # What is read of a request, the request that has it read, who sends it, other fields that it needs, the status for letters.
    table: list[tuple[str, str, Caller, bytes, int | None]] = [
        ("Accept", "GET /", nobody, b"", 200),
        ("Accept", "GET /metrics", nobody, b"", 200),
        ("Accept", "GET /monitoring/metrics", nobody, b"", 200),
        ("Accept", "GET /nowhere", nobody, b"", 404),
        ("Accept-Language", "GET /", nobody, b"", 200),
        ("Cookie", "GET /", nobody, b"", 200),
        ("Origin", "GET /livez", nobody, b"", 200),
        ("Origin", "OPTIONS /tasks", nobody, b"Access-Control-Request-Method: GET\r\n", 204),
        ("Access-Control-Request-Method", "OPTIONS /tasks", nobody, b"Origin: " + ORIGIN.encode() + b"\r\n", 204),
        ("Access-Control-Request-Headers", "OPTIONS /tasks", nobody, preflight, 204),
        ("If-None-Match", products, user, b"", 200),
        ("If-None-Match", file, user, b"", 200),
        ("If-Match", file, user, b"", 412),
        ("If-Modified-Since", file, user, b"", 200),
        ("If-Unmodified-Since", file, user, b"", 200),
        ("If-Range", file, user, b"Range: bytes=0-1\r\n", 200),
        ("Range", file, user, b"", 200),
        ("X-Request-ID", "GET /livez", nobody, b"", 200),
        ("X-Forwarded-For", "GET /livez", nobody, b"", 200),
        ("X-Forwarded-For", "GET /users", nobody, b"", 200),
        ("Forwarded", "GET /users", nobody, b"", 200),
        ("traceparent", "GET /livez", nobody, b"", 200),
        ("tracestate", "GET /livez", nobody, TRACEPARENT, 200),
        ("User-Agent", "GET /livez", nobody, TRACEPARENT, 200),
        ("Last-Event-ID", f"GET /api/v1/jobs/{world.job_id}/events", user, b"", 200),
        ("Expect", "GET /livez", nobody, b"", 417),
        ("Transfer-Encoding", "POST /auth/login", nobody, b"", 501),
        ("Connection", "GET /livez", nobody, b"", 200),
        ("Content-Length", "POST /auth/login", nobody, b"", 400),
        ("Content-Encoding", "POST /auth/login", nobody, b"", 415),
        ("X-Unknown", "GET /livez", nobody, b"", 200),
    ]
    for name, line, caller, others, expected in table:
        allows = frozenset({501}) if name == "Transfer-Encoding" else frozenset()
        shown = line.replace(world.file_id, "{file_id}").replace(world.job_id, "{job_id}")
        yield Door(f"{name} of {shown}", FIELD, _field(line, caller.fields + others, name), section_room, expected, allows)

    yield Door("field, over 16 KiB", FIELD, _field("GET /livez", nobody.fields, "X-Unknown"), over(section_room), 431)
    yield Door("field's name", TOKEN, lambda text, _: request("GET /livez", nobody.fields + text + b": x\r\n"), section_room, 200)
    yield Door("field's name, any bytes", FIELD, lambda text, _: request("GET /livez", nobody.fields + text + b": x\r\n"), section_room)
    yield Door("many fields", FIELD, lambda text, _: request(
        "GET /livez", nobody.fields + (b"X-Unknown: " + text + b"\r\n") * 98), 128, 200)
    # A chain of proxies that are trusted is walked through as long as it can be.
    yield Door("chain of trusted proxies", FIELD, lambda text, _: request(
        "GET /users", nobody.fields + b"X-Forwarded-For: " + text + b"::ffff:127.0.0.1," * 400 + b"127.0.0.1\r\n"), 4_096, 200)
    yield Door("many X-Forwarded-For", FIELD, lambda text, _: request(
        "GET /users", nobody.fields + (b"X-Forwarded-For: " + text + b"\r\n") * 98), 128, 200)
    yield Door("Host", PERCENT, lambda text, _: request("GET /livez", b"Host: " + text + b"\r\n"), section_room, 200)
    yield Door("Host, any bytes", FIELD, lambda text, _: request("GET /livez", b"Host: " + text + b"\r\n"), section_room)
    yield Door("X-Request-ID, as long as it may be", VISIBLE, _field("GET /livez", nobody.fields, "X-Request-ID"), REQUEST_ID, 200)
    yield Door("Range, its unit's set", FIELD, _field(file, user.fields, "Range", "bytes="), section_room, 200)
    yield Door("Range, many", FIELD, lambda text, _: request(
        file, user.fields + many(b"Range: bytes=", b",", HEADER_SECTION - 1_024, text) + b"\r\n"), 6, 200)
    yield Door("If-None-Match, many tags", FIELD, lambda text, _: request(
        products, user.fields + many(b"If-None-Match: ", b", ", HEADER_SECTION - 1_024, b'"' + text + b'"') + b"\r\n"), 6, 200)
    yield Door("Forwarded, its for", FIELD, _field("GET /users", nobody.fields, "Forwarded", "proto=http;for="), section_room, 200)
    yield Door("Forwarded, many elements", FIELD, lambda text, _: request(
        "GET /users", nobody.fields + many(b"Forwarded: ", b",", HEADER_SECTION - 1_024, b"for=" + text) + b"\r\n"), 12, 200)
    yield Door("tracestate, as long as it may be", FIELD, _field("GET /livez", nobody.fields + TRACEPARENT, "tracestate"), TRACE_STATE, 200)
    yield from _of_writes(world, user, admin)


def _of_writes(world: World, user: Caller, admin: Caller) -> Iterator[Door]:
    """Fields of requests that have a body."""
    def keyed(path: str, caller: Caller, body: bytes) -> Build:
        return lambda text, serial: request(f"POST {path}", caller.fields + b"Idempotency-Key: " + _distinct(text, serial) + b"\r\n", body)

    yield Door("Idempotency-Key", FIELD, keyed("/api/v1/tasks", user, JSON_TASK), section_room, 422)
    yield Door("Idempotency-Key, as long as it may be", VISIBLE, keyed("/api/v1/tasks", user, JSON_TASK), IDEMPOTENCY_KEY, 201)
    yield Door("Idempotency-Key, many", FIELD, lambda text, _: request(
        "POST /api/v1/tasks", user.fields + (b"Idempotency-Key: " + text + b"\r\n") * 90, JSON_TASK), 128, 422)
    for line, caller in (("POST /auth/login", world.nobody), ("POST /api/v1/tasks", user), ("POST /api/v1/upload", user)):
        yield Door(f"Content-Type of {line}", FIELD, _typed(line, caller, b""), section_room, 415)
    yield Door("Content-Type, its parameters", FIELD, _typed("POST /auth/login", world.nobody, b"application/json; "), section_room, 422)
    yield Door("Content-Type, its subtype", FIELD, _typed("POST /auth/login", world.nobody, b"application/", b"+json"), section_room, 422)
    yield Door("User-Agent of a write", FIELD, lambda text, serial: request(
        "PATCH /api/v1/auth/me", world.changing.fields + b"User-Agent: " + text + b"\r\n", b'{"name":"%d"}' % serial), section_room, 200)
    yield Door("User-Agent of a login", FIELD, lambda text, _: request(
        "POST /auth/login", world.nobody.fields + b"User-Agent: " + text + b"\r\n",
        b'{"username":"%s","password":"%s"}' % (world.account.username.encode(), world.password.encode())), section_room, 200)
    yield Door("User-Agent of an administrator's write", FIELD, lambda text, serial: request(
        f"PATCH /api/v1/products/{world.product_id}", admin.fields + b"User-Agent: " + text + b"\r\n",
        b'{"name":"%d"}' % serial), section_room, 200)


def _field(line: str, others: bytes, name: str, before: str = "") -> Build:
    start = f"{name}: {before}".encode()
    return lambda text, _: request(line, others + start + text + b"\r\n")


def _typed(line: str, caller: Caller, before: bytes, after: bytes = b"") -> Build:
    return lambda text, _: request(line, caller.fields, b"{}", before + text + after)


def _distinct(text: bytes, serial: int) -> bytes:
    """The text with a number in place of its end: another key each time."""
    number = b"%d" % serial
    return text[:-len(number)] + number if text else text
