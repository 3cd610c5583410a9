"""Template B: accounts with access and refresh tokens, and their tasks, all under /api/v1."""

from __future__ import annotations

import base64
import json
import re
import unittest

from ground_rules import Collection, GroundRules
from reactor import Client
from template import PASSWORD, PooledSessions, PooledTransactions, PostgresAndRedis, SQLiteAlone, Template

USER = {"id", "email", "username", "name", "full_name", "role", "is_active", "email_verified_at", "created_at", "updated_at"}
TASK = {"id", "title", "description", "priority", "status", "due_date", "owner_id", "created_at", "updated_at"}
TOKENS = {"access_token", "refresh_token", "token_type", "expires_in"}
SESSION = {"id", "created_at", "last_seen_at", "ip", "user_agent", "current"}


def claims(token: str) -> dict:
    head, body, _ = token.split(".")
    return {**json.loads(base64.urlsafe_b64decode(head + "==")), **json.loads(base64.urlsafe_b64decode(body + "=="))}


class UsersTasksAndTokens(GroundRules):
    COLLECTIONS = (Collection("/tasks", lambda number: {"title": f"Task {number}"}, frozenset({"title"}), default_limit=100),)

    # --- The documented requests

    def test_the_readme_from_registration_to_logging_out(self) -> None:
        registered = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/api/v1/auth/register" \\
              -H "Content-Type: application/json" \\
              -d '{"email": "john@example.com", "password": "password123", "full_name": "John Doe"}'"""), 201, USER)
        self.assertEqual((registered["email"], registered["full_name"], registered["role"], registered["is_active"]),
                         ("john@example.com", "John Doe", "user", True))

        tokens = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/api/v1/auth/login/access-token" \\
              -H "Content-Type: application/x-www-form-urlencoded" \\
              -d "grant_type=password&username=john@example.com&password=password123&scope=&client_id=&client_secret=\""""), 200, TOKENS)
        self.assertEqual((tokens["token_type"], tokens["expires_in"]), ("bearer", 900))
        token = tokens["access_token"]

        created = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/api/v1/tasks" \\
              -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
              -d '{"title": "My first task", "description": "A test task"}'""", TOKEN=token), 201, TASK)
        self.assertEqual((created["owner_id"], created["status"], created["priority"], created["due_date"]),
                         (registered["id"], "pending", "medium", None))
        listed = self.curl('curl "http://localhost:8000/api/v1/tasks?skip=0&limit=100" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
        self.assertEqual(self.expect_json(listed, 200), [created])
        changed = self.expect_json(self.curl("""
            curl -X PUT "http://localhost:8000/api/v1/tasks/$ID" -H "Authorization: Bearer $TOKEN" \\
              -H "Content-Type: application/json" -d '{"title": "Updated task", "status": "completed"}'""", TOKEN=token, ID=created["id"]),
            200, TASK)
        self.assertEqual((changed["title"], changed["description"], changed["status"]), ("Updated task", "A test task", "completed"))
        deleted = self.curl('curl -X DELETE "http://localhost:8000/api/v1/tasks/$ID" -H "Authorization: Bearer $TOKEN"',
                            TOKEN=token, ID=created["id"])
        self.assertEqual(self.expect_json(deleted, 200), {"message": "Task deleted successfully"})

        me = self.curl('curl "http://localhost:8000/api/v1/users/$ID" -H "Authorization: Bearer $TOKEN"', TOKEN=token, ID=registered["id"])
        self.assertEqual(self.expect_json(me, 200, USER)["email"], "john@example.com")
        renamed = self.expect_json(self.curl("""
            curl -X PUT "http://localhost:8000/api/v1/users/$ID" -H "Authorization: Bearer $TOKEN" \\
              -H "Content-Type: application/json" -d '{"full_name": "John D."}'""", TOKEN=token, ID=registered["id"]), 200, USER)
        self.assertEqual((renamed["full_name"], renamed["email"]), ("John D.", "john@example.com"))

        refreshed = self.expect_json(self.curl("""
            curl -X POST "http://localhost:8000/api/v1/auth/refresh" -H "Content-Type: application/json" \\
              -d '{"refresh_token": "$REFRESH"}'""", REFRESH=tokens["refresh_token"]), 200, TOKENS)
        self.assertNotEqual(refreshed["refresh_token"], tokens["refresh_token"])
        token = refreshed["access_token"]
        out = self.curl('curl -X POST "http://localhost:8000/api/v1/auth/logout" -H "Authorization: Bearer $TOKEN"', TOKEN=token)
        self.expect_json(out, 200, {"message"})
        self.expect_error(self.curl('curl "http://localhost:8000/api/v1/tasks" -H "Authorization: Bearer $TOKEN"', TOKEN=token), 401)

    # --- Tokens

    def test_both_logins_answer_json_and_forms_as_documented(self) -> None:
        user = self.user(username="grace")
        for path in ("/auth/login", "/api/v1/auth/login"):
            for name in (user.email, "grace"):
                for options in ({"json_body": {"username": name, "password": PASSWORD}},
                                {"form": {"username": name, "password": PASSWORD}}):
                    self.expect_json(self.server.api.request("POST", path, **options), 200, TOKENS)
        for path in ("/auth/login/access-token", "/api/v1/auth/login/access-token"):
            self.expect_json(self.server.api.request("POST", path, form={"username": user.email, "password": PASSWORD}), 200, TOKENS)
            self.expect_error(self.server.api.post(path, {"username": user.email, "password": PASSWORD}), 415)
            self.expect_error(self.server.api.request("POST", path, form={"username": user.email, "password": "wrong-one"}), 401)
            self.expect_error(self.server.api.request("POST", path, form={"username": "nobody", "password": PASSWORD}), 401)

    def test_an_access_token_says_what_is_documented(self) -> None:
        user = self.user()
        told = claims(user.token)
        self.assertLessEqual({"sub", "username", "role", "typ", "jti", "sid", "iss", "aud", "iat", "exp"}, set(told))
        self.assertEqual((told["sub"], told["role"], told["alg"]), (str(user.user_id), "user", "HS256"))
        self.assertEqual(told["exp"] - told["iat"], 900)
        self.assertEqual(self.expect_json(self.server.api.get("/.well-known/jwks.json"), 200), {"keys": []})

    def test_a_used_refresh_token_ends_its_whole_family(self) -> None:
        user = self.user()
        first = self.login(self.server, user.email)
        second = self.expect_json(self.server.api.post("/api/v1/auth/refresh", {"refresh_token": first["refresh_token"]}), 200)
        self.expect_error(self.server.api.post("/api/v1/auth/refresh", {"refresh_token": first["refresh_token"]}), 401, "TOKEN_REUSED")
        self.expect_error(self.server.api.post("/api/v1/auth/refresh", {"refresh_token": second["refresh_token"]}), 401)
        self.expect_error(Client(self.server.port, second["access_token"]).get("/api/v1/tasks"), 401)
        self.expect(user.get("/api/v1/tasks"), 200)  # another session
        self.expect_error(self.server.api.post("/api/v1/auth/refresh", {"refresh_token": "never-given-out"}), 401)
        self.expect_error(self.server.api.post("/api/v1/auth/refresh", {"refresh_token": user.token}), 401)
        self.expect_error(Client(self.server.port, first["refresh_token"]).get("/api/v1/tasks"), 401)

    def test_sessions_are_listed_and_ended_one_and_all(self) -> None:
        user = self.user()
        other = Client(self.server.port, self.login(self.server, user.email)["access_token"])
        sessions = self.expect_json(user.get("/auth/sessions"), 200)
        self.assertEqual(len(sessions), 2)
        for session in sessions:
            self.assertLessEqual(SESSION, set(session))
        self.assertEqual([session["current"] for session in sessions].count(True), 1)
        ended = next(session["id"] for session in sessions if not session["current"])
        self.expect_error(self.user().request("DELETE", f"/auth/sessions/{ended}"), 404)
        self.expect(user.request("DELETE", f"/auth/sessions/{ended}"), 204)
        self.expect_error(other.get("/auth/me"), 401)
        third = Client(self.server.port, self.login(self.server, user.email)["access_token"])
        self.expect(user.request("DELETE", "/auth/sessions"), 204)
        for client in (user, third):
            self.expect_error(client.get("/auth/me"), 401)

    def test_a_changed_password_ends_the_other_sessions(self) -> None:
        user = self.user()
        other = Client(self.server.port, self.login(self.server, user.email)["access_token"])
        self.expect_error(user.post("/auth/me/password", {"current_password": "wrong", "new_password": "password456"}), 400)
        self.expect_json(user.post("/auth/me/password", {"current_password": PASSWORD, "new_password": "password456"}), 200)
        self.expect(user.get("/auth/me"), 200)
        self.expect_error(other.get("/auth/me"), 401)
        self.expect_error(self.server.api.post("/auth/login", {"username": user.email, "password": PASSWORD}), 401)
        self.login(self.server, user.email, "password456")

    def test_forgotten_passwords_and_unverified_addresses_tell_nothing_about_accounts(self) -> None:
        user = self.user()
        known = self.server.api.post("/auth/password/forgot", {"email": user.email})
        unknown = self.server.api.post("/auth/password/forgot", {"email": "nobody@example.com"})
        self.assertEqual((known.status, known.json), (unknown.status, unknown.json))
        self.assertIn(known.status, (200, 202))
        self.expect_error(self.server.api.post("/auth/password/reset", {"token": "x" * 43, "new_password": PASSWORD}), 400)
        self.expect_error(self.server.api.post("/auth/email/verify", {"token": "x" * 43}), 400)
        self.expect_faults(self.server.api.post("/auth/password/forgot", {"email": "nobody"}), ("value_error", "body", "email"))
        self.expect_faults(self.server.api.post("/auth/password/reset", {"token": "x", "new_password": "short"}),
                           ("string_too_short", "body", "new_password"))

    def test_a_mailed_token_resets_the_password_once_and_ends_the_sessions(self) -> None:
        user = self.user()
        self.assertIn(self.server.api.post("/api/v1/auth/password/forgot", {"email": user.email.upper()}).status, (200, 202))
        token = re.search(r"(?m)^[\w-]{43}$", self.letter(user.email, "Reset"))[0]
        weak = self.server.api.post("/auth/password/reset", {"token": token, "new_password": "short"})
        self.expect_faults(weak, ("string_too_short", "body", "new_password"))
        self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/auth/password/reset -H "Content-Type: application/json" \\
              -d '{"token": "$TOKEN", "new_password": "password789"}'""", TOKEN=token), 200, {"message"})
        again = self.server.api.post("/auth/password/reset", {"token": token, "new_password": "password000"})
        self.expect_error(again, 400)
        self.expect_error(user.get("/auth/me"), 401)
        self.expect_error(self.server.api.post("/auth/login", {"username": user.email, "password": PASSWORD}), 401)
        self.login(self.server, user.email, "password789")

    def test_a_mailed_token_verifies_the_address_once(self) -> None:
        user = self.user()
        self.assertIsNone(self.expect_json(user.get("/auth/me"), 200)["email_verified_at"])
        self.assertIn(user.post("/auth/email/verify/request").status, (200, 202))
        token = re.search(r"(?m)^[\w-]{43}$", self.letter(user.email, "Verify"))[0]
        self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/auth/email/verify -H "Content-Type: application/json" -d '{"token": "$TOKEN"}'
            """, TOKEN=token), 200)
        self.assert_time(self.expect_json(user.get("/auth/me"), 200)["email_verified_at"])
        self.expect_error(self.server.api.post("/auth/email/verify", {"token": token}), 400)

    def test_the_profile_is_read_changed_and_removed(self) -> None:
        user = self.user()
        self.assertEqual(self.expect_json(user.get("/auth/me"), 200, USER)["id"], user.user_id)
        self.assertEqual(self.expect_json(user.request("PATCH", "/auth/me", json_body={"full_name": "Ada"}), 200, USER)["full_name"], "Ada")
        for member in ("role", "is_active", "id"):
            self.expect_faults(user.request("PATCH", "/auth/me", json_body={member: "admin"}), ("extra_forbidden", "body", member))
        self.expect(user.request("DELETE", "/auth/me"), 204)
        self.expect_error(user.get("/auth/me"), 401)
        self.expect_error(self.server.api.post("/auth/login", {"username": user.email, "password": PASSWORD}), 401)

    # --- Tasks

    def test_a_task_has_every_documented_limit(self) -> None:
        user = self.user()
        self.expect(user.post("/api/v1/tasks", {"title": "x" * 200, "description": "y" * 5000, "priority": "urgent",
                                                "due_date": "2030-12-31T17:00:00Z", "status": "in_progress"}), 201)
        self.expect_faults(user.post("/api/v1/tasks", {"title": "", "description": "y" * 5001, "priority": "top", "status": "done",
                                                       "due_date": "soon", "owner_id": 1}),
                           ("string_too_short", "body", "title"), ("string_too_long", "body", "description"), ("enum", "body", "priority"),
                           ("enum", "body", "status"), ("datetime_from_date_parsing", "body", "due_date"),
                           ("extra_forbidden", "body", "owner_id"))
        self.expect_faults(user.post("/api/v1/tasks", {"title": "x" * 201}), ("string_too_long", "body", "title"))
        self.assertEqual(len(self.expect_json(user.get("/api/v1/tasks"), 200)), 1)

    def test_another_users_task_does_not_exist_but_for_an_administrator(self) -> None:
        owner, stranger = self.user(), self.user()
        path = f"/api/v1/tasks/{self.expect_json(owner.post('/api/v1/tasks', {'title': 'Mine'}), 201)['id']}"
        for method, body in (("GET", None), ("PUT", {"title": "Yours"}), ("PATCH", {"title": "Yours"}), ("DELETE", None)):
            self.expect_error(stranger.request(method, path, json_body=body), 404, "TASK_NOT_FOUND")
        self.expect(self.admin.get(path), 200)
        self.assertEqual(self.expect_json(self.admin.request("PATCH", path, json_body={"status": "cancelled"}), 200)["status"], "cancelled")
        self.expect(self.admin.request("DELETE", path), 200)
        self.expect_error(owner.get(path), 404)

    def test_a_user_sees_only_the_own_row_of_users(self) -> None:
        user, other = self.user(), self.user()
        self.expect(user.get(f"/api/v1/users/{user.user_id}"), 200)
        self.expect_error(user.get(f"/api/v1/users/{other.user_id}"), 403)
        self.expect_error(user.get("/api/v1/users"), 403)
        self.expect_error(self.server.api.get(f"/api/v1/users/{user.user_id}"), 401)


class LoginLimits(Template):
    SETTINGS = {"RATE_LIMIT_ENABLED": "true"}

    def test_a_name_is_tried_five_times_a_minute_whether_it_exists_or_not(self) -> None:
        for name in (self.user().email, "nobody@example.com"):
            statuses = [self.server.api.post("/auth/login", {"username": name, "password": "wrong-one"}).status for _ in range(12)]
            refused = statuses.index(429)
            self.assertIn(refused, range(4, 11), statuses)  # one login may have been made before; a window may have ended
            self.assertEqual(set(statuses[:refused]), {401})
        answer = self.server.api.post("/auth/login", {"username": "nobody@example.com", "password": "wrong-one"})
        if answer.status == 429:
            self.expect_error(answer, 429)
            self.assertRegex(answer.headers["Retry-After"], r"^[1-9]\d*$")


class UsersTasksAndTokensOnSQLite(SQLiteAlone, UsersTasksAndTokens, unittest.TestCase):
    pass


class UsersTasksAndTokensOnPostgres(PostgresAndRedis, UsersTasksAndTokens, unittest.TestCase):
    pass


class UsersTasksAndTokensBehindPooledTransactions(PooledTransactions, UsersTasksAndTokens, unittest.TestCase):
    pass


class UsersTasksAndTokensBehindPooledSessions(PooledSessions, UsersTasksAndTokens, unittest.TestCase):
    pass


class LoginLimitsOnSQLite(SQLiteAlone, LoginLimits, unittest.TestCase):
    pass


class LoginLimitsOnPostgres(PostgresAndRedis, LoginLimits, unittest.TestCase):
    pass
