"""The built server over TLS, with a client that is not ours: Python's ssl, which is to say OpenSSL's own idea of the protocol."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from reactor import Server
from services import wait_until

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


class TLS(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="reactor-tls-"))
        cls.first = make_certificate(cls.folder, "first")
        cls.second = make_certificate(cls.folder, "second")

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self) -> None:
        # Files of the test's own, which it may replace.
        self.certificate, self.key = self.folder / "used.crt", self.folder / "used.key"
        self.use(self.first)
        self.server = Server(TLS_CERT=str(self.certificate), TLS_KEY=str(self.key), TLS_HANDSHAKE_TIMEOUT="500ms")
        # The probe of readiness speaks TLS too.
        self.server.is_ready = self.is_ready
        self.server.start()
        self.addCleanup(self.server.discard)

    def use(self, pair: tuple[Path, Path]) -> None:
        shutil.copy(pair[0], self.certificate)
        shutil.copy(pair[1], self.key)

    def is_ready(self) -> bool:
        try:
            with self.connect(trusting=None) as client:
                client.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return b" 200 " in self.read_to_end(client).split(b"\r\n")[0]
        except OSError:
            return False

    def connect(self, trusting: Path | None, **versions) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=trusting and str(trusting))
        if trusting is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name, value in versions.items():
            setattr(context, name, value)
        context.set_alpn_protocols(["h2", "http/1.1"])
        raw = socket.create_connection(("127.0.0.1", self.server.port), 10)
        try:
            return context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
        except BaseException:
            raw.close()
            raise

    @staticmethod
    def read_to_end(client: socket.socket) -> bytes:
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
        return answer

    def ask(self, client: ssl.SSLSocket) -> bytes:
        client.sendall(GET)
        return client.recv(65_536)

    def log_has(self, text: str) -> bool:
        return text in self.server.log.read_text(errors="replace")

    def test_both_versions_answer_and_the_older_ones_do_not(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.connect(self.first[0], minimum_version=version, maximum_version=version) as client:
                self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
                answer = self.ask(client)
                self.assertIn(b" 200 ", answer.split(b"\r\n")[0])
                self.assertIn(b"\r\nStrict-Transport-Security: ", answer)
        self.assertTrue(self.log_has("https://127.0.0.1"))

    def test_the_connection_ends_with_a_goodbye(self) -> None:
        with self.connect(self.first[0]) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            # A socket that ends without close_notify raises here.
            self.assertIn(b"alive", self.read_to_end(client))

    def test_sessions_are_resumed(self) -> None:
        context = ssl.create_default_context(cafile=str(self.first[0]))
        session = None
        for expected in (False, True):
            with socket.create_connection(("127.0.0.1", self.server.port), 10) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost", session=session) as client:
                self.assertEqual(client.session_reused, expected)
                self.ask(client)
                session = client.session

    def test_what_is_no_handshake_ends_and_others_go_on(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as plain:
            plain.sendall(GET)
            self.assertIn(b" 400 ", self.read_to_end(plain).split(b"\r\n")[0])
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as silent:
            self.assertEqual(silent.recv(1), b"")
        with self.connect(self.first[0]) as client:
            self.assertIn(b"alive", self.ask(client))

    def test_sighup_changes_the_certificate_and_drops_no_connection(self) -> None:
        with self.connect(self.first[0]) as old:
            self.assertIn(b"alive", self.ask(old))
            # Half a certificate: nothing changes.
            self.certificate.write_bytes(self.second[0].read_bytes()[:200])
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: self.log_has("certificates were not reloaded"), 5), self.server.log_tail())
            with self.connect(self.first[0]) as client:
                self.assertIn(b"alive", self.ask(client))
            self.use(self.second)
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: self.log_has("certificates reloaded"), 5), self.server.log_tail())
            with self.connect(self.second[0]) as client:
                self.assertIn(b"alive", self.ask(client))
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.connect(self.first[0])
            self.assertIn(b"alive", self.ask(old))

    def test_sigterm_answers_what_is_in_flight(self) -> None:
        body = b'{"username":"nobody@example.com","password":"not the right one"}'
        with self.connect(self.first[0]) as idle, self.connect(self.first[0]) as busy:
            self.assertIn(b"alive", self.ask(idle))
            busy.sendall(b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
            self.assertIn(b"100 Continue", busy.recv(65_536))
            self.server.process.send_signal(signal.SIGTERM)
            self.assertEqual(idle.recv(1), b"")
            busy.sendall(body)
            answer = self.read_to_end(busy)
            self.assertIn(b" 401 ", answer.split(b"\r\n")[0])
            self.assertIn(b"connection: close", answer.lower())
            self.assertEqual(self.server.process.wait(10), 0, self.server.log_tail())


class Refusals(unittest.TestCase):
    def assert_refused(self, variable: str, **settings: str) -> None:
        server = Server(**settings)
        try:
            result = subprocess.run([os.environ["REACTOR_BINARY"], "serve"], env=server.environment, cwd=server.folder, timeout=30,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(result.returncode, 78, result.stdout[-2000:])
            self.assertIn(variable, result.stdout)
        finally:
            server.discard()

    def test_a_certificate_without_a_key_is_refused(self) -> None:
        self.assert_refused("TLS_KEY", TLS_CERT="server.crt")
        self.assert_refused("TLS_CERT", TLS_KEY="server.key")

    def test_files_that_cannot_be_read_are_refused(self) -> None:
        self.assert_refused("TLS_CERT", TLS_CERT="missing.crt", TLS_KEY="missing.key")


if __name__ == "__main__":
    unittest.main()
