"""Doors in the request line: method, path, query, version."""

from __future__ import annotations

from collections.abc import Iterator

from alphabets import PERCENT, RAW, TOKEN, VISIBLE
from door import CURSOR, REQUEST_LINE, Build, Door, line_room, many, over, request
from doors_tokens import base64url
from world import Caller, World

# The room of one text where many of them fill the line.
PIECE = 24


def doors(world: World) -> Iterator[Door]:
    host, user = world.host, world.user.fields
    unknown = frozenset({501})

    def line(before: bytes, after: bytes = b"", fields: bytes = host) -> Build:
        return lambda text, _: request(before + text + after, fields)

    yield Door("unknown method", TOKEN, line(b"", b" /tasks"), line_room, 501, unknown)
    yield Door("unknown method, over 8 KiB", TOKEN, line(b"", b" /tasks"), over(line_room), 414)
    yield Door("method of seven bytes", TOKEN, line(b"", b" /tasks"), 7, 501, unknown)
    yield Door("HTTP version", VISIBLE, lambda text, _: b"GET / HTTP/" + text + b"\r\n" + host + b"\r\n", line_room, 400,
               frozenset({505}))
    yield Door("unmatched path", PERCENT, line(b"GET /"), line_room, 404)
    yield Door("unmatched path, over 8 KiB", PERCENT, line(b"GET /"), over(line_room), 414)
    yield Door("unmatched path, many segments", PERCENT, lambda text, _: request(many(b"GET /", b"/", REQUEST_LINE - 32, text), host),
               PIECE, 404)
    yield Door("path below /api/v1", PERCENT, line(b"GET /api/v1/", fields=user), line_room, 404)
    yield Door("absolute target's host", PERCENT, line(b"GET http://", b"/livez"), line_room, 200)
    yield Door("query name", PERCENT, line(b"GET /api/v1/tasks?", b"=1", user), line_room, 200)
    yield Door("query name twice", PERCENT, lambda text, _: request(b"GET /api/v1/tasks?" + text + b"=1&" + text + b"=2", user),
               lambda empty: line_room(empty) // 2, 200)
    yield Door("many query names", PERCENT, lambda text, _: request(many(b"GET /api/v1/tasks?", b"&", REQUEST_LINE - 32, text, b"%04d=1"),
                                                                    user), PIECE, 200)
    yield Door("query of OPTIONS", PERCENT, line(b"OPTIONS /api/v1/tasks?"), line_room, 204)
    yield from _paths(world)
    yield from _queries(world)
    yield from _cursors(world)


def _paths(world: World) -> Iterator[Door]:
    """Every parameter of every path, as the document lists them."""
    seen = set()
    for path, operations in world.openapi["paths"].items():
        for method, operation in operations.items():
            names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            key = method, path.removeprefix("/api/v1")
            # A write's path is read as its GET's is; only DELETE is a route of its own for files.
            if not names or key in seen or method not in ("get", "delete"):
                continue
            seen.add(key)
            before, _, after = path.partition("{" + names[0] + "}")
            yield Door(f"path {method.upper()} {path}", PERCENT, _in_path(f"{method.upper()} {before}", after, world.admin), line_room)


def _in_path(before: str, after: str, caller: Caller) -> Build:
    return lambda text, _: request(before.encode() + text + after.encode(), caller.fields)


def _queries(world: World) -> Iterator[Door]:
    """Every parameter of every query: as long as the line may be, and as long as the parameter's own rule allows."""
    seen = set()
    for path, operations in world.openapi["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            key = path.removeprefix("/api/v1"), parameter["name"]
            if parameter["in"] != "query" or key in seen:
                continue
            seen.add(key)
            # An administrator may ask for everything that has a query.
            build = _in_query(path, parameter["name"], world.admin)
            yield Door(f"query {path}?{parameter['name']}=", PERCENT, build, line_room)
            if length := parameter["schema"].get("maxLength"):
                yield Door(f"query {path}?{parameter['name']}=, as long as it may be", PERCENT, build, length, 200, counts_text=True)


def _in_query(path: str, name: str, caller: Caller) -> Build:
    # The number makes each request another one to the cache. It has the same number of digits each time.
    return lambda text, serial: request(b"GET %s?skip=%d&%s=%s" % (path.encode(), 10**8 + serial, name.encode(), text), caller.fields)


def _cursors(world: World) -> Iterator[Door]:
    """The opaque text that says where a page begins: a version, a number and, of some lists, a key."""
    room = CURSOR * 3 // 4 - len(b"1.123.")
    for path in ("tasks", "jobs", "products", "files", "users", "posts"):
        yield Door(f"cursor of /api/v1/{path}, its key", RAW, _in_cursor(path, b"1.123.", world.admin), room)
    yield Door("cursor, its number", RAW, _in_cursor("tasks", b"1.", world.admin), room)
    yield Door("cursor, its version", RAW, _in_cursor("tasks", b"", world.admin), room)
    yield Door("cursor, not base64url", PERCENT, lambda text, _: request(b"GET /api/v1/tasks?cursor=" + text, world.admin.fields), CURSOR)


def _in_cursor(path: str, before: bytes, caller: Caller) -> Build:
    return lambda text, _: request(f"GET /api/v1/{path}?cursor=".encode() + base64url(before + text), caller.fields)
