"""Doors in JSON bodies: every field of every schema, names, and shapes of whole documents."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator

from alphabets import DIGITS, ELEMENTS, FIELD, JSON, QUOTED, TOKEN
from door import BODY, CHUNK_EXTENSIONS, JSON_DEPTH, JSON_NAME, TRAILERS, Build, Door, body_room, chunked, many, over, request
from world import Caller, World

# Where a schema is read, and who sends it; a schema that is not in this list is sent as its own user.
CALLERS = {"ProfileUpdate": "changing", "PasswordChange": "changing", "UserCreate": "admin", "UserUpdate": "admin",
           "DirectoryEntryCreate": "admin", "ProductUpdate": "admin"}
# What stands around a text that is to be accepted: a number (#) where no two rows may have the same, and the rest of an address, of
# which the text is a label of at most 63 bytes. And how much shorter than the field's rule allows that makes the text.
AROUND = {"email": (b"u#@", b".com", 254 - 60), "username": (b"#", b"", 9)}


def doors(world: World) -> Iterator[Door]:
    yield from _fields(world)
    yield from _shapes(world)
    yield from _chunks(world)


# --- The fields of the schemas

def _fields(world: World) -> Iterator[Door]:
    """Each with a text that fills the body, and with one as long as the field's own rule allows, all else being valid."""
    schemas, seen = world.openapi["components"]["schemas"], set()
    for path, operations in world.openapi["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
            if not name or name in seen:
                continue
            seen.add(name)
            caller = getattr(world, CALLERS.get(name, "user"))
            line = f"{method.upper()} {_filled(path, world)}"
            for field, rule in schemas[name]["properties"].items():
                build = _in_field(world, line, caller, schemas[name], field)
                yield Door(f"JSON {method.upper()} {path} {field}", JSON, build, body_room, 422)
                before, after, spared = AROUND.get(field, (b"", b"", 0))
                limits = [one["maxLength"] for one in (rule, *rule.get("anyOf", ())) if "maxLength" in one]
                if limits:
                    build = _in_field(world, line, caller, schemas[name], field, before, after)
                    yield Door(f"JSON {method.upper()} {path} {field}, as long as it may be", JSON, build, limits[0] - spared,
                               counts_text=True)


def _filled(path: str, world: World) -> str:
    ids = {"user_id": world.target_id, "product_id": world.product_id, "post_id": world.post_id, "task_id": world.task_id}
    for name, value in ids.items():
        path = path.replace("{" + name + "}", str(value))
    return path


def _in_field(world: World, line: str, caller: Caller, schema: dict, field: str, before: bytes = b"", after: bytes = b"") -> Build:
    required = [name for name in schema.get("required", ()) if name != field]
    # A name is asked for of whoever gives no password.
    if schema["title"] == "DirectoryEntryCreate" and field != "name":
        required.append("name")

    def build(text: bytes, serial: int) -> bytes:
        members = {name: _valid(world, schema["properties"][name], name, serial) for name in required}
        known = json.dumps(members).encode()[1:-1]
        value = before.replace(b"#", b"%d" % (10**8 + serial)) + text + after
        return request(line, caller.fields, b'{%s"%s":"%s"}' % (known + b"," if known else b"", field.encode(), value))

    return build


def _valid(world: World, rule: dict, name: str, serial: int):
    """A value that the field takes, as long each time."""
    known = {"email": f"u{10**8 + serial}@example.com", "username": f"u{10**8 + serial}", "role": "user", "user_id": world.user.id,
             "token": well_formed(serial), "refresh_token": well_formed(serial), "price": 19.9}
    if name in known:
        return known[name]
    return world.password if "password" in name else rule.get("examples", ["text"])[0]


def well_formed(serial: int) -> str:
    """What a refresh token and a mailed token look like: 32 bytes in base64url."""
    return base64.urlsafe_b64encode(b"%032d" % serial).decode().rstrip("=")


# --- Whole documents

def _shapes(world: World) -> Iterator[Door]:
    nobody, user = world.nobody, world.user

    def login(before: bytes, after: bytes) -> Build:
        return lambda text, _: request("POST /auth/login", nobody.fields, before + text + after)

    def task(before: bytes, after: bytes, caller: Caller = user) -> Build:
        return lambda text, _: request("POST /api/v1/tasks", caller.fields, before + text + after)

    yield Door("JSON name", JSON, login(b'{"', b'":1}'), body_room, 422)
    yield Door("JSON name, as long as it may be", JSON, login(b'{"', b'":1}'), JSON_NAME, 422)
    yield Door("JSON name, 32 KiB", JSON, login(b'{"', b'":1}'), 32_768, 422)
    yield Door("JSON name beside valid members", JSON, task(b'{"title":"x","', b'":1}'), body_room, 422)
    yield Door("JSON name twice", JSON, lambda text, _: request(
        "POST /auth/login", nobody.fields, b'{"' + text + b'":1,"' + text + b'":2}'), lambda empty: body_room(empty) // 2, 422)
    yield Door("JSON names that end differently", JSON, lambda text, _: request(
        "POST /auth/login", nobody.fields, b'{"' + text + b'y":1,"' + text + b'z":2}'), lambda empty: body_room(empty) // 2, 422)
    yield Door("JSON over 1 MiB", JSON, login(b'{"', b'":1}'), over(body_room), 413)
    yield Door("JSON string", JSON, task(b'"', b'"'), body_room, 422)
    yield Door("JSON array of texts", JSON, lambda text, _: request(
        "POST /api/v1/tasks", user.fields, many(b"[", b",", BODY - 1, b'"' + text + b'"') + b"]"), 64, 422)
    yield Door("JSON array of short texts", ELEMENTS, task(b'["', b'"]'), body_room, 422)
    yield Door("JSON array in a field", ELEMENTS, task(b'{"title":["', b'"]}'), body_room, 422)
    yield Door("JSON nested arrays", JSON, task(b"[" * JSON_DEPTH + b'"', b'"' + b"]" * JSON_DEPTH), body_room, 422)
    yield Door("JSON nested too deep", JSON, task(b"[" * (JSON_DEPTH + 1) + b'"', b'"' + b"]" * (JSON_DEPTH + 1)), body_room, 422)
    for what, size in (("", BODY // JSON_DEPTH - 16), (", as long as they may be", JSON_NAME)):
        yield Door(f"JSON nested objects' names{what}", JSON, lambda text, _: request(
            "POST /api/v1/tasks", user.fields, (b'{"' + text + b'":') * (JSON_DEPTH - 1) + b"1" + b"}" * (JSON_DEPTH - 1)), size, 422)
    for what, size in (("short names", 12), ("names, as long as they may be", JSON_NAME - 6), ("long names", 1_024)):
        yield Door(f"JSON many {what}", JSON, functools.partial(_members, "POST /auth/login", nobody.fields), size, 422)
    yield Door("JSON many names inside a field", JSON, lambda text, _: request(
        "POST /api/v1/tasks", user.fields, many(b'{"title":{', b",", BODY - 2, b'"' + text, b'%06d":1') + b"}}"), 12, 422)
    yield Door("JSON email, before the @", JSON, lambda text, _: request("POST /auth/register", nobody.fields, (
        b'{"password":"longenough","email":"' + text + b'@example.com"}')), body_room, 422)
    yield Door("JSON email, after the @", JSON, lambda text, _: request("POST /auth/register", nobody.fields, (
        b'{"password":"longenough","email":"a@' + text + b'.com"}')), body_room, 422)
    yield Door("JSON date, its end", JSON, task(b'{"title":"x","due_date":"2030-12-31T17:00:00', b'"}'), body_room, 422)
    yield Door("JSON number", DIGITS, task(b'{"title":', b"}"), body_room, 422)
    for what, before in (("price", b'{"name":"x","price":1'), ("price's places", b'{"name":"x","price":1.'),
                         ("price's exponent", b'{"name":"x","price":1e')):
        yield Door(f"JSON number, {what}", DIGITS, functools.partial(_product, world, before), body_room)
    yield Door("JSON number, user_id", DIGITS, lambda text, _: request(
        "POST /api/v1/posts", user.fields, b'{"title":"x","content":"x","user_id":1' + text + b"}"), body_room, 422)
    yield Door("JSON word", JSON, task(b'{"title":', b"}"), body_room)
    yield Door("JSON after the document", JSON, task(b'{"title":"x"}', b""), body_room)
    yield Door("JSON with an Idempotency-Key", JSON, lambda text, serial: request(
        "POST /api/v1/tasks", user.fields + b"Idempotency-Key: %09d\r\n" % serial, b'{"title":"' + text + b'"}'), body_room, 422)


def _members(line: str, fields: bytes, text: bytes, _: int) -> bytes:
    """As many members as fit, each with a name of its own that begins with the text."""
    return request(line, fields, many(b"{", b",", BODY - 1, b'"' + text, b'%06d":1') + b"}")


def _product(world: World, before: bytes, text: bytes, _: int) -> bytes:
    return request("POST /api/v1/products", world.admin.fields, before + text + b"}")


# --- Chunked bodies

def _chunks(world: World) -> Iterator[Door]:
    fields, body = world.user.fields, b'{"title":"x"}'
    chunk = b"%x" % len(body)

    def task(extension: bytes = b"", trailers: bytes = b"") -> bytes:
        return chunked("POST /api/v1/tasks", fields, b"%s%s\r\n%s\r\n0\r\n%s\r\n" % (chunk, extension, body, trailers))

    yield Door("chunk extension's name", TOKEN, lambda text, _: task(b";" + text), CHUNK_EXTENSIONS - 1, 201)
    yield Door("chunk extension's value", QUOTED, lambda text, _: task(b';a="' + text + b'"'), CHUNK_EXTENSIONS - 5, 201)
    yield Door("chunk extension, too long", TOKEN, lambda text, _: task(b";" + text), CHUNK_EXTENSIONS + 1, 431)
    yield Door("chunk size", FIELD, lambda text, _: chunked("POST /api/v1/tasks", fields, text + b"\r\n"), 16_384, 400)
    yield Door("trailer's name", TOKEN, lambda text, _: task(trailers=text + b": x\r\n"), TRAILERS - 7, 201)
    yield Door("trailer's value", FIELD, lambda text, _: task(trailers=b"X-Unknown: " + text + b"\r\n"), TRAILERS - 15, 201)
    yield Door("trailer, too long", FIELD, lambda text, _: task(trailers=b"X-Unknown: " + text + b"\r\n"), TRAILERS, 431)
    yield Door("chunk over 1 MiB", JSON, lambda text, _: chunked(
        "POST /api/v1/tasks", fields, b'%x\r\n{"%s":1}\r\n0\r\n\r\n' % (len(text) + 6, text)), BODY - 5, 413)
    yield Door("chunks of one byte", JSON, lambda text, _: _single_bytes(fields, text), 65_536, 422)


@functools.lru_cache(maxsize=2)
def _single_bytes(fields: bytes, text: bytes) -> bytes:
    body = b'{"' + text + b'":1}'
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return chunked("POST /api/v1/tasks", fields, chunks + b"0\r\n\r\n")
