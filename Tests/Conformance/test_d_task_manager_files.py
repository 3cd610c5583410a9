"""Template D: a task manager with priorities, search and statistics, uploaded files, monitoring, and two tiers of rate limits."""

from __future__ import annotations

import hashlib
import os
import struct
import unittest
import urllib.parse
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor

from ground_rules import Collection, GroundRules
from reactor import Answer, Client
from template import PASSWORD, PooledSessions, PooledTransactions, PostgresAndRedis, SQLiteAlone, Template

TASK = {"id", "title", "description", "priority", "status", "due_date", "owner_id", "created_at", "updated_at"}
UPLOADED = {"id", "filename", "file_path", "file_size", "content_type", "sha256", "message"}
MAX_UPLOAD_BYTES = 5 << 20


def png() -> bytes:
    """One white pixel."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00\xff\xff\xff")) + chunk(b"IEND", b"")


PDF = (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
       b"trailer\n<< /Root 1 0 R >>\n%%EOF\n")


def upload(client: Client, name: str, content: bytes, *, field: str = "file", path: str = "/upload", content_type: str = "text/plain",
           headers: dict | None = None) -> Answer:
    """What `curl -F file=@NAME` sends."""
    boundary = f"------------------------{uuid.uuid4().hex}"
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {content_type}\r\n\r\n'
            ).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return client.request("POST", path, body=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})})


class TaskManagerAndFiles(GroundRules):
    COLLECTIONS = (Collection("/tasks", lambda number: {"title": f"Task {number}"}, frozenset({"title"}), default_limit=100),)

    def uploaded(self, client: Client, name: str, content: bytes, **options) -> dict:
        return self.expect_json(upload(client, name, content, **options), 201, UPLOADED)

    # --- The documented requests

    def test_the_readme_from_registration_to_the_deleted_task(self) -> None:
        registered = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/auth/register" \\
              -H "Content-Type: application/json" \\
              -d '{"username": "testuser", "email": "test@example.com", "password": "password123"}'"""), 201)
        self.assertEqual((registered["username"], registered["email"]), ("testuser", "test@example.com"))
        tokens = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/auth/login" \\
              -H "Content-Type: application/x-www-form-urlencoded" \\
              -d "username=testuser&password=password123\""""), 200, {"access_token", "refresh_token", "token_type", "expires_in"})
        token = tokens["access_token"]
        task = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/tasks" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
              -d '{"title": "Complete project", "description": "Finish the API", "priority": "high", "due_date": "2030-12-31T23:59:59"}'
            """, TOKEN=token), 201, TASK)
        self.assertEqual((task["title"], task["priority"], task["status"], task["due_date"][:19]),
                         ("Complete project", "high", "pending", "2030-12-31T23:59:59"))
        for query in ("", "?skip=0&limit=100", "?priority=high", "?status=pending", "?search=project", "?search=FINISH",
                      "?priority=high&status=pending&search=api"):
            listed = self.curl(f'curl "http://localhost:8000/tasks{query}" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
            self.assertEqual(self.expect_json(listed, 200), [task], query)
        for query in ("?priority=low", "?status=completed", "?search=absent"):
            listed = self.curl(f'curl "http://localhost:8000/tasks{query}" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
            self.assertEqual(self.expect_json(listed, 200), [], query)
        changed = self.expect_json(self.curl("""
            curl -X PUT "http://localhost:8000/tasks/$ID" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
              -d '{"status": "completed"}'""", TOKEN=token, ID=task["id"]), 200, TASK)
        self.assertEqual({**changed, "updated_at": None}, {**task, "status": "completed", "updated_at": None})
        one = self.curl('curl "http://localhost:8000/tasks/$ID" -H "Authorization: Bearer $TOKEN"', TOKEN=token, ID=task["id"])
        self.assertEqual(self.expect_json(one, 200), changed)
        counted = self.curl('curl "http://localhost:8000/tasks/statistics" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
        self.assertEqual(self.expect_json(counted, 200), {
            "total": 1, "by_status": {"pending": 0, "in_progress": 0, "completed": 1, "cancelled": 0},
            "by_priority": {"low": 0, "medium": 0, "high": 1, "urgent": 0}, "overdue": 0})
        gone = self.curl('curl -X DELETE "http://localhost:8000/tasks/$ID" -H "Authorization: Bearer $TOKEN"', TOKEN=token, ID=task["id"])
        self.assertEqual(self.expect_json(gone, 200), {"message": "Task deleted successfully"})

    def test_the_readme_uploads_lists_downloads_and_deletes_a_file(self) -> None:
        user = self.user()
        (self.server.folder / "document.pdf").write_bytes(PDF)
        sent = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/upload" -H "Authorization: Bearer $TOKEN" -F "file=@document.pdf"
            """, TOKEN=user.token), 201, UPLOADED)
        self.assertEqual((sent["file_size"], sent["content_type"], sent["sha256"]),
                         (len(PDF), "application/pdf", hashlib.sha256(PDF).hexdigest()))
        self.assertEqual(str(uuid.UUID(sent["id"])), sent["id"])
        name = urllib.parse.quote(sent["filename"])
        listed = self.expect_json(self.curl('curl "http://localhost:8000/files" -H "Authorization: Bearer $TOKEN"', TOKEN=user.token), 200)
        self.assertEqual([one["id"] for one in listed], [sent["id"]])
        self.assertEqual(listed[0]["filename"], sent["filename"])
        fetched = self.expect(self.curl(f'curl "http://localhost:8000/download/{name}" -H "Authorization: Bearer $TOKEN"',
                                        TOKEN=user.token), 200)
        self.assertEqual(fetched.body, PDF)
        self.assertEqual(fetched.headers.get_content_type(), "application/pdf")
        self.assertTrue(fetched.headers["Content-Disposition"].startswith("attachment"), str(fetched.headers))
        self.assertEqual(fetched.headers["X-Content-Type-Options"], "nosniff")
        deleted = self.curl(f'curl -X DELETE "http://localhost:8000/delete/{name}" -H "Authorization: Bearer $TOKEN"', TOKEN=user.token)
        self.expect_json(deleted, 200, {"message"})
        for method, path in (("GET", f"/download/{name}"), ("DELETE", f"/delete/{name}"), ("GET", f"/api/v1/files/{sent['id']}")):
            self.expect_error(user.request(method, path), 404)
        self.assertEqual(self.expect_json(user.get("/files"), 200), [])

    def test_the_readme_asks_for_health_and_metrics(self) -> None:
        health = self.expect_json(self.curl("curl http://localhost:8000/monitoring/health"), 200)
        self.assertLessEqual({"status", "version", "uptime_seconds", "checks"}, set(health))
        self.assertEqual(set(health["checks"]), {"database", "cache", "jobs", "disk"})
        for check in health["checks"].values():
            self.assertIn("status", check)
            self.assertTrue([name for name in check if name.startswith("latency")], str(check))
        self.expect_json(self.curl("curl http://localhost:8000/monitoring/metrics"), 200)
        text = self.expect(self.curl('curl http://localhost:8000/monitoring/metrics -H "Accept: text/plain"'), 200)
        self.assertEqual(text.headers.get_content_type(), "text/plain")
        self.assertIn(b"# TYPE ", text.body)
        for path in ("/health/live", "/health/ready", "/livez", "/readyz", "/metrics", "/", "/docs", "/redoc", "/openapi.json"):
            self.expect(self.curl(f"curl http://localhost:8000{path}"), 200)
        page = self.expect(self.curl('curl http://localhost:8000/monitoring -H "Accept: text/html"'), 200)
        self.assertEqual(page.headers.get_content_type(), "text/html")
        self.assertIn("message", self.expect_json(self.curl("curl http://localhost:8000/"), 200))

    # --- Files

    def test_every_documented_kind_of_file_is_taken_by_name_and_content(self) -> None:
        user = self.user()
        for name, content in (("note.txt", "Grüße\n".encode()), ("dot.png", png()), ("paper.PDF", PDF)):
            self.uploaded(user, name, content)
        for name, content in (("tool.exe", b"MZ" + bytes(100)), ("page.html", b"<html></html>"), ("fake.png", PDF),
                              ("fake.pdf", b"plain text"),
                              ("noextension", b"text"), ("script.txt", b"\x7fELF" + bytes(200)), ("double.txt.sh", b"#!/bin/sh\n")):
            with self.subTest(name=name):
                self.expect_error(upload(user, name, content), 415)
        self.assertEqual(len(self.expect_json(user.get("/files"), 200)), 3)

    def test_uploads_end_at_five_mebibytes(self) -> None:
        user = self.user()
        self.assertEqual(self.uploaded(user, "most.txt", b"a" * MAX_UPLOAD_BYTES)["file_size"], MAX_UPLOAD_BYTES)
        # curl waits for a 100 (Continue) before it sends so much, and so gets to hear that nobody wants it.
        (self.server.folder / "more.txt").write_bytes(b"a" * (MAX_UPLOAD_BYTES + 1))
        for path in ("upload", "api/v1/upload"):
            self.expect_error(self.curl(f'curl http://localhost:8000/{path} -H "Authorization: Bearer $TOKEN" -F "file=@more.txt"',
                                        TOKEN=user.token), 413)
        self.assertEqual(len(self.expect_json(user.get("/files"), 200)), 1)
        leftovers = [path for path in (self.server.folder / "data").rglob("*") if path.is_file() and path.stat().st_size > MAX_UPLOAD_BYTES]
        self.assertEqual(leftovers, [])

    def test_what_is_no_upload_is_refused(self) -> None:
        user = self.user()
        for path in ("/upload", "/api/v1/upload"):
            self.expect_error(upload(self.server.api, "a.txt", b"a", path=path), 401)
            self.expect_error(user.post(path, {"file": "a"}), 415)
            self.expect_error(upload(user, "a.txt", b"a", path=path, field="other"), 422)
            broken = user.request("POST", path, body=b"--x\r\nContent-Disp", headers={"Content-Type": "multipart/form-data; boundary=x"})
            self.assertIn(broken.status, (400, 422), str(broken))
            unbounded = user.request("POST", path, body=b"--x--\r\n", headers={"Content-Type": "multipart/form-data"})
            self.assertIn(unbounded.status, (400, 415, 422), str(unbounded))
        self.assertEqual(self.expect_json(user.get("/files"), 200), [])

    def test_names_are_kept_and_lead_nowhere_else(self) -> None:
        user = self.user()
        for name in ("Bericht für Ärzte.txt", "a b;c.txt", "plus+percent%41.txt", "日本語.txt"):
            with self.subTest(name=name):
                sent = self.uploaded(user, name, name.encode())
                answer = self.expect(user.get(f"/download/{urllib.parse.quote(sent['filename'], safe='')}"), 200)
                self.assertEqual(answer.body, name.encode())
                self.assertIn("filename", answer.headers["Content-Disposition"])
        for name in ("../../etc/passwd.txt", "..\\..\\boot.txt", "/etc/passwd.txt", "....//x.txt"):
            with self.subTest(name=name):
                answer = upload(user, name.replace("\\", "\\\\"), b"harmless")
                self.assertIn(answer.status, (201, 400, 415, 422), str(answer))
                if answer.status == 201:
                    self.assertNotRegex(answer.json["filename"], r"[/\\]")
                    self.assertNotIn("..", answer.json["file_path"].split("/"))
        for path in ("..%2F..%2Fetc%2Fpasswd", "%2e%2e%2fsecret", "..", "%00", "secret_key", "reactor.db"):
            for route in ("download", "api/v1/download"):
                self.assertIn(user.get(f"/{route}/{path}").status, (400, 404, 422), path)
            self.assertIn(user.request("DELETE", f"/delete/{path}").status, (400, 404, 422), path)

    def test_downloads_come_in_ranges_and_not_again_when_unchanged(self) -> None:
        user = self.user()
        content = bytes(32 + number % 90 for number in range(10_000))
        sent = self.uploaded(user, "range.txt", content)
        for path in (f"/download/{sent['filename']}", f"/api/v1/download/{sent['filename']}"):
            whole = self.expect(user.get(path), 200)
            self.assertEqual((whole.body, whole.headers["Accept-Ranges"]), (content, "bytes"))
            for wanted, expected in (("bytes=0-9", content[:10]), ("bytes=9990-", content[9990:]), ("bytes=-5", content[-5:]),
                                     ("bytes=100-100", content[100:101]), ("bytes=0-99999", content)):
                part = self.expect(user.get(path, headers={"Range": wanted}), 206)
                self.assertEqual(part.body, expected, wanted)
                start = content.index(expected) if len(expected) > 90 else int(part.headers["Content-Range"].split()[1].split("-")[0])
                self.assertEqual(part.headers["Content-Range"], f"bytes {start}-{start + len(expected) - 1}/{len(content)}")
            beyond = self.expect(user.get(path, headers={"Range": "bytes=10000-"}), 416)
            self.assertEqual(beyond.headers["Content-Range"], f"bytes */{len(content)}")
            tag = whole.headers["ETag"]
            self.expect(user.get(path, headers={"If-None-Match": tag}), 304)
            self.expect(user.get(path, headers={"Range": "bytes=0-9", "If-Range": tag}), 206)
            self.expect(user.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}), 200)
            head = self.expect(user.request("HEAD", path), 200)
            self.assertEqual((head.body, head.headers["Content-Length"]), (b"", str(len(content))))

    def test_another_users_file_does_not_exist_but_for_an_administrator(self) -> None:
        owner, stranger = self.user(), self.user()
        sent = self.uploaded(owner, "mine.txt", b"private")
        own = f"/api/v1/files/{sent['id']}"
        self.assertEqual(self.expect_json(owner.get(own), 200)["sha256"], hashlib.sha256(b"private").hexdigest())
        for method, path in (("GET", f"/download/{sent['filename']}"), ("GET", own), ("DELETE", own),
                             ("DELETE", f"/delete/{sent['filename']}")):
            self.expect_error(stranger.request(method, path), 404)
            self.expect_error(self.server.api.request(method, path), 401)
        self.assertEqual(self.expect_json(stranger.get("/files"), 200), [])
        self.expect(self.admin.get(own), 200)
        self.assertIn(self.admin.request("DELETE", own).status, (200, 204))
        self.expect_error(owner.get(own), 404)

    def test_two_files_of_one_name_are_two_files(self) -> None:
        user = self.user()
        sent = [self.uploaded(user, "same.txt", text) for text in (b"first", b"second")]
        self.assertEqual(len({one["id"] for one in sent}), 2)
        self.assertEqual(len({one["filename"] for one in sent}), 2)
        for one, text in zip(sent, (b"first", b"second")):
            self.assertEqual(self.expect(user.get(f"/download/{urllib.parse.quote(one['filename'])}"), 200).body, text)

    def test_an_upload_with_an_idempotency_key_is_stored_once(self) -> None:
        user, key = self.user(), {"Idempotency-Key": str(uuid.uuid4())}
        boundary, content = "fixed-boundary", b"once"
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="once.txt"\r\nContent-Type: text/plain\r\n\r\n'
                ).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        fields = {"Content-Type": f"multipart/form-data; boundary={boundary}", **key}
        first = self.expect_json(user.request("POST", "/upload", body=body, headers=fields), 201)
        self.assertEqual(self.expect_json(user.request("POST", "/upload", body=body, headers=fields), 201), first)
        self.assertEqual(len(self.expect_json(user.get("/files"), 200)), 1)

    def test_many_uploads_at_once_all_arrive_whole(self) -> None:
        user = self.user()
        contents = {f"file-{number}.txt": os.urandom(50_000).hex().encode() for number in range(16)}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda one: upload(user, *one), contents.items()))
        for answer, content in zip(answers, contents.values()):
            sent = self.expect_json(answer, 201, UPLOADED)
            self.assertEqual(sent["sha256"], hashlib.sha256(content).hexdigest())
            self.assertEqual(self.expect(user.get(f"/download/{sent['filename']}"), 200).body, content)
        self.assertEqual(self.expect(user.get("/files?limit=100"), 200).headers["X-Total-Count"], "16")

    # --- Monitoring

    def test_prometheus_metrics_name_route_templates_and_every_part(self) -> None:
        user = self.user()
        user.get("/tasks/424242")
        metrics = self.expect(self.server.api.get("/metrics"), 200)
        text = metrics.body.decode()
        self.assertNotIn("424242", text)
        self.assertIn('/tasks/{task_id}', text)
        for part in ("http_request_duration_seconds_bucket", "in_flight", "loop", "pool", "cache", "jobs", "process_resident_memory_bytes",
                     "process_cpu_seconds_total", "process_open_fds"):
            self.assertIn(part, text)
        open_metrics = self.expect(self.server.api.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}), 200)
        self.assertEqual(open_metrics.headers.get_content_type(), "application/openmetrics-text")
        self.assertTrue(open_metrics.body.endswith(b"# EOF\n"))


