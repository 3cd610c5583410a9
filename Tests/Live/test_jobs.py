"""Background jobs of a started server: mail to a real SMTP server, a worker in a process of its own, and workers that are killed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import email
import email.policy
import logging
import os
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import warnings
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from reactor import Server
from services import Postgres, free_port, wait_until

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # refused handshakes and logins are what is tested
warnings.filterwarnings("ignore", module="aiosmtpd")


class MailServer:
    """aiosmtpd on a free port, in a thread of its own; keeps what it takes."""

    def __init__(self, delay: float = 0, **options) -> None:
        self.delay, self.mails, self.recipients = delay, [], []
        self.replies: list[str] = []  # for the next recipients, instead of 250
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), **options)

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if self.replies:
            return self.replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}"

    def __enter__(self) -> MailServer:
        self.controller.start()
        return self

    def __exit__(self, *_) -> None:
        self.controller.stop()


class Worker:
    """`reactor worker` with a server's settings."""

    def __init__(self, server: Server, **settings: str) -> None:
        self.environment = {**server.environment, **settings}
        self.log = server.folder / "worker.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> Worker:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([os.environ["REACTOR_BINARY"], "worker"], env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(35)

    def __enter__(self) -> Worker:
        return self.start()

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.kill()

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def queue_mail(user) -> str:
    answer = user.api.post("/tasks/send-welcome-email")
    assert answer.status == 200 and answer.json["message"] == "Task queued", str(answer)
    return answer.json["task_id"]


class Mail(unittest.TestCase):
    """On SQLite, with the worker inside the server."""

    def wait_for(self, server: Server, task: str, status: str, seconds: float = 10) -> dict:
        self.assertTrue(wait_until(lambda: server.api.get(f"/tasks/{task}").json["status"] == status, seconds),
                        f"{server.api.get(f'/tasks/{task}')}\n{server.log_tail()}")
        return server.api.get(f"/tasks/{task}").json

    def test_the_welcome_mail_arrives(self) -> None:
        with MailServer() as mail, Server(SMTP_URL=mail.url, MAIL_FROM="hello@reactor.test", APP_NAME="Größe & Co") as server:
            user = server.register("grace")
            user.api.request("PATCH", "/auth/me", json_body={"full_name": "Grace Höpper"})
            task = queue_mail(user)
            self.assertEqual(self.wait_for(server, task, "SUCCESS")["result"], "Welcome email sent")
            # Registering may have sent a mail of its own, to have the address verified.
            [message] = [message for message in mail.mails if task in message["Message-ID"]]
            self.assertEqual(message["To"], user.email)
            self.assertEqual(message["Subject"], "Welcome to Größe & Co")
            self.assertEqual(message["From"].addresses[0].display_name, "Größe & Co")
            self.assertEqual(message["Message-ID"], f"<{task}@reactor.test>")
            self.assertLess(abs(message["Date"].datetime.timestamp() - time.time()), 60)
            self.assertIn("Hello Grace Höpper,", message.get_content())
            self.assertFalse((server.folder / "data" / "outbox").exists())

    def test_a_mail_that_is_wanted_later_is_sent_later_and_one_that_is_refused_never(self) -> None:
        with MailServer() as mail, Server(SMTP_URL=mail.url) as server:
            user = server.register("patient")
            wait_until(lambda: len(mail.mails) == 1, 5)  # what registering sends
            mail.replies = ["450 mailbox busy"]
            task = queue_mail(user)
            self.assertIn("later", self.wait_for(server, task, "RETRY")["result"])
            self.wait_for(server, task, "SUCCESS")
            mail.replies = ["550 no such user"]
            task = queue_mail(user)
            self.assertIn("refused", self.wait_for(server, task, "FAILURE")["result"])

    def test_a_server_that_asks_for_tls_and_a_login_gets_both(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                           check=True, capture_output=True)
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate, key)

            def check(server, session, envelope, mechanism, data) -> AuthResult:
                return AuthResult(success=(data.login, data.password) == (b"ada", b"p@ss word"))

            with MailServer(tls_context=context, require_starttls=True, authenticator=check, auth_required=True) as mail:
                url = mail.url.replace("smtp://", "smtp://ada:p%40ss%20word@")
                with Server(SMTP_URL=url, SMTP_STARTTLS="required", SMTP_CA_FILE=str(certificate)) as server:
                    self.wait_for(server, queue_mail(server.register("secret")), "SUCCESS")
                    words = server.log.read_text()
                    self.assertNotIn("p@ss word", words)
                    self.assertNotIn("p%40ss", words)
                # A certificate that nobody vouches for is not talked to.
                with Server(SMTP_URL=url, SMTP_STARTTLS="required") as server:
                    self.wait_for(server, queue_mail(server.register("wary")), "RETRY")

    def test_without_a_mail_server_mails_lie_in_the_outbox(self) -> None:
        with Server() as server:
            user = server.register("offline")
            task = queue_mail(user)
            self.wait_for(server, task, "SUCCESS")
            path = server.folder / "data" / "outbox" / f"{task}.eml"
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            self.assertEqual(message["To"], user.email)
            self.assertEqual(path.stat().st_mode & 0o077, 0)


