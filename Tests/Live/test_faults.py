"""PostgreSQL and Redis go away under a running server: frozen, killed, and back."""

from __future__ import annotations

import http.client
import time
import unittest

from reactor import PASSWORD, Client, Server, User
from services import Postgres, Redis, wait_until


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres, cls.redis = Postgres(), Redis()
        cls.addClassCleanup(cls.postgres.discard)
        cls.addClassCleanup(cls.redis.discard)
        cls.postgres.start()
        cls.redis.start()
        cls.server = Server(DATABASE_URL=cls.postgres.url, REDIS_URL=cls.redis.url).start()
        cls.addClassCleanup(cls.server.discard)
        cls.user: User = cls.server.register("steady")

    def setUp(self) -> None:
        self.process_id = self.server.process.pid
        self.assertTrue(wait_until(self.writes_work, 10), f"the server is not well before the fault:\n{self.server.log_tail()}")

    def tearDown(self) -> None:
        self.assertIsNone(self.server.process.poll(), f"the server ended:\n{self.server.log_tail()}")
        self.assertEqual(self.server.process.pid, self.process_id)

    def create(self, timeout: float = 5):
        return self.user.api.post("/tasks", {"title": "Written in bad times"}, timeout=timeout)

    def writes_work(self) -> bool:
        # Each event loop has connections of its own, and each request comes to one of the loops: all of them are to be back.
        try:
            return all(self.create().status == 201 for _ in range(8))
        except (OSError, http.client.HTTPException):
            return False

    def assert_survives_without_postgres(self) -> None:
        """Called right after the fault."""
        struck = time.monotonic()
        self.assertTrue(wait_until(lambda: self.server.status("/health/ready") == 503, 2.5), "readiness did not turn 503")
        self.assertLess(time.monotonic() - struck, 2.5)
        self.assertEqual(self.server.status("/health/live"), 200)
        for _ in range(3):
            answer = self.create()
            self.assertEqual(answer.status, 503, str(answer))
            self.assertLess(answer.seconds, 3)
            self.assertTrue(int(answer.headers["Retry-After"]) >= 1)
            self.assertNotIn("libpq", answer.body.decode().lower())

    def assert_comes_back(self) -> None:
        returned = time.monotonic()
        self.assertTrue(wait_until(self.writes_work, 5), f"no write within 5 s of the return:\n{self.server.log_tail()}")
        self.assertTrue(wait_until(self.server.is_ready, 5 - (time.monotonic() - returned)), "not ready within 5 s of the return")

    def test_a_frozen_postgres_is_503_and_comes_back(self) -> None:
        self.postgres.freeze()
        try:
            self.assert_survives_without_postgres()
        finally:
            self.postgres.thaw()
        self.assert_comes_back()

    def test_a_killed_postgres_is_503_and_comes_back(self) -> None:
        self.postgres.kill()
        try:
            self.assert_survives_without_postgres()
        finally:
            self.postgres.start()
        self.assert_comes_back()

    def test_the_first_request_into_a_frozen_postgres_is_503_within_3_seconds(self) -> None:
        self.postgres.freeze()
        try:
            answer = self.create()
            self.assertEqual(answer.status, 503, str(answer))
            self.assertLess(answer.seconds, 3)
        finally:
            self.postgres.thaw()
        self.assert_comes_back()

    def test_a_killed_redis_costs_no_request(self) -> None:
        self.assert_redis_is_not_missed(self.redis.kill, self.redis.start)

    def test_a_frozen_redis_costs_no_request(self) -> None:
        self.assert_redis_is_not_missed(self.redis.freeze, self.redis.thaw)

    def assert_redis_is_not_missed(self, strike, restore) -> None:
        strike()
        try:
            for _ in range(20):
                answer = self.user.api.get("/tasks")
                self.assertEqual(answer.status, 200, str(answer))
                self.assertLess(answer.seconds, 1)
            self.assertEqual(self.create().status, 201)
            self.assertEqual(self.server.status("/health/ready"), 200)
            self.assertTrue(wait_until(self.is_degraded, 5), "health does not tell that Redis is away")
        finally:
            restore()
        self.assertTrue(wait_until(lambda: not self.is_degraded(), 15), "health does not tell that Redis is back")

    def is_degraded(self) -> bool:
        answer = self.server.api.get("/monitoring/health")
        self.assertEqual(answer.status, 200, str(answer))
        return answer.json["status"] == "degraded"


class LimitsWithoutRedis(unittest.TestCase):
    def test_the_limit_on_logins_holds_when_redis_is_killed(self) -> None:
        with Redis() as redis, Server(REDIS_URL=redis.url, RATE_LIMIT_ENABLED="true", RATE_LIMIT_LOGIN="5/60s") as server:
            user = server.register("guessed")
            redis.kill()
            attempts = [Client(server.port).post("/auth/login", {"username": user.email, "password": f"{PASSWORD}{number}"})
                        for number in range(12)]
            self.assertEqual({answer.status for answer in attempts}, {401, 429}, [str(answer) for answer in attempts])
            self.assertLessEqual(sum(answer.status == 401 for answer in attempts), 10)  # a window may turn in between
            self.assertIn("Retry-After", attempts[-1].headers)
