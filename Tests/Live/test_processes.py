"""Two processes on one PostgreSQL: what one changes or ends holds on the other within a tenth of a second, without Redis too."""

from __future__ import annotations

import time
import unittest

from reactor import PASSWORD, Client, Server
from services import Postgres, Redis, wait_until

SECRET = "a secret of these tests that is long enough for all"
IN_TIME = 0.1


class TwoProcesses(unittest.TestCase):
    redis: Redis | None = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.discard)
        cls.postgres.start()
        settings = {"DATABASE_URL": cls.postgres.url, "SECRET_KEY": SECRET, "LOOPS": "2"}
        if cls.redis is not None:
            cls.addClassCleanup(cls.redis.discard)
            settings["REDIS_URL"] = cls.redis.start().url
        cls.first, cls.second = Server(**settings), Server(**settings)
        for server in (cls.first, cls.second):
            cls.addClassCleanup(server.discard)
            server.start()

    def setUp(self) -> None:
        self.user = self.first.register("both")
        self.here, self.there = self.user.api, Client(self.second.port, self.user.access_token)

    def count(self, reader: Client) -> int:
        return int(reader.get("/tasks?limit=5").headers["X-Total-Count"])

    def assert_lists_follow(self, rounds: int = 10) -> None:
        slowest = 0.0
        for _ in range(rounds):
            for writer, reader in ((self.here, self.there), (self.there, self.here)):
                # On both loops, and cached there.
                counts = {self.count(reader) for _ in range(8)}
                self.assertEqual(len(counts), 1)
                self.assertEqual(writer.post("/tasks", {"title": "Shared"}).status, 201)
                started = time.monotonic()
                wanted = counts.pop() + 1
                self.assertTrue(wait_until(lambda: self.count(reader) == wanted, 2, every=0.001), "the list stays stale")
                slowest = max(slowest, time.monotonic() - started)
                self.assertEqual({self.count(reader) for _ in range(4)}, {wanted})
        self.assertLess(slowest, IN_TIME)

    def assert_refused(self, client: Client) -> None:
        started = time.monotonic()
        self.assertTrue(wait_until(lambda: client.get("/auth/me").status == 401, 2, every=0.001), "the session goes on")
        self.assertLess(time.monotonic() - started, IN_TIME)
        self.assertEqual({client.get("/auth/me").status for _ in range(8)}, {401})

    def test_lists_follow(self) -> None:
        self.assert_lists_follow()

    def test_an_ended_session_is_ended_everywhere(self) -> None:
        for _ in range(5):
            tokens = self.first.api.post("/auth/login", {"username": self.user.email, "password": PASSWORD}).json
            here, there = (Client(server.port, tokens["access_token"]) for server in (self.first, self.second))
            self.assertEqual({there.get("/auth/me").status for _ in range(8)}, {200})
            self.assertIn(here.post("/auth/logout", {"refresh_token": tokens["refresh_token"]}).status, (200, 204))
            self.assert_refused(there)

    def test_a_changed_password_ends_the_other_sessions_everywhere(self) -> None:
        tokens = self.second.api.post("/auth/login", {"username": self.user.email, "password": PASSWORD}).json
        there = Client(self.second.port, tokens["access_token"])
        self.assertEqual({there.get("/auth/me").status for _ in range(8)}, {200})
        changed = self.here.post("/auth/me/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"})
        self.assertIn(changed.status, (200, 204), str(changed))
        self.assert_refused(there)

    def test_nothing_is_stale_while_others_are_not_heard(self) -> None:
        """The connection that listens is cut again and again."""
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reactor-listener'")
            self.assert_lists_follow(rounds=1)


class TwoProcessesWithRedis(TwoProcesses):
    @classmethod
    def setUpClass(cls) -> None:
        cls.redis = Redis()
        super().setUpClass()


