"""What the conformance tests stand on: a README's curl lines run as they are written, on every database.

Each test file plays one FastAPI template. Its class holds the tests, and one subclass a database says where they run. A line is
run by the real curl with nothing changed but the address; `$NAME` in it is replaced from the keywords, as a shell would.
"""

from __future__ import annotations

import email
import email.policy
import http.client
import io
import os
import shlex
import string
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Live"))
from reactor import Answer, Client, Server  # noqa: E402
from poolers import PgBouncer  # noqa: E402
from services import wait_until  # noqa: E402

BASE = "http://localhost:8000"
ADMIN = {"email": "admin@local.com", "password": "admin123456"}
# What every template's README has for a password.
PASSWORD = "password123"


def fresh_database(postgres_url: str, **options: str) -> str:
    """The URL of a new database beside the one that `postgres_url` names."""
    name = f"conformance_{uuid.uuid4().hex}"
    clauses = " ".join(f"{key} {value}" for key, value in options.items())
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres_url, "-c", f"CREATE DATABASE {name} {clauses}"],
                   check=True, stdin=subprocess.DEVNULL)
    return urllib.parse.urlsplit(postgres_url)._replace(path=f"/{name}").geturl()


class SQLiteAlone:
    """The embedded default: one file, nothing else."""

    @classmethod
    def storage(cls) -> dict[str, str]:
        return {}


class PostgresAndRedis:
    """What runs in production. The Redis is shared with other tests, so that its keys need a prefix of their own."""

    @classmethod
    def storage(cls) -> dict[str, str]:
        return {"DATABASE_URL": fresh_database(os.environ["TEST_POSTGRES_URL"]), "REDIS_URL": os.environ["TEST_REDIS_URL"],
                "REDIS_KEY_PREFIX": f"{uuid.uuid4().hex}:"}


class BehindPgBouncer:
    """PostgreSQL through a pooler, and no Redis: nothing is heard of other processes, and nothing is kept of what they may change."""

    MODE = ""

    @classmethod
    def storage(cls) -> dict[str, str]:
        pooler = PgBouncer(fresh_database(os.environ["TEST_POSTGRES_URL"]), cls.MODE)
        cls.addClassCleanup(pooler.discard)
        return {"DATABASE_URL": pooler.start().url}


class PooledTransactions(BehindPgBouncer):
    MODE = "transaction"


class PooledSessions(BehindPgBouncer):
    MODE = "session"


