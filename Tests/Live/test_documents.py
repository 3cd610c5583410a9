"""The pages under /docs and /redoc, the OpenAPI document, and the commands of the README."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unittest
from html.parser import HTMLParser
from pathlib import Path

import openapi_spec_validator
from reactor import ROOT, Server

README_BLOCK = re.compile(r"<!-- live test -->\s*```bash\n(.*?)```", re.DOTALL)
README_BASE = "http://127.0.0.1:8000"
METHODS = {"get", "post", "put", "patch", "delete"}

# What the API promises: under the root and under /api/v1, except where the prefix says otherwise. Parameters go by any name.
PROMISED = """
    both   POST                    /auth/register
    both   POST                    /auth/login
    both   POST                    /auth/login/access-token
    both   POST                    /auth/refresh
    both   POST                    /auth/logout
    both   GET DELETE              /auth/sessions
    both   DELETE                  /auth/sessions/{id}
    both   GET PATCH DELETE        /auth/me
    both   POST                    /auth/me/password
    both   POST                    /auth/password/forgot
    both   POST                    /auth/password/reset
    both   POST                    /auth/email/verify
    root   GET                     /.well-known/jwks.json
    both   GET POST                /users
    both   GET PUT PATCH DELETE    /users/{id}
    both   GET                     /users/search
    both   GET                     /users/stats
    both   GET POST                /products
    both   GET PUT PATCH DELETE    /products/{id}
    both   GET POST                /posts
    both   GET PUT DELETE          /posts/{id}
    both   GET                     /posts/stats
    both   GET POST                /tasks
    both   GET PUT PATCH DELETE    /tasks/{id}
    both   GET                     /tasks/statistics
    both   POST                    /tasks/send-welcome-email
    prefix GET                     /jobs
    prefix GET                     /jobs/{id}
    prefix POST                    /jobs/{id}/cancel
    prefix POST                    /jobs/{id}/retry
    prefix GET                     /jobs/{id}/events
    both   POST                    /upload
    both   GET                     /files
    both   GET                     /download/{name}
    both   DELETE                  /delete/{name}
    prefix GET DELETE              /files/{id}
    both   GET                     /monitoring/health
    both   GET                     /monitoring/metrics
    both   GET                     /health/live
    both   GET                     /health/ready
    both   GET                     /livez
    both   GET                     /readyz
    both   GET                     /metrics
    both   GET                     /monitoring
    root   GET                     /docs
    root   GET                     /docs/oauth2-redirect
    root   GET                     /redoc
    root   GET                     /openapi.json
    root   GET                     /
