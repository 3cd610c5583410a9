"""PostgreSQL behind PgBouncer, whose transactions may each be another server process'."""

from __future__ import annotations

import concurrent.futures
import time
import unittest

from poolers import PgBouncer
from reactor import Client, Server
from services import Postgres, wait_until

SECRET = "a secret of these tests that is long enough for all"


class BehindPgBouncer(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.discard)
        cls.postgres.start()

    def pooler(self, mode: str, **settings: str) -> PgBouncer:
        pooler = PgBouncer(self.postgres.url, mode, **settings)
        self.addCleanup(pooler.discard)
        return pooler.start()

    def serve(self, url: str, **settings: str) -> Server:
        server = Server(DATABASE_URL=url, SECRET_KEY=SECRET, LOG_FORMAT="json", **settings)
        self.addCleanup(server.discard)
        return server.start()

    def assert_works(self, servers: list[Server], seconds: float = 3) -> None:
        """Reads and writes of many clients at once, on both loops of each server: nothing fails, and every answer is its question's."""
        users = [servers[0].register(f"pooled{number}") for number in range(4)]
        deadline = time.monotonic() + seconds

        def work(number: int) -> int:
            user, server = users[number % len(users)], servers[number % len(servers)]
            client, done = Client(server.port, user.access_token), 0
            while time.monotonic() < deadline:
                title = f"task {number} {done}"
                created = client.post("/tasks", {"title": title})
                self.assertEqual(created.status, 201, f"{created}\n{server.log_tail()}")
                found = client.get(f"/tasks/{created.json['id']}")
                self.assertEqual((found.status, found.json["title"]), (200, title))
                self.assertEqual(client.get("/auth/me").json["email"], user.email)
                self.assertEqual(client.get(f"/tasks?search={title.replace(' ', '%20')}&limit=5").status, 200)
                self.assertEqual(client.get("/tasks/statistics").status, 200)
                self.assertIn(client.request("PATCH", f"/tasks/{created.json['id']}", json_body={"status": "done"}).status, (200, 422))
                done += 1
            return done

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertGreater(sum(pool.map(work, range(8))), 20)
        for server in servers:
            errors = [line for line in server.log.read_text().splitlines() if '"level":"error"' in line and "/health/ready" not in line]
            self.assertEqual(errors, [])

    def test_transaction_mode(self) -> None:
        pooler = self.pooler("transaction", default_pool_size="3")
        self.assert_works([self.serve(pooler.url), self.serve(pooler.url)])
        # The server's limit of a statement goes with its transaction, and stays nowhere.
        self.assertEqual(self.postgres.sql("SELECT count(*) FROM pg_prepared_statements"), "0")

    def test_transaction_mode_that_swallows_what_it_does_not_know(self) -> None:
        pooler = self.pooler("transaction", default_pool_size="3", ignore_startup_parameters="options,extra_float_digits")
        self.assert_works([self.serve(pooler.url), self.serve(pooler.url)])

    def test_session_mode(self) -> None:
        pooler = self.pooler("session", default_pool_size="40", ignore_startup_parameters="options")
        self.assert_works([self.serve(pooler.url)])
        self.assert_works([self.serve(pooler.url, DATABASE_PREPARED_STATEMENTS="on")])

    def test_a_late_statement_is_ended_by_the_server(self) -> None:
        pooler = self.pooler("transaction", default_pool_size="3")
        server = self.serve(pooler.url, DATABASE_STATEMENT_TIMEOUT="500ms")
        user = server.register("late")
        blocker = f"postgres://{self.postgres.account}:{self.postgres.password}@127.0.0.1:{self.postgres.port}/{self.postgres.database}"
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            blocked = pool.submit(self.postgres.run, "psql", "-X", "-q", "-d", blocker, "-c", "BEGIN", "-c",
                                  "LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE", "-c", "SELECT pg_sleep(3)", "-c", "COMMIT")
            time.sleep(0.5)
            answer = user.api.post("/tasks", {"title": "Late"})
            self.assertEqual(answer.status, 503, str(answer))
            self.assertLess(answer.seconds, 1.5)
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            self.assertTrue(wait_until(lambda: self.postgres.sql(waiting) == "0", 1.5), "the server goes on with it")
            blocked.result()
        self.assertEqual(user.api.post("/tasks", {"title": "In time"}).status, 201)

    def test_jobs_run_without_being_told_of(self) -> None:
        pooler = self.pooler("transaction")
        server = self.serve(pooler.url, JOB_POLL_INTERVAL="200ms")
        user = server.register("working")
        self.assertIn(user.api.post("/auth/email/verify/request").status, (200, 202))
        outbox = server.folder / "data" / "outbox"
        self.assertTrue(wait_until(lambda: outbox.is_dir() and any(outbox.iterdir()), 10), server.log_tail())

    def test_two_processes_show_nothing_stale(self) -> None:
        """Nobody hears of anything here: so nothing is kept."""
        pooler = self.pooler("transaction")
        first, second = self.serve(pooler.url), self.serve(pooler.url)
        user = first.register("both")
        there = Client(second.port, user.access_token)
        for _ in range(10):
            before = int(there.get("/tasks?limit=5").headers["X-Total-Count"])
            self.assertEqual(user.api.post("/tasks", {"title": "Shared"}).status, 201)
            self.assertEqual(int(there.get("/tasks?limit=5").headers["X-Total-Count"]), before + 1)