class Template:
    """A server, curl, and the words in which a test says what it expects."""

    # Of the server beside its databases. Hashing is made cheap: these tests log in all the time.
    SETTINGS: dict[str, str] = {}
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.started()
        cls.admin = cls.as_admin(cls.server)

    @classmethod
    def started(cls, **settings: str) -> Server:
        """A server of this class' kind, gone with the class."""
        cheap = {"PASSWORD_HASH_MEMORY_KIB": "64", "PASSWORD_HASH_ITERATIONS": "1"}
        server = Server(**cls.storage(), **{**cheap, **cls.SETTINGS, **settings}).start()
        cls.addClassCleanup(server.discard)
        return server

    @classmethod
    def as_admin(cls, server: Server) -> Client:
        """The administrator that `reactor seed-admin` makes, logged in."""
        seeded = subprocess.run([os.environ["REACTOR_BINARY"], "seed-admin"], env=server.environment, cwd=server.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert seeded.returncode == 0, seeded.stdout
        return Client(server.port, cls.login(server, ADMIN["email"], ADMIN["password"])["access_token"])

    @staticmethod
    def login(server: Server, username: str, password: str = PASSWORD) -> dict:
        answer = server.api.post("/auth/login", {"username": username, "password": password})
        assert answer.status == 200, f"login: {answer}"
        return answer.json

    def user(self, server: Server | None = None, **members: str) -> Client:
        """A new account with a session; the client knows `user_id` and `email`."""
        server = server or self.server
        address = f"user-{uuid.uuid4().hex[:12]}@example.com"
        registered = server.api.post("/auth/register", {"email": address, "password": PASSWORD, **members})
        assert registered.status == 201, f"register: {registered}"
        client = Client(server.port, self.login(server, address)["access_token"])
        client.user_id, client.email = registered.json["id"], address
        return client

    def letter(self, to: str, subject: str) -> str:
        """The text of the letter in the outbox (there is no SMTP_URL); waited for, since a job writes it."""
        def found() -> list[str]:
            letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                       for path in (self.server.folder / "data" / "outbox").glob("*.eml")]
            return [one.get_content().replace("\r\n", "\n") for one in letters if to in one["To"] and subject in one["Subject"]]

        self.assertTrue(wait_until(lambda: bool(found()), 20, every=0.05), f"no letter to {to} about {subject}")
        self.assertEqual(len(found()), 1, f"letters to {to} about {subject}")
        return found()[0]

    # --- curl

    def curl(self, line: str, server: Server | None = None, **names) -> Answer:
        """Runs a curl line. Quotes and backslashes at line ends mean what they mean to a shell."""
        server = server or self.server
        names = {name: str(value) for name, value in names.items()}
        words = [string.Template(word).substitute(names) for word in shlex.split(line.replace("\\\n", " "))]
        self.assertEqual(words[0], "curl")
        words = [word.replace(BASE, f"http://127.0.0.1:{server.port}") for word in words[1:]]
        with tempfile.TemporaryDirectory(prefix="curl-") as folder:
            head, body = Path(folder, "head"), Path(folder, "body")
            body.touch()
            started = time.monotonic()
            ran = subprocess.run(["curl", "-q", "-sS", "--max-time", "15", *words, "-D", str(head), "-o", str(body)], cwd=server.folder,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(ran.returncode, 0, f"{line}: {ran.stdout}")
            # An interim answer (100 Continue) may stand before the answer itself.
            last = head.read_bytes().rstrip(b"\r\n").split(b"\r\n\r\n")[-1]
            status, _, fields = last.partition(b"\r\n")
            headers = http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
            return Answer(int(status.split()[1]), headers, body.read_bytes(), time.monotonic() - started)

    # --- Expectations

    def expect(self, answer: Answer, status: int) -> Answer:
        self.assertEqual(answer.status, status, str(answer))
        self.assertTrue(answer.headers["X-Request-ID"], str(answer))
        return answer

    def expect_json(self, answer: Answer, status: int, members: set[str] | None = None):
        """The body, which is JSON; with exactly these members where some are given."""
        self.expect(answer, status)
        self.assertEqual(answer.headers.get_content_type(), "application/json", str(answer))
        if members is not None:
            self.assertEqual(set(answer.json), members, str(answer))
        return answer.json

    def expect_error(self, answer: Answer, status: int, code: str | None = None, detail: str | None = None) -> dict:
        """FastAPI's shape and our two members, and nothing of a database's or a parser's own words."""
        error = self.expect_json(answer, status, {"detail", "code", "request_id"})
        self.assertEqual(error["request_id"], answer.headers["X-Request-ID"], str(answer))
        if code is not None:
            self.assertEqual(error["code"], code, str(answer))
        if detail is not None:
            self.assertEqual(error["detail"], detail, str(answer))
        if status == 401:
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"), str(answer))
        for word in ("sqlite", "postgres", "constraint", "SELECT", "INSERT", "syntax error"):
            self.assertNotIn(word.lower(), answer.body.decode().lower())
        return error

    def expect_faults(self, answer: Answer, *expected: tuple) -> None:
        """422 with exactly these `(type, *loc)`, in any order."""
        error = self.expect_error(answer, 422)
        faults = error["detail"]
        self.assertEqual(sorted((fault["type"], *map(str, fault["loc"])) for fault in faults),
                         sorted(tuple(map(str, one)) for one in expected), str(answer))
        for fault in faults:
            self.assertLessEqual({"type", "loc", "msg", "input"}, set(fault), str(answer))
            self.assertLessEqual(set(fault), {"type", "loc", "msg", "input", "ctx", "url"}, str(answer))

    def assert_time(self, text: str) -> None:
        self.assertRegex(text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

    def accepted_before_429(self, ask, limit: int) -> Answer:
        """Asks until it is refused: after exactly `limit` answers, or (across the edge of a window) fewer than twice as many."""
        accepted = 0
        while (answer := ask()).status != 429:
            self.assertLess(answer.status, 400, str(answer))
            accepted += 1
            self.assertLess(accepted, 2 * limit, f"{accepted} were accepted, of {limit}")
            self.assertEqual(answer.headers["X-RateLimit-Limit"], str(limit), str(answer.headers))
        self.assertGreaterEqual(accepted, limit)
        self.expect_error(answer, 429, "RATE_LIMITED")
        self.assertRegex(answer.headers["Retry-After"], r"^[1-9]\d*$")
        self.assertRegex(answer.headers["RateLimit-Policy"], rf";q={limit};w=\d+")
        self.assertRegex(answer.headers["RateLimit"], r";r=0;t=\d+")
        self.assertEqual(answer.headers["X-RateLimit-Remaining"], "0")
        self.assertGreater(int(answer.headers["X-RateLimit-Reset"]), time.time() - 60)
        return answer
