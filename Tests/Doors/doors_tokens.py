"""Doors in a bearer token: any text, and access tokens with any header and any claims, signed with the server's own secret or not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator

from alphabets import FIELD, JSON, RAW, VISIBLE
from door import JSON_NAME, TOKEN, Build, Door, many, request, section_room
from world import SECRET, World

# Claims that are texts of their owner's: a token with any text in them is good.
FREE_CLAIMS = ("username", "role", "jti")


def base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def token(header: bytes, claims: bytes, is_signed: bool = True) -> bytes:
    """The compact form (RFC 7515 7.1) of a header and claims in JSON."""
    signed = base64url(header) + b"." + base64url(claims)
    signature = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest() if is_signed else b"x" * 32
    return signed + b"." + base64url(signature)


def room_in(made: bytes) -> int:
    """How many bytes of JSON a token may have beside those that it has without any text."""
    return (TOKEN - len(made)) * 3 // 4 - 4


def doors(world: World) -> Iterator[Door]:
    payload = world.account.access_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    header = {"alg": "HS256", "typ": "JWT"}

    def bearer(made: bytes) -> bytes:
        return request("GET /api/v1/auth/me", world.host + b"Authorization: Bearer " + made + b"\r\n")

    def in_header(name: bytes | None) -> Build:
        """In place of a member of the header, or as the name of another one."""
        known = {key: value for key, value in header.items() if key.encode() != name}
        return lambda text, serial: bearer(token(_with(known, name, text), _claims(serial), False))

    def in_claims(name: bytes | None) -> Build:
        return lambda text, serial: bearer(token(json.dumps(header).encode(), _with(_members(serial, name), name, text)))

    def _members(serial: int, without: bytes | None) -> dict:
        # Another expiry each time: a token that was verified is remembered.
        members = claims | {"exp": int(time.time()) + 10_000 + serial}
        return {key: value for key, value in members.items() if key.encode() != without}

    def _claims(serial: int) -> bytes:
        return json.dumps(_members(serial, None)).encode()

    def room(empty: bytes) -> int:
        return room_in(empty.rpartition(b"Bearer ")[2].rstrip())

    yield Door("bearer token, any text", VISIBLE, lambda text, _: bearer(text), section_room, 401)
    yield Door("bearer token, any bytes", FIELD, lambda text, _: bearer(text), section_room, 401)
    yield Door("bearer token, any text of 4 KiB", VISIBLE, lambda text, _: bearer(text), TOKEN, 401)
    yield Door("bearer token, over 4 KiB", VISIBLE, lambda text, _: bearer(text), TOKEN + 1, 401)
    yield Door("bearer token, parts in base64url", RAW, lambda text, _: bearer(b".".join([base64url(text)] * 3)), TOKEN // 4 - 8, 401)
    yield Door("authorization scheme", FIELD, lambda text, _: request(
        "GET /api/v1/auth/me", world.host + b"Authorization: " + text + b" x\r\n"), section_room, 401)
    for name in (b"alg", b"typ", b"kid", None):
        yield Door(f"token header's {name.decode() if name else 'member name'}", JSON, in_header(name), room, 401)
    for name in sorted(claims):
        expected = 200 if name in FREE_CLAIMS else 401
        yield Door(f"signed claim {name}", JSON, in_claims(name.encode()), room, expected)
    yield Door("signed claim's name", JSON, in_claims(None), room)
    yield Door("signed claim's name, as long as it may be", JSON, in_claims(None), JSON_NAME, 200)
    yield Door("many signed claims", JSON, lambda text, serial: bearer(token(json.dumps(header).encode(), many(
        _claims(serial)[:-1] + b",", b",", 2_700, b'"' + text, b'%04d":1') + b"}")), 12, 200)


def _with(members: dict, name: bytes | None, text: bytes) -> bytes:
    """The members in JSON, with one more: `name` with the text for a value, or the text for a name."""
    member = b'"%s":"%s"' % (name, text) if name else b'"%s":1' % text
    return b"{" + b",".join([json.dumps(members).encode()[1:-1], member]) + b"}"
