"""The pages under /docs and /redoc, the OpenAPI document, and the commands of the README."""

from __future__ import annotations

import os
import re
import subprocess
import unittest
from html.parser import HTMLParser

import openapi_spec_validator
from reactor import ROOT, Server

README_BLOCK = re.compile(r"<!-- live test -->\s*```bash\n(.*?)```", re.DOTALL)
README_BASE = "http://127.0.0.1:8000"


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
        for path in ("/auth/login", "/api/v1/auth/login", "/tasks", "/api/v1/tasks/{task_id}", "/monitoring/health"):
            pattern = re.sub(r"\{\w+\}", r"\\{\\w+\\}", path)
            self.assertTrue([one for one in document.json["paths"] if re.fullmatch(pattern, one)], f"{path} is not documented")

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
            result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=server.folder, stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                                    env={"PATH": os.environ["PATH"], "HOME": str(server.folder)})
            self.assertEqual(result.returncode, 0, result.stdout[-4000:])
            # Created, listed and found.
            self.assertGreaterEqual(len(re.findall(r'"title": ?"Buy milk"', result.stdout)), 3, result.stdout[-4000:])
