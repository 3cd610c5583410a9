"""What SIGTERM does to a server, and what a broken configuration does to its start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import unittest

from reactor import Server
from services import wait_until

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

    def test_production_refuses_a_short_secret_and_names_the_variable(self) -> None:
        self.assert_refused("SECRET_KEY", APP_ENV="production", SECRET_KEY="too-short-a-secret")

    def test_a_value_that_cannot_be_read_is_refused(self) -> None:
        self.assert_refused("PORT", PORT="eighty")
