"""The operator's commands as an operator runs them: the built program, its exit codes, what it prints, and kill -9."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import random
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

from reactor import PASSWORD, Client, Server
from services import Postgres, free_port, wait_until

ADMIN = ("admin@local.com", "admin123456")
# Of password123, as passlib writes it.
BCRYPT = "$2b$12$EixZaYVK1fsbw1ZfbX3OXeMqs1btdv6mOK.mhnPaxodxjJ.b34uhy"
SECRET = "kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%"
MANY_USERS = 30_000


def is_ready(port: int) -> bool:
    try:
        return Client(port).get("/health/ready", timeout=2).status == 200
    except (OSError, http.client.HTTPException):
        return False


class Workplace:
    """A folder, a database and the program in it."""

    def __init__(self, url: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reactor-commands-"))
        self.url = url or f"sqlite:{self.folder}/data/reactor.db"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.url, "APP_ENV": "development", "PORT": str(free_port()),
        }
        for name in ("DOCS_ASSETS_DIR", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "reactor.db"

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen:
        return subprocess.Popen([os.environ["REACTOR_BINARY"], *arguments], env={**self.environment, **settings}, cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """What the command prints; it must end with `code`."""
        process = self.start(*arguments, **settings)
        output, _ = process.communicate(timeout=120)
        if process.returncode != code:
            raise AssertionError(f"reactor {' '.join(arguments)} ended with {process.returncode}, not {code}:\n{output}")
        return output

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Commands(unittest.TestCase):
    postgres: Postgres

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.discard)
        cls.postgres.start()
        cls.numbers = iter(range(1, 1000))

    def workplace(self, kind: str = "sqlite") -> Workplace:
        """With an empty database of its own."""
        url = None
        if kind == "postgres":
            name = f"commands_{next(self.numbers)}"
            self.postgres.sql(f"CREATE DATABASE {name}", database="postgres")
            url = self.postgres.url.rpartition("/")[0] + f"/{name}"
        place = Workplace(url)
        self.addCleanup(place.discard)
        return place

    def sql(self, place: Workplace, text: str) -> list[list[str]]:
        """Runs statements with the database's own client, not with ours."""
        if place.url.startswith("sqlite:"):
            place.database.parent.mkdir(exist_ok=True)
            with contextlib.closing(sqlite3.connect(place.database)) as connection:
                *statements, last = [one for one in text.split(";") if one.strip()]
                for statement in statements:
                    connection.execute(statement)
                rows = [[str(value) for value in row] for row in connection.execute(last).fetchall()]
                connection.commit()
                return rows
        answer = self.postgres.sql(text, database=place.url.rpartition("/")[2])
        return [line.split("|") for line in answer.splitlines()]

    def both(self) -> list[Workplace]:
        return [self.workplace(kind) for kind in ("sqlite", "postgres")]

    # Migrations

    def test_up_down_base_and_their_dry_runs(self) -> None:
        for place in self.both():
            planned = place.run("migrate", "up", "--dry-run")
            self.assertIn("-- 0001_initial\nCREATE TABLE users", planned)
            self.assertNotIn("\x1b", planned)
            self.assertFalse(place.database.exists(), "a dry run made a file")
            applied = place.run("migrate", "up").splitlines()
            labels = [line.split()[1] for line in applied]
            self.assertTrue(all(line.startswith("applied") for line in applied), applied)
            self.assertEqual([line[3:] for line in planned.splitlines() if line.startswith("-- 0") and line[3:] in labels], labels)
            self.assertIn("nothing to apply", place.run("migrate", "up"))
            self.assertIn("nothing to apply", place.run("migrate", "up", "--dry-run"))
            self.assertIn("as declared", place.run("migrate", "check"))
            self.assertIn(f"-- {labels[-1]}", place.run("migrate", "down", "--dry-run"))
            self.assertEqual(place.run("migrate", "base", "--dry-run").count("-- 0"), len(labels))
            self.assertIn("as declared", place.run("migrate", "check"))
            place.run("migrate", "down", "2", "--yes")
            self.assertIn("pending", place.run("migrate", "status"))
            self.assertIn("+ ", place.run("migrate", "check", code=1))
            place.run("migrate", "base", "--yes")
            self.assertIn("nothing was applied", place.run("migrate", "history"))

    def test_nothing_is_taken_back_without_consent(self) -> None:
        for place in self.both():
            place.run("migrate", "up")
            applied = place.run("migrate", "status")
            for arguments in (("migrate", "down"), ("migrate", "base")):
                refusal = place.run(*arguments, code=2)
                self.assertIn("--yes", refusal)
                self.assertNotIn(":reactor@", refusal)
            production = {"APP_ENV": "production", "SECRET_KEY": "a secret of a test that is long enough for it"}
            self.assertIn("--force", place.run("migrate", "base", "--yes", code=2, **production))
            self.assertEqual(place.run("migrate", "status"), applied)
            place.run("migrate", "base", "--yes", "--force", **production)
            self.assertIn("nothing was applied", place.run("migrate", "history"))

    def test_a_person_is_asked_before_anything_is_taken_back(self) -> None:
        place = self.workplace()
        place.run("migrate", "up")
        applied = place.run("migrate", "status")
        for typed in ("\n", "n\n", "nonsense\n"):
            self.assertIn("nothing was changed", self.on_a_terminal(place, typed, "migrate", "base"))
            self.assertEqual(place.run("migrate", "status"), applied)
        self.assertIn("taken back", self.on_a_terminal(place, "y\n", "migrate", "base"))
        self.assertIn("nothing was applied", place.run("migrate", "history"))

    def on_a_terminal(self, place: Workplace, typed: str, *arguments: str) -> str:
        """What is shown on a terminal on which somebody types."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(place.folder)
            os.execve(os.environ["REACTOR_BINARY"], ["reactor", *arguments], place.environment)
        os.write(terminal, typed.encode())
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
            while piece := os.read(terminal, 65_536):
                shown += piece
        os.close(terminal)
        _, status = os.waitpid(process, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, shown)
        return shown.decode(errors="replace")

    def test_autogenerate_writes_what_is_between(self) -> None:
        for place in self.both():
            place.run("migrate", "up")
            sources = place.folder / "Sources/App/Migrations"
            sources.mkdir(parents=True)
            (sources / "AllMigrations.swift").write_text("static let all = [\n        .m0001Initial,\n    ]\n")
            self.assertIn("nothing to write", place.run("migrate", "new", "nothing", "--autogenerate"))
            self.sql(place, "DROP INDEX tasks_owner_id_idx; CREATE TABLE leftover (a integer)")
            output = place.run("migrate", "new", "mend tasks", "--autogenerate")
            self.assertIn("+ index tasks_owner_id_idx", output)
            self.assertIn("leftover is dropped", output)
            written = [path for path in sources.iterdir() if path.name.endswith("_MendTasks.swift")]
            self.assertEqual(len(written), 1)
            text = written[0].read_text()
            self.assertEqual(text.count("CREATE INDEX tasks_owner_id_idx ON tasks (owner_id, id DESC);"), 2)
            self.assertEqual(text.count("DROP TABLE leftover;"), 2)
            self.assertIn("MendTasks,\n    ]", (sources / "AllMigrations.swift").read_text())
            place.run("migrate", "down", "--yes")
            self.assertIn("migrations are pending", place.run("migrate", "new", "more", "--autogenerate", code=1))

    def test_five_processes_that_start_at_once_apply_each_migration_once_and_all_come_up(self) -> None:
        for place in self.both():
            ports = [free_port() for _ in range(5)]
            servers = [place.start("serve", PORT=str(port), HOST="127.0.0.1", LOOPS="1", SECRET_KEY=SECRET)
                       for port in ports]
            try:
                self.assertTrue(wait_until(lambda: all(map(is_ready, ports)), 60), "not all came up")
            finally:
                for server in servers:
                    server.terminate()
                logs = [server.communicate(timeout=40)[0] for server in servers]
            self.assertEqual([server.returncode for server in servers], [0] * 5, "\n".join(logs))
            history = place.run("migrate", "history").splitlines()
            self.assertEqual(sum(log.count("migrated") for log in logs), len(history), "\n".join(logs))

    def test_a_process_killed_midway_leaves_a_clean_start(self) -> None:
        for place in self.both():
            self.sql(place, self.fastapi(place, MANY_USERS))
            started = time.monotonic()
            place.run("migrate", "up", "--dry-run")
            base = time.monotonic() - started
            rounds = 0
            # Later and later, until one is through before it is killed; every time all users are there.
            while rounds < 8 and "nothing was applied" in place.run("migrate", "history"):
                process = place.start("migrate", "up")
                time.sleep(random.uniform(base / 2, base + 0.1 * (rounds + 1)))
                process.kill()
                process.communicate()
                rounds += 1
                self.assertEqual(self.sql(place, "SELECT count(*) FROM users"), [[str(MANY_USERS)]])
            place.run("migrate", "up")
            self.assertGreater(rounds, 1, "the first round was over before it was killed")
            self.assertEqual(self.sql(place, "SELECT count(*), max(role) FROM users"), [[str(MANY_USERS), "user"]])
            self.assertNotIn("pending", place.run("migrate", "status"))
            self.assertEqual(len({line.split()[1] for line in place.run("migrate", "history").splitlines()}),
                             len(place.run("migrate", "history").splitlines()))

    def test_a_changed_migration_refuses_to_start(self) -> None:
        for place in self.both():
            place.run("migrate", "up")
            self.sql(place, "UPDATE schema_migrations SET checksum = 'another' WHERE version = 1; SELECT 1")
            for command in (["serve"], ["migrate", "up"], ["migrate", "status"]):
                self.assertIn("0001_initial was changed after it had been applied", place.run(*command, code=1))
            self.assertIn("was changed", place.run("serve", code=1, APP_ENV="production", SECRET_KEY=SECRET, HOST="127.0.0.1"))

    # Adoption

    def fastapi(self, place: Workplace, users: int = 2) -> str:
        """A FastAPI application's tables with users u1, u2 ..., the first of them an administrator."""
        is_sqlite = place.url.startswith("sqlite:")
        kinds = ("INTEGER NOT NULL PRIMARY KEY", "DATETIME", "0") if is_sqlite else ("SERIAL PRIMARY KEY", "TIMESTAMP", "false")
        series = (f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users}) SELECT" if is_sqlite
                  else f"WITH n AS (SELECT generate_series(1, {users}) AS i) SELECT")
        values = f"{series} 'U' || i || '@example.com', 'u' || i, '{BCRYPT}' FROM n"
        return f"""
            CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);
            INSERT INTO alembic_version VALUES ('c0ffee');
            CREATE TABLE users (
                id {kinds[0]}, email VARCHAR NOT NULL UNIQUE, username VARCHAR UNIQUE, hashed_password VARCHAR NOT NULL,
                is_superuser BOOLEAN DEFAULT {kinds[2]}, created_at {kinds[1]} DEFAULT CURRENT_TIMESTAMP);
            INSERT INTO users (email, username, hashed_password) {values};
            SELECT 1"""

    def test_a_fastapi_database_is_served_as_it_is_and_its_users_log_in(self) -> None:
        for place in self.both():
            self.sql(place, self.fastapi(place))
            self.sql(place, "UPDATE users SET is_superuser = (1 = 1) WHERE id = 1; SELECT 1")
            server = Server(DATABASE_URL=place.url)
            with server:
                self.assertIn("adopted users from Alembic revision c0ffee", server.log_tail(100))
                for name in ("U1@example.com", "u1@EXAMPLE.com", "u1"):
                    answer = server.api.post("/auth/login", {"username": name, "password": "password123"})
                    self.assertEqual(answer.status, 200, f"{name}: {answer}")
                token = {"Authorization": f"Bearer {answer.json['access_token']}"}
                self.assertEqual(server.api.get("/auth/me", headers=token).json["role"], "admin")
                wrong = server.api.post("/auth/login", {"username": "u2", "password": "password124"})
                self.assertEqual(wrong.status, 401)
                self.assertEqual(server.stop(), 0)
            self.assertEqual(self.sql(place, "SELECT version_num FROM alembic_version"), [["c0ffee"]])

    def test_a_database_that_cannot_be_adopted_is_left_alone(self) -> None:
        for place in self.both():
            self.sql(place, self.fastapi(place))
            self.sql(place, f"INSERT INTO users (email, hashed_password) VALUES ('u2@EXAMPLE.com', '{BCRYPT}'); SELECT 1")
            for command in (["migrate", "up"], ["serve"], ["migrate", "up", "--dry-run"]):
                output = place.run(*command, code=1)
                self.assertIn("users.email holds values that are the same but for upper and lower case: u2@example.com", output)
            self.assertEqual(self.sql(place, "SELECT count(*) FROM users"), [["3"]])

    # Doctor

    def test_the_doctor_finds_a_healthy_system_healthy_and_says_so_in_json(self) -> None:
        for place in self.both():
            place.run("migrate", "up")
            output = place.run("doctor")
            self.assertNotIn("\x1b", output)
            self.assertNotIn("fail", output)
            report = json.loads(place.run("doctor", "--json"))
            self.assertIn(report["status"], ("ok", "warn"))
            levels = {check["check"]: check["level"] for check in report["checks"]}
            self.assertEqual({levels[name] for name in ("configuration", "database", "migrations", "schema", "port")}, {"ok"}, levels)

    def test_the_doctor_ends_with_1_where_something_fails_and_78_where_the_configuration_does(self) -> None:
        place = self.workplace()
        url = f"postgres://doctor:hush@127.0.0.1:{free_port()}/none"
        output = place.run("doctor", code=1, DATABASE_URL=url, REDIS_URL=f"redis://127.0.0.1:{free_port()}")
        self.assertRegex(output, r"(?m)^fail +database")
        self.assertRegex(output, r"(?m)^fail +redis")
        self.assertNotIn("hush", output)
        output = place.run("doctor", code=78, PORT="none", LOOPS="-1")
        self.assertRegex(output, r"PORT: .*none")
        self.assertIn("LOOPS", output)
        report = json.loads(place.run("doctor", "--json", code=78, PORT="none"))
        self.assertEqual(report["status"], "fail")

    def test_the_doctor_leaves_nothing_behind(self) -> None:
        place = self.workplace()
        place.run("doctor")
        self.assertEqual(list(place.folder.iterdir()), [])

    # Backup and restore

    def test_a_backup_of_a_running_server_moves_to_the_other_database(self) -> None:
        for kind in ("sqlite", "postgres"):
            with self.subTest(f"from {kind}"):
                source, target = self.workplace(kind), self.workplace("postgres" if kind == "sqlite" else "sqlite")
                with Server(DATABASE_URL=source.url, DATA_DIR=str(source.folder / "data")) as server:
                    user = server.register("mover")
                    created = user.api.post("/tasks", {"title": "Move house", "due_date": "2030-01-02T03:04:05.678901Z"})
                    self.assertEqual(created.status, 201)
                    source.run("seed-admin")
                    output = source.run("backup")
                    self.assertEqual(server.stop(), 0)
                archives = list(source.folder.glob("reactor-backup-*Z.tar"))
                self.assertEqual(len(archives), 1, output)
                self.assertEqual(archives[0].stat().st_mode & 0o777, 0o600)
                with tarfile.open(archives[0]) as tar:
                    self.assertIn("tables/users/000001.jsonl", tar.getnames())
                    everything = b"".join(tar.extractfile(one).read() for one in tar.getmembers())
                secret = (source.folder / "data" / "secret_key").read_bytes().strip()
                self.assertNotIn(secret, everything)

                self.assertIn("restored the backup of", target.run("restore", str(archives[0])))
                self.assertIn("not empty", target.run("restore", str(archives[0]), code=1))
                self.assertIn("restored", target.run("restore", str(archives[0]), "--force"))
                self.assertIn("as declared", target.run("migrate", "check"))
                with Server(DATABASE_URL=target.url) as server:
                    answer = server.api.post("/auth/login", {"username": ADMIN[0], "password": ADMIN[1]})
                    self.assertEqual(answer.status, 200, answer)
                    # Sessions do not come along.
                    self.assertEqual(server.api.post("/auth/refresh", {"refresh_token": user.refresh_token}).status, 401)
                    answer = server.api.post("/auth/login", {"username": user.email, "password": PASSWORD})
                    self.assertEqual(answer.status, 200, answer)
                    tasks = server.api.get("/tasks", headers={"Authorization": f"Bearer {answer.json['access_token']}"}).json
                    self.assertEqual([task["title"] for task in tasks], ["Move house"])
                    self.assertEqual(tasks[0]["due_date"], "2030-01-02T03:04:05.678901Z")

    def test_a_damaged_archive_is_refused_and_nothing_is_changed(self) -> None:
        source = self.workplace()
        source.run("migrate", "up")
        source.run("seed-admin")
        archive = source.folder / "a.tar"
        source.run("backup", "a.tar")
        archive_bytes = bytearray(archive.read_bytes())
        archive_bytes[len(archive_bytes) // 2] ^= 1
        archive.write_bytes(archive_bytes)
        for target in self.both():
            self.assertIn("damaged", target.run("restore", str(archive), "--force", code=1))
            self.assertIn("nothing was applied", target.run("migrate", "history"))
        self.assertIn("not a backup", source.run("restore", "data/reactor.db", "--force", code=1))
        self.assertIn("No such file", source.run("restore", "nowhere.tar", code=1))

    def test_a_backup_overwrites_nothing_and_needs_a_database(self) -> None:
        place = self.workplace()
        self.assertIn("no database", place.run("backup", code=1))
        self.assertEqual(list(place.folder.iterdir()), [])
        place.run("migrate", "up")
        (place.folder / "kept.tar").write_text("mine")
        self.assertIn("there already", place.run("backup", "kept.tar", code=1))
        self.assertEqual((place.folder / "kept.tar").read_text(), "mine")
        self.assertEqual(sorted(path.name for path in place.folder.iterdir()), ["data", "kept.tar"])

    def test_a_server_with_another_databases_folder_removes_no_file_and_says_so(self) -> None:
        for kind in ("sqlite", "postgres"):
            with self.subTest(kind):
                right, wrong = self.workplace(), self.workplace(kind)
                data = right.folder / "data"
                settings = {"DATA_DIR": str(data), "UPLOAD_SWEEP_GRACE": "60s"}
                with Server(DATABASE_URL=right.url, **settings) as server:
                    form = ("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
                            "hello\r\n--x--\r\n").encode()
                    sent = server.register("keeper").api.request(
                        "POST", "/api/v1/upload", body=form, headers={"Content-Type": "multipart/form-data; boundary=x"})
                    self.assertEqual(sent.status, 201, sent)
                    self.assertEqual(server.stop(), 0)
                file = data / "files" / sent.json["id"][:2] / sent.json["id"]
                left_over = file.with_name(file.name[:-12] + "000000000000")
                left_over.write_text("nobody's")
                for path in (file, left_over):
                    os.utime(path, (time.time() - 7_200,) * 2)

                with Server(DATABASE_URL=wrong.url, **settings) as server:
                    self.assertTrue(wait_until(lambda: "belongs to another database" in server.log_tail(), 20), server.log_tail())
                    self.assertIn("files/.database", server.log_tail())
                    self.assertEqual(server.stop(), 0)
                self.assertEqual(file.read_text(), "hello")
                self.assertTrue(left_over.exists())

                with Server(DATABASE_URL=right.url, **settings) as server:
                    self.assertTrue(wait_until(lambda: not left_over.exists(), 20), server.log_tail())
                    self.assertEqual(server.stop(), 0)
                self.assertEqual(file.read_text(), "hello")

    # Terminals

    def test_colour_is_for_terminals(self) -> None:
        place = self.workplace()
        place.run("migrate", "up")
        main, secondary = pty.openpty()
        process = subprocess.Popen([os.environ["REACTOR_BINARY"], "doctor"], env=place.environment, cwd=place.folder,
                                   stdin=subprocess.DEVNULL, stdout=secondary, stderr=secondary)
        os.close(secondary)
        output = b""
        with contextlib.suppress(OSError):
            while piece := os.read(main, 65_536):
                output += piece
        os.close(main)
        self.assertEqual(process.wait(30), 0)
        self.assertIn(b"\x1b[32mok\x1b[0m", output)

    def test_wrong_usage_is_2(self) -> None:
        place = self.workplace()
        for arguments in (["restore"], ["backup", "a", "b"], ["doctor", "--nonsense"], ["migrate", "down", "0"], ["migrate", "new"]):
            place.run(*arguments, code=2)


if __name__ == "__main__":
    unittest.main()
