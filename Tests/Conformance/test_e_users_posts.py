"""Template E: an open directory of users and their posts, with search and statistics."""

from __future__ import annotations

import datetime
import unittest
import urllib.parse
import uuid

from ground_rules import Collection, GroundRules
from template import PooledSessions, PooledTransactions, PostgresAndRedis, SQLiteAlone, Template

ENTRY = {"id", "name", "email", "created_at"}
POST = {"id", "user_id", "title", "content", "created_at"}


def new_entry(number: int) -> dict:
    return {"name": f"Person {number}", "email": f"person-{number}-{uuid.uuid4().hex[:8]}@example.com"}


class UsersAndPosts(GroundRules):
    COLLECTIONS = (Collection("/users", new_entry, frozenset({"name", "email"}), mounts=("",), writer="anyone"),)

    def entry(self, name: str = "Somebody") -> dict:
        return self.expect_json(self.server.api.post("/users", {**new_entry(0), "name": name}), 201)

    def post(self, user: dict, title: str = "Title") -> dict:
        return self.expect_json(self.server.api.post("/posts", {"user_id": user["id"], "title": title, "content": "Content"}), 201, POST)

    # --- The documented requests

    def test_the_readme_creates_reads_changes_searches_and_deletes_users(self) -> None:
        made = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/users" -H "Content-Type: application/json" \\
              -d '{"name": "John Doe", "email": "john@example.com"}'"""), 201, ENTRY)
        self.assertEqual((made["name"], made["email"]), ("John Doe", "john@example.com"))
        self.assert_time(made["created_at"])
        again = self.curl("""
            curl -X POST "http://localhost:8000/users" -H "Content-Type: application/json" \\
              -d '{"name": "Johnny", "email": "John@Example.com"}'""")
        self.expect_error(again, 409, "USER_EXISTS")
        listed = self.expect_json(self.curl('curl "http://localhost:8000/users?skip=0&limit=10"'), 200)
        self.assertIn(made["id"], [one["id"] for one in listed])
        self.assertEqual(self.expect_json(self.curl("curl http://localhost:8000/users/$ID", ID=made["id"]), 200), made)
        changed = self.expect_json(self.curl("""
            curl -X PUT "http://localhost:8000/users/$ID" -H "Content-Type: application/json" \\
              -d '{"name": "John Q. Doe", "email": "john@example.com"}'""", ID=made["id"]), 200, ENTRY)
        self.assertEqual(changed, {**made, "name": "John Q. Doe"})
        today = datetime.datetime.now(datetime.timezone.utc).date()
        found = self.curl(f'curl "http://localhost:8000/users/search?name=q.%20DOE&created_after={today - datetime.timedelta(days=1)}"')
        self.assertEqual(self.expect_json(found, 200), [changed])
        later = self.curl(f'curl "http://localhost:8000/users/search?name=doe&created_after={today + datetime.timedelta(days=2)}"')
        self.assertEqual(self.expect_json(later, 200), [])
        statistics = self.expect_json(self.curl("curl http://localhost:8000/users/stats"), 200, {"total_users", "new_users_last_7_days"})
        self.assertEqual(statistics["total_users"], statistics["new_users_last_7_days"])
        self.expect(self.curl("curl -X DELETE http://localhost:8000/users/$ID", ID=made["id"]), 204)
        self.expect_error(self.curl("curl http://localhost:8000/users/$ID", ID=made["id"]), 404, "USER_NOT_FOUND")
        counted = self.expect_json(self.curl("curl http://localhost:8000/users/stats"), 200)
        self.assertEqual(counted["total_users"], statistics["total_users"] - 1)

    def test_the_readme_writes_lists_and_counts_posts(self) -> None:
        user, other = self.entry("Writer"), self.entry("Silent")
        made = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/posts" -H "Content-Type: application/json" \\
              -d '{"user_id": $USER, "title": "My first post", "content": "Hello world"}'""", USER=user["id"]), 201, POST)
        self.assertEqual((made["user_id"], made["title"], made["content"]), (user["id"], "My first post", "Hello world"))
        unknown = self.curl("""
            curl -X POST "http://localhost:8000/posts" -H "Content-Type: application/json" \\
              -d '{"user_id": 99999999, "title": "Nobody", "content": "wrote this"}'""")
        self.expect_error(unknown, 400)
        listed = self.curl('curl "http://localhost:8000/posts?user_id=$USER&skip=0&limit=10"', USER=user["id"])
        self.assertEqual(self.expect_json(listed, 200), [made])
        self.assertEqual(self.expect_json(self.server.api.get(f"/posts?user_id={other['id']}"), 200), [])
        self.assertEqual(self.expect_json(self.curl("curl http://localhost:8000/posts/$ID", ID=made["id"]), 200), made)
        changed = self.expect_json(self.curl("""
            curl -X PUT "http://localhost:8000/posts/$ID" -H "Content-Type: application/json" \\
              -d '{"title": "Edited", "content": "Goodbye"}'""", ID=made["id"]), 200, POST)
        self.assertEqual(changed, {**made, "title": "Edited", "content": "Goodbye"})
        counts = self.expect_json(self.curl("curl http://localhost:8000/posts/stats"), 200)
        self.assertIn(1, [value for one in counts if user["id"] in one.values() for value in one.values()], str(counts))
        self.expect(self.curl("curl -X DELETE http://localhost:8000/posts/$ID", ID=made["id"]), 204)
        self.expect_error(self.curl("curl http://localhost:8000/posts/$ID", ID=made["id"]), 404)

    # --- The directory

    def test_a_cached_list_shows_every_change_at_once(self) -> None:
        made = self.entry("Cached")
        for _ in range(2):
            self.assertEqual(self.expect_json(self.server.api.get("/users?limit=1"), 200), [made])
        changed = self.expect_json(self.server.api.request("PATCH", f"/users/{made['id']}", json_body={"name": "Renamed"}), 200)
        self.assertEqual(self.expect_json(self.server.api.get("/users?limit=1"), 200), [changed])
        self.expect(self.server.api.request("DELETE", f"/users/{made['id']}"), 204)
        self.assertNotIn(made["id"], [one["id"] for one in self.expect_json(self.server.api.get("/users?limit=1"), 200)])

    def test_anonymous_writes_touch_only_rows_without_credentials(self) -> None:
        account = self.user()
        path = f"/users/{account.user_id}"
        for method, body in (("PUT", {"name": "Mine now", "email": "mine@example.com"}), ("PATCH", {"email": "mine@example.com"}),
                             ("DELETE", None)):
            self.expect_error(self.server.api.request(method, path, json_body=body), 403)
            self.expect_error(self.user().request(method, path, json_body=body), 403)
        self.expect(account.get("/auth/me"), 200)
        self.assertEqual(set(self.expect_json(self.server.api.get(path), 200)), ENTRY)
        entry = self.entry("No account")
        self.expect_error(self.server.api.post("/auth/login", {"username": entry["email"], "password": "password123"}), 401)
        for member, value in (("password", "password123"), ("role", "admin"), ("is_active", True)):
            answer = self.server.api.post("/users", {**new_entry(0), member: value})
            self.expect_faults(answer, ("extra_forbidden", "body", member))

    def test_search_ignores_case_and_takes_no_wildcards(self) -> None:
        word = uuid.uuid4().hex[:10]
        self.entry(f"{word} Émile 100%")
        for text, count in ((f"{word.upper()} é", 1), (f"{word} 100_", 0), ("%", None), (f"{word}%mile", 0), ("100%", 1)):
            found = self.expect_json(self.server.api.get(f"/users/search?name={urllib.parse.quote(text)}"), 200)
            self.assertEqual(len(found), 1 if count is None else count, text)
        for day in ("yesterday", "2026-02-30", "2026-13-01"):
            self.expect_error(self.server.api.get(f"/users/search?created_after={day}"), 422)

    # --- Posts

    def test_posts_are_paged_and_checked(self) -> None:
        user = self.entry()
        made = [self.post(user, f"Post {number}")["id"] for number in range(12)]
        answer = self.expect(self.server.api.get(f"/posts?user_id={user['id']}"), 200)
        self.assertEqual((len(answer.json), answer.headers["X-Total-Count"]), (10, "12"))
        rest = self.expect_json(self.server.api.get(f"/posts?user_id={user['id']}&skip=10"), 200)
        self.assertEqual({one["id"] for one in (*answer.json, *rest)}, set(made))
        self.expect_faults(self.server.api.post("/posts", {}), ("missing", "body", "user_id"), ("missing", "body", "title"),
                           ("missing", "body", "content"))
        self.expect_faults(self.server.api.post("/posts", {"user_id": "x", "title": "", "content": 1, "id": 5}),
                           ("int_parsing", "body", "user_id"), ("string_too_short", "body", "title"), ("string_type", "body", "content"),
                           ("extra_forbidden", "body", "id"))
        for method, body in (("GET", None), ("PUT", {"title": "a", "content": "b"}), ("DELETE", None)):
            self.expect_error(self.server.api.request(method, "/posts/99999999", json_body=body), 404, "POST_NOT_FOUND")

    def test_posts_answer_under_both_mounts_with_slashes_and_tags(self) -> None:
        made = self.post(self.entry())
        for path in (f"/posts/{made['id']}", f"/posts/{made['id']}/", f"/api/v1/posts/{made['id']}"):
            answer = self.admin.get(path)
            self.assertEqual(self.expect_json(answer, 200), made)
            self.expect(self.admin.get(path, headers={"If-None-Match": answer.headers["ETag"]}), 304)
        self.expect_error(self.server.api.request("PATCH", "/posts"), 405)