"""


class References(HTMLParser):
    """What a browser fetches for a page by itself: not the links that somebody may click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        name = "href" if tag == "link" else "src"
        self.found += [value for key, value in attributes if key == name and value]


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.discard)

    def test_the_openapi_document_is_valid(self) -> None:
        document = self.server.api.get("/openapi.json")
        self.assertEqual(document.status, 200)
        self.assertTrue(document.json["openapi"].startswith("3.1"))
        openapi_spec_validator.validate(document.json)

    def documented(self) -> dict[tuple[str, str], dict]:
        """Every operation, by method and path."""
        paths = self.server.api.get("/openapi.json").json["paths"]
        return {(method.upper(), path): operation for path, item in paths.items() for method, operation in item.items() if method in METHODS}

    def test_everything_promised_is_documented(self) -> None:
        documented = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in self.documented()}
        missing = []
        for line in PROMISED.strip().splitlines():
            where, *methods, path = line.split()
            prefixes = {"both": ("", "/api/v1"), "root": ("",), "prefix": ("/api/v1",)}[where]
            promised = [(method, prefix + re.sub(r"\{\w+\}", "{}", path)) for method in methods for prefix in prefixes]
            missing += [" ".join(one) for one in promised if one not in documented]
        self.assertEqual(missing, [])

    def test_what_is_served_and_what_is_documented_are_the_same(self) -> None:
        listed = subprocess.run([os.environ["REACTOR_BINARY"], "routes"], env=self.server.environment, cwd=self.server.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
        served = {tuple(line.split()[:2]) for line in listed.splitlines()[1:] if line.strip()}
        self.assertEqual(served, set(self.documented()))
        printed = subprocess.run([os.environ["REACTOR_BINARY"], "openapi"], env=self.server.environment, cwd=self.server.folder,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(json.loads(printed), self.server.api.get("/openapi.json").json)

    def test_the_reference_of_all_settings_is_the_programs_own(self) -> None:
        printed = subprocess.run([os.environ["REACTOR_BINARY"], "config", "--markdown"], env=self.server.environment, cwd=self.server.folder,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout
        written = (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
        self.assertEqual(written, printed, "run: reactor config --markdown > docs/CONFIGURATION.md")

    def test_operations_are_named_and_their_answers_described(self) -> None:
        documented = self.documented()
        ids = [operation["operationId"] for operation in documented.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for (method, path), operation in documented.items():
            with self.subTest(operation=f"{method} {path}"):
                self.assertRegex(operation["operationId"], r"^[a-z0-9_]+$")
                self.assertTrue(operation["summary"] and operation["tags"])
                names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
                self.assertEqual(names, set(re.findall(r"\{(\w+)\}", path)))
                self.assertTrue([status for status in operation["responses"] if status.startswith("2")])
                if "security" in operation and {} not in operation["security"]:
                    self.assertIn("401", operation["responses"])
                if "requestBody" in operation:
                    self.assertLessEqual({"408", "413", "415", "422"}, set(operation["responses"]))
                if method == "GET":
                    self.assertNotIn("requestBody", operation)

    def test_the_pages_need_nobody_but_this_server(self) -> None:
        for page in ("/docs", "/redoc"):
            answer = self.server.api.get(page, headers={"Accept": "text/html"})
            self.assertEqual(answer.status, 200, page)
            references = References()
            references.feed(answer.body.decode())
            self.assertTrue([one for one in references.found if ".js" in one], f"{page} has no script")
            for reference in references.found:
                if reference.startswith("data:"):
                    continue
                self.assertTrue(reference.startswith("/") and not reference.startswith("//"), f"{page} fetches {reference}")
                self.assertEqual(self.server.api.get(reference).status, 200, reference)
            self.assert_policy_allows_no_other_host(page, answer.headers["Content-Security-Policy"])

    def assert_policy_allows_no_other_host(self, page: str, policy: str | None) -> None:
        self.assertIsNotNone(policy, f"{page} has no Content-Security-Policy")
        directives = {words[0]: words[1:] for part in policy.split(";") if (words := part.split())}
        self.assertIn("default-src", directives, page)
        harmless = re.compile(r"'(?:self|none|unsafe-inline|unsafe-eval|wasm-unsafe-eval|strict-dynamic|nonce-[^']+|sha\d+-[^']+)'|data:|blob:")
        for name, sources in directives.items():
            for source in sources:
                if name.endswith("-src"):
                    self.assertTrue(harmless.fullmatch(source), f"{page}: {name} allows {source}")

    def test_redoc_does_not_ask_for_its_logo_elsewhere(self) -> None:
        script = (ROOT / ".build" / "docs-assets" / "redoc.standalone.js").read_text(encoding="utf-8")
        self.assertNotIn("cdn.redoc.ly", script)


class QuickStart(unittest.TestCase):
    def test_the_commands_of_the_readme_work_as_written(self) -> None:
        blocks = README_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertTrue(blocks, "README.md has no block marked <!-- live test -->")
        with Server(RATE_LIMIT_ENABLED="true") as server:
            script = "\n".join(blocks).replace(README_BASE, f"http://127.0.0.1:{server.port}")
            script = "trap 'echo \"this failed: $BASH_COMMAND\"' ERR\n" + script
            # The block's `reactor` is the one under test, and works on the server's data as it would in the server's folder.
            program = server.folder / "bin" / "reactor"
            program.parent.mkdir()
            program.symlink_to(Path(os.environ["REACTOR_BINARY"]).resolve())
            environment = {**server.environment, "PATH": f"{program.parent}:{os.environ['PATH']}"}
            result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=server.folder, stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, env=environment)
            self.assertEqual(result.returncode, 0, result.stdout[-4000:])
            # Created, listed and found.
            self.assertGreaterEqual(len(re.findall(r'"title": ?"Buy milk"', result.stdout)), 3, result.stdout[-4000:])
            # Changed by the administrator, and found by the user.
            self.assertGreaterEqual(len(re.findall(r'"price": ?19\.90,"in_stock": ?false', result.stdout)), 2, result.stdout[-4000:])
            # Downloaded as it was uploaded, beside the task's description.
            self.assertIn("\nTwo bottles of milk\n", result.stdout.replace("}", "}\n"))
            self.assertRegex(result.stdout, r'"status": ?"(?:PENDING|STARTED|SUCCESS)"')
