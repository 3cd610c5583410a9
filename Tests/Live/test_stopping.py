"""What SIGTERM does to a server, and what a broken configuration does to its start."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

from reactor import Server
from services import Postgres, wait_until

CREDENTIALS = b'{"username":"nobody@example.com","password":"not the right one"}'


class Stopping(unittest.TestCase):
    def assert_turns_new_ones_away(self, server: Server) -> None:
        """The sign that the signal has arrived."""
        self.assertTrue(wait_until(lambda: not server.is_ready(), 5), "the server goes on as if it had not been told to stop")

    def test_an_idle_server_ends_at_once_with_status_0(self) -> None:
        with Server() as server:
            started = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log_tail())
            self.assertLess(time.monotonic() - started, 5)

    def test_idle_connections_are_closed(self) -> None:
        with Server() as server, socket.create_connection(("127.0.0.1", server.port), 5) as idle:
            idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 200 ", idle.recv(65_536).split(b"\r\n")[0])
            self.assertEqual(server.stop(), 0, server.log_tail())
            self.assertEqual(idle.recv(1), b"")

    def test_a_request_in_flight_is_answered_and_its_connection_closed(self) -> None:
        with Server() as server, socket.create_connection(("127.0.0.1", server.port), 10) as client:
            head = (b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(CREDENTIALS))
            client.sendall(head)
            # The interim answer says that the handler runs and waits for the body.
            self.assertIn(b"100 Continue", client.recv(65_536))
            server.process.send_signal(signal.SIGTERM)
            client.sendall(CREDENTIALS[:10])
            self.assert_turns_new_ones_away(server)
            client.sendall(CREDENTIALS[10:])
            answer = b""
            while piece := client.recv(65_536):
                answer += piece
            head, _, _ = answer.partition(b"\r\n\r\n")
            self.assertIn(b" 401 ", head.split(b"\r\n")[0])
            self.assertIn(b"connection: close", head.lower())
            # It has its signal; a second one would cut it short.
            self.assertEqual(server.process.wait(10), 0, server.log_tail())

    def test_a_second_signal_ends_a_server_that_waits(self) -> None:
        with Server() as server, socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.sendall(b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")
            self.assertIn(b"100 Continue", client.recv(65_536))
            server.process.send_signal(signal.SIGTERM)
            self.assert_turns_new_ones_away(server)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(5)


class EndingInTime(unittest.TestCase):
    """SHUTDOWN_GRACE ends the process whatever hangs. What an orderly end leaves out shows in the line that it ends with."""

    grace = 1.0
    # A quarter of a second is the deadline's own, the rest is for a busy machine.
    slack = 1.5

    def assert_ends(self, process: subprocess.Popen) -> None:
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)
        self.assertLess(time.monotonic() - started, self.grace + self.slack)
        self.assertEqual(status, 0)

    def assert_blames(self, server: Server, step: str) -> None:
        line = server.log_tail(1)
        self.assertIn("the grace is over", line)
        self.assertIn(step, line)

    def test_with_a_log_that_nobody_reads(self) -> None:
        server = Server(SHUTDOWN_GRACE="1s")
        self.addCleanup(server.discard)
        reader, writer = os.pipe()
        server.process = subprocess.Popen([os.environ["REACTOR_BINARY"], "serve"], env=server.environment, cwd=server.folder,
                                          stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        os.close(writer)
        self.addCleanup(os.close, reader)
        self.assertTrue(wait_until(server.is_ready, 30))
        fill = f"GET /{'x' * 4_000} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", server.port), 5) as client:
            for _ in range(100):
                client.sendall(fill)
                self.assertIn(b" 404 ", client.recv(65_536).split(b"\r\n")[0])
        # The pipe is full, and the thread that writes the log waits in write(2).
        self.assertTrue(wait_until(lambda: not select.select([], [reader], [], 0)[1], 5))
        self.assert_ends(server.process)

    def test_with_a_name_server_that_does_not_answer(self) -> None:
        server = Server(SHUTDOWN_GRACE="1s", DATABASE_URL="postgres://a:b@database.example/x", APP_ENV="production",
                        SECRET_KEY="a secret of a test that is long enough for it", HOST="127.0.0.1")
        self.addCleanup(server.discard)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            try:
                mute.bind(("127.0.0.153", 53))
            except PermissionError:
                self.skipTest("only root may listen where a name server does")
            configuration = server.folder / "resolv.conf"
            configuration.write_text("nameserver 127.0.0.153\noptions timeout:10 attempts:2\n")
            command = f"mount --bind {configuration} /etc/resolv.conf && exec {os.environ['REACTOR_BINARY']} serve"
            with open(server.log, "ab") as log:
                server.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", command], env=server.environment, cwd=server.folder,
                                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.assertTrue(wait_until(lambda: server.status("/health/live") == 200, 30), server.log_tail())
            self.assertTrue(mute.recv(512), "nobody was asked for the name")
            self.assert_ends(server.process)
            self.assert_blames(server, "database connection")

    def test_with_a_database_that_does_not_answer(self) -> None:
        with Postgres() as postgres, Server(SHUTDOWN_GRACE="1s", DATABASE_URL=postgres.url, STATEMENT_TIMEOUT="60s") as server:
            user = server.register("waiting")
            postgres.freeze()
            try:
                with socket.create_connection(("127.0.0.1", server.port), 5) as client:
                    client.sendall(b"GET /tasks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + user.access_token.encode() + b"\r\n\r\n")
                    time.sleep(0.2)
                    self.assert_ends(server.process)
            finally:
                postgres.thaw()

    def test_with_a_loop_that_hangs(self) -> None:
        with Server(SHUTDOWN_GRACE="1s", LOOPS="1") as server:
            loop = next(int(task.parent.name) for task in Path(f"/proc/{server.process.pid}/task").glob("*/comm")
                        if task.read_text().strip() == "loop-0")
            with frozen_thread(loop):
                self.assertIsNone(server.status("/health/live", timeout=0.5), "the loop goes on")
                self.assert_ends(server.process)
            self.assert_blames(server, "an event loop")

    def test_a_worker_whose_job_hangs(self) -> None:
        with socket.socket() as mute, Postgres() as postgres:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            settings = {"DATABASE_URL": postgres.url, "SMTP_URL": f"smtp://127.0.0.1:{mute.getsockname()[1]}", "SHUTDOWN_GRACE": "1s"}
            with Server(WORKER="false", **settings) as server:
                user = server.register("mailed")
                self.assertEqual(user.api.post("/auth/email/verify/request").status // 100, 2)
                with open(server.log, "ab") as log:
                    worker = subprocess.Popen([os.environ["REACTOR_BINARY"], "worker"], env=server.environment, cwd=server.folder,
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                try:
                    mute.settimeout(20)
                    connection, _ = mute.accept()
                    with connection:
                        self.assert_ends(worker)
                finally:
                    worker.kill()
                    worker.wait()


@contextlib.contextmanager
def frozen_thread(thread: int):
    """Stops one thread of a child process by ptrace(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt, all_children = 0x4206, 0x4207, 0x40000000
    for request in (seize, interrupt):
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(thread, all_children)
    # The end of a thread that is traced waits for its tracer.
    reaper = threading.Thread(target=lambda: os.waitpid(thread, all_children), daemon=True)
    reaper.start()
    yield
    reaper.join(10)


class Starting(unittest.TestCase):
    def assert_refused(self, variable: str, **settings: str) -> None:
        server = Server(**settings)
        try:
            result = subprocess.run([os.environ["REACTOR_BINARY"], "serve"], env=server.environment, cwd=server.folder, timeout=30,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(result.returncode, 78, result.stdout[-2000:])
            self.assertIn(variable, result.stdout)
            for value in (settings[variable],) if len(settings[variable]) > 6 else ():
                self.assertNotIn(value, result.stdout, "the message shows the value")
        finally:
            server.discard()

    def test_without_standard_streams(self) -> None:
        server = Server()
        self.addCleanup(server.discard)
        server.process = subprocess.Popen(["sh", "-c", 'exec "$REACTOR_BINARY" serve <&- >&- 2>&-'], cwd=server.folder,
                                          env={**server.environment, "REACTOR_BINARY": os.environ["REACTOR_BINARY"]})
        self.assertTrue(wait_until(server.is_ready, 30), f"exit status {server.process.poll()}")
        for number in range(3):
            self.assertEqual(os.readlink(f"/proc/{server.process.pid}/fd/{number}"), "/dev/null")
        self.assertEqual(server.stop(), 0)

    def test_production_refuses_a_short_secret_and_names_the_variable(self) -> None:
        self.assert_refused("SECRET_KEY", APP_ENV="production", SECRET_KEY="too-short-a-secret")

    def test_a_value_that_cannot_be_read_is_refused(self) -> None:
        self.assert_refused("PORT", PORT="eighty")