class Tiers(Template):
    """With the limits on."""

    SETTINGS = {"RATE_LIMIT_ENABLED": "true"}

    def test_writes_have_the_strict_tier_and_reads_the_moderate_one(self) -> None:
        user = self.user()
        self.accepted_before_429(lambda: user.post("/tasks", {"title": "Again"}), 10)
        self.accepted_before_429(lambda: user.get("/tasks"), 60)
        # Each route has its own allowance.
        self.expect(user.get("/tasks/statistics"), 200)
        self.expect(self.server.api.get("/monitoring/health"), 200)

    def test_a_limit_is_a_users_and_not_an_addresses(self) -> None:
        user, other = self.user(), self.user()
        self.accepted_before_429(lambda: upload(user, "a.txt", b"a"), 10)
        self.expect(upload(other, "a.txt", b"a"), 201)
        again = self.server.api.post("/auth/login", {"username": user.email, "password": PASSWORD})
        fresh = Client(self.server.port, self.expect(again, 200).json["access_token"])
        self.expect_error(upload(fresh, "a.txt", b"a"), 429)


class TaskManagerAndFilesOnSQLite(SQLiteAlone, TaskManagerAndFiles, unittest.TestCase):
    pass


class TaskManagerAndFilesOnPostgres(PostgresAndRedis, TaskManagerAndFiles, unittest.TestCase):
    pass


class TaskManagerAndFilesBehindPooledTransactions(PooledTransactions, TaskManagerAndFiles, unittest.TestCase):
    pass


class TaskManagerAndFilesBehindPooledSessions(PooledSessions, TaskManagerAndFiles, unittest.TestCase):
    pass


class TiersOnSQLite(SQLiteAlone, Tiers, unittest.TestCase):
    pass


class TiersOnPostgres(PostgresAndRedis, Tiers, unittest.TestCase):
    pass
