"""Doors behind a row: texts that were let in before, and are listed, searched and sent to a client again."""

from __future__ import annotations

from collections.abc import Iterator

from alphabets import FIELD, JSON, PERCENT, QUOTED
from door import Door, Refused, request
from world import Caller, User, World

ROWS = 20
POST_LENGTH = 50_000


class Reader:
    """An account of which there is a new one for each case, with rows that hold the case's text."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.caller: Caller = world.nobody
        self.file_id = world.file_id

    def _renew(self) -> User:
        account = self.world.server.register("reader")
        self.caller = Caller(self.world.host + b"Authorization: Bearer " + account.access_token.encode() + b"\r\n", account.id)
        return account

    def _send(self, whole: bytes) -> bytearray:
        response = self.world.control.exchange(whole)
        if response.status in (400, 415, 422):
            raise Refused(f"{whole[:60]!r} was answered {response.status}")
        assert response.status in (200, 201), f"{whole[:60]!r} was answered {response.status}"
        return response.body

    def store_tasks(self, text: bytes) -> None:
        self._renew()
        for _ in range(ROWS):
            self._send(request("POST /api/v1/tasks", self.caller.fields, b'{"title":"x","description":"' + text + b'"}'))

    def store_posts(self, text: bytes) -> None:
        account = self._renew()
        for _ in range(ROWS):
            body = b'{"user_id":%d,"title":"x","content":"%s"}' % (account.id, text)
            self._send(request("POST /api/v1/posts", self.caller.fields, body))

    def store_name(self, text: bytes) -> None:
        self._renew()
        self._send(request("PATCH /api/v1/auth/me", self.caller.fields, b'{"name":"' + text + b'","full_name":"' + text + b'"}'))

    def store_file(self, text: bytes) -> None:
        self._renew()
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s.txt"\r\n\r\nx\r\n--b--\r\n' % text
        made = self._send(request("POST /api/v1/upload", self.caller.fields, form, b"multipart/form-data; boundary=b"))
        self.file_id = bytes(made).partition(b'"id":"')[2].partition(b'"')[0].decode()

    def store_agent(self, text: bytes) -> None:
        """Sessions whose client calls itself so."""
        body = b'{"username":"%s","password":"%s"}' % (self._renew().username.encode(), self.world.password.encode())
        for _ in range(ROWS):
            self._send(request("POST /auth/login", self.world.host + b"User-Agent: " + text + b"\r\n", body))


def doors(world: World) -> Iterator[Door]:
    reader = Reader(world)
    # A number in each, so that no answer comes from the cache.
    yield Door("stored tasks, listed", JSON, lambda _, serial: request(
        f"GET /api/v1/tasks?limit={ROWS + serial % 80}", reader.caller.fields), 5_000, 200, counts_text=True, before=reader.store_tasks)
    yield Door("stored tasks, searched", JSON, lambda _, serial: request(
        f"GET /api/v1/tasks?search=x{serial}y", reader.caller.fields), 5_000, 200, counts_text=True, before=reader.store_tasks)
    yield Door("stored posts, listed", JSON, lambda *_: request(
        f"GET /api/v1/posts?user_id={reader.caller.id}&limit={ROWS}", reader.caller.fields), POST_LENGTH, 200, counts_text=True,
        before=reader.store_posts)
    # Letters that are all the same are the worst that can be searched, and so the reference is letters of words.
    yield Door("tasks of the same letter, searched for it", PERCENT, lambda text, serial: request(
        b"GET /api/v1/tasks?search=%s%d" % (text, serial), reader.caller.fields), 180, 200, counts_text=True,
        before=lambda _: reader.store_tasks(b"a" * 5_000))
    yield Door("stored name, read", JSON, lambda *_: request("GET /api/v1/auth/me", reader.caller.fields), 200, 200, counts_text=True,
               before=reader.store_name)
    yield Door("stored name, mailed", JSON, lambda *_: request("POST /api/v1/tasks/send-welcome-email", reader.caller.fields), 200, 200,
               counts_text=True, before=reader.store_name)
    yield Door("stored filename, listed", QUOTED, lambda *_: request("GET /api/v1/files", reader.caller.fields), 250, 200,
               counts_text=True, before=reader.store_file)
    yield Door("stored filename, downloaded", QUOTED, lambda *_: request(
        f"GET /api/v1/files/{reader.file_id}/content", reader.caller.fields), 250, counts_text=True, before=reader.store_file)
    yield Door("stored User-Agent, listed", FIELD, lambda *_: request("GET /api/v1/auth/sessions", reader.caller.fields), 8_192, 200,
               before=reader.store_agent)
