"""Databases that answer and cannot serve: read-only, full, without connections, of another encoding, with another file."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from reactor import PASSWORD, Client, Server, User
from services import Postgres, Redis, free_port, wait_until

SECRET = "a secret of these tests that is long enough for all"


@contextlib.contextmanager
def small_disk(megabytes: int, owner: str | None = None):
    """A folder on a file system of its own; the test is skipped where nothing can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="rt-disk-", dir="/tmp"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        folder.rmdir()
        raise unittest.SkipTest("nothing can be mounted here")
    try:
        if owner is not None:
            subprocess.run(["chown", owner, str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


class Neighbour(unittest.TestCase):
    server: Server
    user: User

    def create(self):
        return self.user.api.post("/tasks", {"title": "Written in bad times", "description": "x" * 1_000}, timeout=5)

    def assert_not_ready_within(self, seconds: float) -> None:
        self.assertTrue(wait_until(lambda: self.server.status("/readyz") == 503, seconds), "readiness did not turn 503")
        self.assertEqual(self.server.status("/health/live"), 200)

    def assert_comes_back(self, seconds: float = 8) -> None:
        self.assertTrue(wait_until(lambda: self.server.status("/readyz") == 200, seconds), f"not ready again:\n{self.server.log_tail()}")
        self.assertEqual(self.create().status, 201, self.server.log_tail())

    def forget_the_log(self, server: Server | None = None) -> None:
        """Empties the log, once it has told that what was ill is well again."""
        log = (server or self.server).log
        self.assertTrue(wait_until(lambda: log.read_text().count("cannot serve\"") <= log.read_text().count("serves again\""), 15), log.read_text())
        log.write_text("")

    def said(self, *words: str) -> list[str]:
        """Lines of the log that are warnings or worse."""
        lines = self.server.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(f'"level":"{level}"' in line for level in ("warning", "error", "critical"))
                and all(word in line for word in words)]


class PostgresThatAnswers(Neighbour):
    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.discard)
        cls.postgres.start()
        cls.server = Server(DATABASE_URL=cls.postgres.url, LOG_FORMAT="json", SECRET_KEY=SECRET).start()
        cls.addClassCleanup(cls.server.discard)
        cls.user = cls.server.register("steady")

    def setUp(self) -> None:
        self.assertTrue(wait_until(lambda: self.server.status("/readyz") == 200, 15))
        self.forget_the_log()

    def settings(self, *statements: str) -> None:
        for statement in statements:
            self.postgres.sql(statement, database="postgres")
        self.postgres.sql("SELECT pg_reload_conf()", database="postgres")

    def test_read_only(self) -> None:
        self.settings("ALTER SYSTEM SET default_transaction_read_only = on")
        try:
            self.assert_not_ready_within(2)
            for _ in range(20):
                answer = self.create()
                self.assertEqual(answer.status, 503, str(answer))
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.assertEqual(answer.json["code"], "DATABASE_READ_ONLY")
                self.assertEqual(self.user.api.get("/tasks").status, 200)
            time.sleep(5)
            self.assertEqual(self.server.status("/readyz"), 503)
            self.assertEqual(self.user.api.get("/tasks").status, 200)
            self.assertIn("read-only", self.server.api.get("/monitoring/health").body.decode())
        finally:
            # The statement itself is a write.
            self.settings("BEGIN READ WRITE; COMMIT", "ALTER SYSTEM RESET default_transaction_read_only")
        self.assert_comes_back()
        self.assertEqual(len(self.said('"message":"the database cannot serve"')), 1, self.said('"message":"the database cannot serve"'))
        others = [line for line in self.said() if '"message":"request"' not in line]
        self.assertLessEqual(len(others), 2, others)  # the workers' queue has a line of its own

    def test_a_limit_on_connections_that_lets_nobody_log_in(self) -> None:
        self.postgres.sql("CREATE ROLE limited LOGIN PASSWORD 'limited'")
        self.postgres.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO limited; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO limited")
        self.postgres.sql("ALTER ROLE limited CONNECTION LIMIT 1")
        url = self.postgres.url.replace("reactor:reactor@", "limited:limited@")
        server = Server(DATABASE_URL=url, LOG_FORMAT="json", SECRET_KEY=SECRET, APP_ENV="production", HOST="127.0.0.1", WORKER="false",
                        LOOPS="1")
        self.addCleanup(server.discard)
        with open(server.log, "ab") as log:
            server.process = subprocess.Popen([os.environ["REACTOR_BINARY"], "serve"], env=server.environment, cwd=server.folder,
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.assertTrue(wait_until(lambda: server.status("/health/live") == 200, 20), server.log_tail())
        for _ in range(20):
            self.assertNotEqual(server.status("/readyz"), 200, "ready, though nobody can log in")
            time.sleep(0.1)
        answer = server.api.post("/auth/login", {"username": self.user.email, "password": PASSWORD})
        self.assertEqual(answer.status, 503, str(answer))
        self.postgres.sql("ALTER ROLE limited CONNECTION LIMIT 20")
        self.assertTrue(wait_until(server.is_ready, 8), server.log_tail())

    def test_a_full_disk(self) -> None:
        with small_disk(3, owner=self.postgres.user() or f"{os.getuid()}") as disk:
            self.postgres.sql(f"CREATE TABLESPACE small LOCATION '{disk}'", database="postgres")
            try:
                self.postgres.sql("ALTER TABLE tasks SET TABLESPACE small")
                statuses = []
                while len(statuses) < 5_000 and (not statuses or statuses[-1] == 201):
                    statuses.append(self.create().status)
                self.assertEqual(statuses[-1], 507, self.server.log_tail())
                self.assert_not_ready_within(2)
                # Now and then there is room for one.
                answer = next(answer for answer in (self.create() for _ in range(100)) if answer.status != 201)
                self.assertEqual((answer.status, answer.json["code"]), (507, "STORAGE_FULL"))
            finally:
                self.postgres.sql("ALTER TABLE tasks SET TABLESPACE pg_default")
                self.postgres.sql("DROP TABLESPACE small", database="postgres")
            self.assertEqual(self.create().status, 201)
            self.assert_comes_back()
            self.assertEqual(len(self.said('"message":"the database cannot serve"')), 1, self.server.log_tail())

    def test_every_class_of_errors_has_a_policy(self) -> None:
        """What the server says is made by a trigger; everything on the way is real."""
        self.postgres.sql("""
            CREATE TABLE faults (state text);
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE wanted text := (SELECT state FROM faults);
                BEGIN IF wanted <> '' THEN RAISE EXCEPTION USING ERRCODE = wanted, MESSAGE = 'made by a test'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION fail();
            INSERT INTO faults VALUES ('')""")
        self.addCleanup(self.postgres.sql, "DROP TRIGGER fail ON tasks; DROP FUNCTION fail; DROP TABLE faults")
        wanted = {"25006": 503, "53100": 507, "53200": 503, "53300": 503, "53400": 503, "57P01": 503, "57P03": 503, "08006": 503,
                  "08P01": 503, "40001": 503, "58030": 500, "XX000": 500}
        for state, status in wanted.items():
            with self.subTest(state):
                self.postgres.sql(f"UPDATE faults SET state = '{state}'")
                answer = self.create()
                self.assertEqual(answer.status, status, f"{state}: {answer}")
                if status == 503:
                    self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.postgres.sql("UPDATE faults SET state = ''")
                self.assertEqual(self.create().status, 201, state)
        self.assertTrue(wait_until(lambda: self.server.status("/readyz") == 200, 5))


class RedisThatAnswers(Neighbour):
    """Two servers that share a PostgreSQL and a Redis: what one writes, the other must show."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres, cls.redis = Postgres(), Redis("--enable-protected-configs", "yes")
        for service in (cls.postgres, cls.redis):
            cls.addClassCleanup(service.discard)
            service.start()
        settings = {"DATABASE_URL": cls.postgres.url, "REDIS_URL": cls.redis.url, "LOG_FORMAT": "json", "SECRET_KEY": SECRET}
        cls.server, cls.other = Server(**settings), Server(**settings)
        for server in (cls.server, cls.other):
            cls.addClassCleanup(server.discard)
            server.start()

    def setUp(self) -> None:
        self.user = self.server.register("sharing")
        self.elsewhere = Client(self.other.port, self.user.access_token)
        for server in (self.server, self.other):
            self.assertTrue(wait_until(lambda: not self.is_degraded(server), 8))
            self.forget_the_log(server)

    def is_degraded(self, server: Server) -> bool:
        return server.api.get("/monitoring/health").json["status"] == "degraded"

    def assert_shared(self, seconds: float) -> None:
        """What is written on either server is seen on the other in time."""
        for writer, reader in ((self.user.api, self.elsewhere), (self.elsewhere, self.user.api)):
            for _ in range(3):
                before = len(reader.get("/tasks?limit=100").json)
                self.assertEqual(len(reader.get("/tasks?limit=100").json), before)
                self.assertEqual(writer.post("/tasks", {"title": "Shared"}).status, 201)
                self.assertTrue(wait_until(lambda: len(reader.get("/tasks?limit=100").json) == before + 1, seconds, every=0.005),
                                "the list is stale")

    def ask(self, *commands: str) -> None:
        for command in commands:
            reply = self.redis.ask(command)
            self.assertIsNotNone(reply)
            self.assertFalse(reply.startswith(b"-"), reply)
            if command == "BGSAVE":
                self.assertTrue(wait_until(lambda: b"rdb_last_bgsave_status:err" in self.redis.ask("INFO persistence"), 5))

    def assert_survives(self, fault: list[str], mend: list[str], seconds: float) -> None:
        self.assert_shared(0.1)
        self.ask(*fault)
        try:
            self.assert_shared(seconds)
            for server in (self.server, self.other):
                self.assertTrue(wait_until(lambda: self.is_degraded(server), 3), "health does not tell")
            time.sleep(2)
            self.assert_shared(seconds)
            self.assertEqual(self.server.status("/readyz"), 200)
            for server in (self.server, self.other):
                lines = [line for line in server.log.read_text().splitlines() if '"level":"warning"' in line]
                self.assertEqual(len(lines), 1, lines)
                self.assertIn("Redis cannot serve", lines[0])
            failures = re.search(r"^redis_failures_total (\d+)", self.server.api.get("/metrics").body.decode(), re.MULTILINE)
            self.assertGreater(int(failures[1]), 0)
        finally:
            self.ask(*mend)
        for server in (self.server, self.other):
            self.assertTrue(wait_until(lambda: not self.is_degraded(server), 8), server.log_tail())
        self.assert_shared(0.1)

    def test_out_of_memory(self) -> None:
        self.assert_survives(["CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1"], ["CONFIG SET maxmemory 0"], 0.1)

    def test_a_replica(self) -> None:
        self.assert_survives([f"REPLICAOF 127.0.0.1 {free_port()}"], ["REPLICAOF NO ONE"], 0.1)

    def test_no_permission_to_write(self) -> None:
        self.assert_survives(["ACL SETUSER default -@write"], ["ACL SETUSER default +@all"], 0.1)

    def test_a_failed_snapshot(self) -> None:
        with small_disk(1) as disk:
            (disk / "full").write_bytes(b"x" * (1 << 20))
            self.ask(f"CONFIG SET dir {disk}", 'CONFIG SET save "3600 100000"')
            try:
                self.assert_survives(["BGSAVE"], ["CONFIG SET stop-writes-on-bgsave-error no"], 0.1)
            finally:
                self.ask('CONFIG SET save ""', f"CONFIG SET dir {self.redis.folder}", "CONFIG SET stop-writes-on-bgsave-error yes")


class OtherEncoding(unittest.TestCase):
    def test_a_database_in_latin1_is_refused(self) -> None:
        with Postgres() as postgres:
            postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", database="postgres")
            url = postgres.url.replace("/reactor_test", "/latin")
            for command in (["migrate", "up"], ["serve"]):
                for environment in ("development", "production"):
                    server = Server(DATABASE_URL=url, APP_ENV=environment, SECRET_KEY=SECRET, HOST="127.0.0.1")
                    self.addCleanup(server.discard)
                    result = subprocess.run([os.environ["REACTOR_BINARY"], *command], env=server.environment, cwd=server.folder, timeout=30,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    self.assertNotEqual(result.returncode, 0, f"{command} in {environment}: {result.stdout}")
                    self.assertIn("LATIN1", result.stdout)


class SQLiteFiles(Neighbour):
    def start(self, **settings: str) -> None:
        self.server = Server(LOG_FORMAT="json", SECRET_KEY=SECRET, **settings).start()
        self.addCleanup(self.server.discard)
        self.user = self.server.register("steady")
        self.server.log.write_text("")

    def test_a_full_disk_is_507(self) -> None:
        with small_disk(2) as disk:
            self.start(DATA_DIR=str(disk))
            self.addCleanup(self.server.stop)
            statuses = []
            while len(statuses) < 5_000 and (not statuses or statuses[-1] == 201):
                statuses.append(self.create().status)
            self.assertEqual(statuses[-1], 507, self.server.log_tail())
            self.assert_not_ready_within(2)
            self.assertEqual(self.user.api.get("/tasks").status, 200)
            subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
            self.assertEqual(self.create().status, 201)
            self.assert_comes_back()
            self.assertEqual(len(self.said('"message":"the database cannot serve"')), 1, self.server.log_tail())

    def assert_noticed(self, change) -> None:
        self.start()
        data = Path(self.server.environment["DATA_DIR"])
        change(data)
        self.assert_not_ready_within(2)
        self.assertEqual(self.create().status, 503)
        self.assertTrue(wait_until(lambda: len(self.said("deleted or replaced")) == 1, 1), self.server.log_tail())

    def test_a_deleted_file_is_noticed(self) -> None:
        self.assert_noticed(lambda data: (data / "reactor.db").unlink())

    def test_a_replaced_file_is_noticed(self) -> None:
        def replace(data: Path) -> None:
            copy = data / "copy.db"
            copy.write_bytes((data / "reactor.db").read_bytes())
            copy.rename(data / "reactor.db")

        self.assert_noticed(replace)

    def test_a_file_that_comes_back_is_used_again(self) -> None:
        self.assert_noticed(lambda data: (data / "reactor.db").rename(data / "aside.db"))
        data = Path(self.server.environment["DATA_DIR"])
        (data / "aside.db").rename(data / "reactor.db")
        self.assert_comes_back()
