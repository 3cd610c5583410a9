"""Doors in form bodies: urlencoded logins, and multipart uploads."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from alphabets import FIELD, FORM, PERCENT, QUOTED, RAW, TOKEN, VISIBLE
from door import (BODY, BOUNDARY, FILE_NAME, PART_FILENAME, PART_HEAD, PART_NAME, UPLOAD, Build, Door, body_of, body_room, many, over,
                  request, section_room)
from world import World

TYPE = b"application/x-www-form-urlencoded"
BOUNDARY_TEXT = b"doors-boundary"
MULTIPART = b"multipart/form-data; boundary=" + BOUNDARY_TEXT
# A whole form of a file may have so much beside it (MultipartLimits.maxEnvelopeBytes).
ENVELOPE = 65_536


def doors(world: World) -> Iterator[Door]:
    yield from _urlencoded(world)
    yield from _parts(world)
    yield from _files(world)


def _urlencoded(world: World) -> Iterator[Door]:
    for path, schema in (("/auth/login", "Login"), ("/auth/login/access-token", "OAuth2PasswordForm")):
        def form(before: bytes, after: bytes = b"", path: str = path) -> Build:
            return lambda text, _: request(f"POST {path}", world.host, before + text + after, TYPE)

        properties = world.openapi["components"]["schemas"][schema]["properties"]
        for name, property in properties.items():
            others = b"&".join(b"%s=nobody" % other.encode() for other in ("username", "password") if other != name)
            build = form(others + b"&" + name.encode() + b"=")
            yield Door(f"form {path} {name}", FORM, build, body_room, 422)
            limits = [one["maxLength"] for one in (property, *property.get("anyOf", ())) if "maxLength" in one]
            if limits:
                yield Door(f"form {path} {name}, as long as it may be", FORM, build, limits[0], 401, counts_text=True)
        yield Door(f"form {path} name", FORM, form(b"", b"=1"), body_room, 422)
        yield Door(f"form {path} many names", FORM, functools.partial(_pairs, world, path, b"%06d=1"), 12, 422)
        yield Door(f"form {path} one name many times", FORM, functools.partial(_pairs, world, path, b"=1"), 12, 422)
        yield Door(f"form {path} many values", FORM, functools.partial(_pairs, world, path, b""), 12, 422)
        yield Door(f"form {path} percent-encoded name", PERCENT, form(b"", b"=1"), body_room, 422)
        yield Door(f"form {path} over 1 MiB", FORM, form(b"username="), over(body_room), 413)


def _pairs(world: World, path: str, number: bytes, text: bytes, _: int) -> bytes:
    """As many pairs as fit. Without a name of their own, the text is the value of one name."""
    pair = b"username=" + text if not number else text
    if number == b"=1":
        pair, number = text + b"=1", b""
    return request(f"POST {path}", world.host, many(b"", b"&", BODY, pair, number), TYPE)


def _parts(world: World) -> Iterator[Door]:
    """The heads of a form's parts."""
    def part(*lines: bytes) -> bytes:
        return b"--%s\r\n%s\r\n\r\nx\r\n--%s--\r\n" % (BOUNDARY_TEXT, b"\r\n".join(lines), BOUNDARY_TEXT)

    def upload(body: bytes) -> bytes:
        return request("POST /api/v1/upload", world.user.fields, body, MULTIPART)

    def head_room(empty: bytes) -> int:
        start = body_of(empty).index(b"\r\n") + 2
        return PART_HEAD - (body_of(empty).index(b"\r\n\r\n") + 4 - start)

    def beside_file(before: bytes, after: bytes = b"") -> Build:
        # A name of its own each time: names that are taken are looked for.
        file = b'Content-Disposition: form-data; name="file"; filename="%09d.txt"'
        return lambda text, serial: upload(part(file % serial + before + text + after))

    yield Door("part's field", FIELD, beside_file(b"\r\nX-Unknown: "), head_room, 201)
    yield Door("part's field, over 8 KiB", FIELD, beside_file(b"\r\nX-Unknown: "), over(head_room), 400)
    yield Door("part's field name", TOKEN, beside_file(b"\r\n", b": x"), head_room, 201)
    yield Door("part's Content-Type", FIELD, beside_file(b"\r\nContent-Type: "), head_room, 201)
    yield Door("part's Content-Transfer-Encoding", FIELD, beside_file(b"\r\nContent-Transfer-Encoding: "), head_room, 400)
    yield Door("part's Content-Disposition", FIELD, lambda text, _: upload(part(b"Content-Disposition: " + text)), head_room, 400)
    yield Door("part's parameter", FIELD, beside_file(b"; ", b"=x"), head_room)
    for what, limit, parameter in (("name", PART_NAME, b'name="%s"'), ("filename", PART_FILENAME, b'name="file"; filename="%s"')):
        def disposed(text: bytes, _: int, parameter: bytes = parameter) -> bytes:
            return upload(part(b"Content-Disposition: form-data; " + parameter.replace(b"%s", text)))

        yield Door(f"part's {what}", QUOTED, disposed, head_room, 400)
        yield Door(f"part's {what}, as long as it may be", QUOTED, disposed, limit, 415 if what == "filename" else 422, counts_text=True)
        yield Door(f"part's {what}, a byte longer", QUOTED, disposed, limit + 1, 400, counts_text=True)
    yield Door("part's filename*", PERCENT, lambda text, _: upload(part(
        b"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''" + text)), head_room, 400)
    yield Door("part's filename*, as long as it may be", PERCENT, lambda text, _: upload(part(
        b"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''" + text)), PART_FILENAME, 415, counts_text=True)
    for what, room, expected in (("extension", PART_FILENAME - 2, 422), ("extension, as long as it is kept", FILE_NAME - 2, 415)):
        yield Door(f"part's filename, its {what}", QUOTED, lambda text, _: upload(part(
            b'Content-Disposition: form-data; name="file"; filename="a.' + text + b'"')), room, expected, counts_text=True)
    yield Door("part's filename, cut", QUOTED, lambda text, serial: upload(part(
        b'Content-Disposition: form-data; name="file"; filename="%d%s.txt"' % (serial, text))), PART_FILENAME - 16, 201, counts_text=True)
    yield Door("part's filename, kept", QUOTED, lambda text, serial: upload(part(
        b'Content-Disposition: form-data; name="file"; filename="%d%s.txt"' % (serial, text))), FILE_NAME - 16, 201, counts_text=True)
    yield Door("many parts", QUOTED, lambda text, _: upload(b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\nx\r\n' % (BOUNDARY_TEXT, text) for _ in range(32))
        + b"--%s--\r\n" % BOUNDARY_TEXT), PART_NAME // 2, 422)


def _files(world: World) -> Iterator[Door]:
    """The boundary, and the content."""
    def upload(content: bytes, extension: bytes = b"txt", fields: bytes = b"") -> bytes:
        head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="content.%s"\r\n\r\n' % (BOUNDARY_TEXT, extension)
        return request("POST /api/v1/upload", world.user.fields + fields, head + content + b"\r\n--%s--\r\n" % BOUNDARY_TEXT, MULTIPART)

    def bounded(text: bytes, body: bytes = b"----\r\n") -> bytes:
        return request("POST /api/v1/upload", world.user.fields, body, b"multipart/form-data; boundary=" + text)

    yield Door("boundary", FIELD, lambda text, _: bounded(text), section_room, 400)
    yield Door("boundary, as long as it may be", VISIBLE, lambda text, _: bounded(text, b"--" + text + b"--\r\n"), BOUNDARY, 422)
    yield Door("boundary in quotation marks", QUOTED, lambda text, _: bounded(b'"' + text + b'"'), section_room, 400)
    yield Door("preamble", RAW, lambda text, _: request("POST /api/v1/upload", world.user.fields, text + b"\r\n--%s--\r\n" % BOUNDARY_TEXT,
                                                       MULTIPART), 1_024, 422)
    yield Door("upload of text", RAW, lambda text, _: upload(text), UPLOAD, 201, after=functools.partial(_remove_files, world))
    # Small ones too: what a size costs at the least hides what its text does.
    yield Door("upload of a little text", RAW, lambda text, _: upload(text), 16_384, 201, after=functools.partial(_remove_files, world))
    yield Door("upload of a little that is no image", RAW, lambda text, _: upload(text, b"png"), 16_384, 415)
    yield Door("upload of text, over 5 MiB", RAW, lambda text, _: upload(text), UPLOAD + 1, 413)
    yield Door("upload, announced over 5 MiB", RAW, lambda text, _: upload(text), UPLOAD + ENVELOPE + 1, 413)
    yield Door("upload of what is no image", RAW, lambda text, _: upload(text, b"png"), UPLOAD, 415)
    yield Door("upload with an Idempotency-Key", RAW, lambda text, serial: upload(text, fields=b"Idempotency-Key: %d\r\n" % serial),
               BODY, 201, after=functools.partial(_remove_files, world))


def _remove_files(world: World) -> None:
    """So that the disk does not fill."""
    api = world.account.api
    for file in api.get("/api/v1/files?limit=100").json:
        if file["id"] != world.file_id:
            api.request("DELETE", f"/api/v1/files/{file['id']}")