class ClosedDirectory(Template):
    """OPEN_DIRECTORY=false, as it is in production: the directory is the administrators'."""

    SETTINGS = {"OPEN_DIRECTORY": "false"}

    def test_a_closed_directory_is_the_administrators(self) -> None:
        user = self.user()
        for method, path, body in (("GET", "/users", None), ("POST", "/users", new_entry(0)), ("GET", "/users/search?name=a", None),
                                   ("GET", "/users/stats", None), ("GET", "/users/1", None), ("DELETE", "/users/1", None)):
            with self.subTest(method=method, path=path):
                self.expect_error(self.server.api.request(method, path, json_body=body), 401)
                self.expect_error(user.request(method, path, json_body=body), 403)
        self.expect(self.admin.get("/users"), 200)
        self.expect(self.admin.get("/users/stats"), 200)
        self.expect_error(self.server.api.post("/posts", {"user_id": 1, "title": "a", "content": "b"}), 401)


class UsersAndPostsOnSQLite(SQLiteAlone, UsersAndPosts, unittest.TestCase):
    pass


class UsersAndPostsOnPostgres(PostgresAndRedis, UsersAndPosts, unittest.TestCase):
    pass


class UsersAndPostsBehindPooledTransactions(PooledTransactions, UsersAndPosts, unittest.TestCase):
    pass


class UsersAndPostsBehindPooledSessions(PooledSessions, UsersAndPosts, unittest.TestCase):
    pass


class ClosedDirectoryOnSQLite(SQLiteAlone, ClosedDirectory, unittest.TestCase):
    pass


class ClosedDirectoryOnPostgres(PostgresAndRedis, ClosedDirectory, unittest.TestCase):
    pass