class WorkersOfTheirOwn(unittest.TestCase):
    """On PostgreSQL, with a server that runs no jobs."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.discard)
        cls.postgres.start()

    def succeeded(self) -> int:
        return int(self.postgres.sql("SELECT count(*) FROM jobs WHERE kind = 'welcome_email' AND status = 'succeeded'"))

    def setUp(self) -> None:
        self.postgres.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def test_a_worker_hears_of_a_job_long_before_it_would_have_looked(self) -> None:
        with Server(DATABASE_URL=self.postgres.url, WORKER="false", JOB_POLL_INTERVAL="1h", JOB_EVENT_INTERVAL="20ms") as server:
            user = server.register("waiting")
            first = queue_mail(user)
            time.sleep(0.3)
            self.assertEqual(server.api.get(f"/tasks/{first}").json["status"], "PENDING", "the server was told to run no jobs")
            with Worker(server) as worker:
                self.assertTrue(wait_until(lambda: self.succeeded() == 1, 10), worker.log_tail())
                for count in range(2, 5):
                    began = time.monotonic()
                    task = queue_mail(user)
                    # The stream lives in another process than the job.
                    events = user.api.get(f"/api/v1/jobs/{task}/events")
                    self.assertIn("event: done\n", events.body.decode())
                    self.assertEqual(self.succeeded(), count)
                    self.assertLess(time.monotonic() - began, 2)
                # Also after PostgreSQL has cut the connection that listens.
                cut = self.postgres.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'reactor-listener'")
                self.assertEqual(cut, "2")  # the server's and the worker's
                queue_mail(user)
                self.assertTrue(wait_until(lambda: self.succeeded() == 5, 10), worker.log_tail())
                self.assertEqual(worker.stop(), 0, worker.log_tail())

    def test_of_1000_jobs_each_takes_effect_once_while_workers_are_killed(self) -> None:
        settings = {"DATABASE_URL": self.postgres.url, "WORKER": "false", "JOB_LEASE": "2s", "JOB_MAX_ATTEMPTS": "100"}
        with MailServer(delay=0.02) as mail, Server(SMTP_URL=mail.url, **settings) as server:
            user = server.register("many")
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                tasks = set(pool.map(lambda _: queue_mail(user), range(1_000)))
            self.assertEqual(len(tasks), 1_000)
            kills = 0
            deadline = time.monotonic() + 90
            while self.succeeded() < 1_000:
                self.assertLess(time.monotonic(), deadline, f"{self.succeeded()} of 1000 done after {kills} kills")
                with Worker(server) as worker:
                    wait_until(lambda: self.succeeded() == 1_000, 2, every=0.1)
                    worker.kill()
                    kills += 1
            self.assertGreaterEqual(kills, 3, "too fast for a test: nothing was interrupted")
            # The effect of a job is the row that says its mail was sent; it is written with the job's end.
            effects = self.postgres.sql("SELECT count(*), count(DISTINCT details) FROM audit_log WHERE action = 'user.welcome_email'")
            self.assertEqual(effects, "1000|1000")
            self.assertEqual(self.postgres.sql("SELECT count(*) FROM jobs WHERE kind = 'welcome_email' AND status <> 'succeeded'"), "0")
            # What left the database may have left twice, and then under one name.
            named = {message["Message-ID"].strip("<>").split("@")[0] for message in mail.mails}
            self.assertTrue(tasks <= named)
            self.assertEqual({server.api.get(f"/tasks/{task}").json["status"] for task in list(tasks)[:50]}, {"SUCCESS"})
