"""Template C: roles. Users register as users; an administrator creates, reads, changes and deletes accounts."""

from __future__ import annotations

import unittest
import uuid

from ground_rules import Collection, GroundRules
from reactor import Client
from template import ADMIN, PASSWORD, PooledSessions, PooledTransactions, PostgresAndRedis, SQLiteAlone

USER = {"id", "email", "username", "name", "full_name", "role", "is_active", "email_verified_at", "created_at", "updated_at"}


def new_user(number: int) -> dict:
    return {"email": f"made-{number}-{uuid.uuid4().hex[:8]}@example.com", "password": PASSWORD, "role": "user"}


class Roles(GroundRules):
    # At the root it is template E's directory.
    COLLECTIONS = (Collection("/users", new_user, frozenset({"email", "password", "role"}), mounts=("/api/v1",), writer="admin"),)

    def create(self, **members) -> dict:
        return self.expect_json(self.admin.post("/api/v1/users", {**new_user(0), **members}), 201, USER)

    # --- The documented requests

    def test_the_readme_from_registration_to_the_deleted_user(self) -> None:
        registered = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/api/v1/auth/register -H "Content-Type: application/json" \\
              -d '{"email": "plain@example.com", "password": "password123"}'"""), 201, USER)
        self.assertEqual(registered["role"], "user")
        mass = self.curl("""
            curl -X POST http://localhost:8000/api/v1/auth/register -H "Content-Type: application/json" \\
              -d '{"email": "sly@example.com", "password": "password123", "role": "admin"}'""")
        self.expect_faults(mass, ("extra_forbidden", "body", "role"))
        user = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/api/v1/auth/login -H "Content-Type: application/json" \\
              -d '{"username": "plain@example.com", "password": "password123"}'"""), 200)["access_token"]
        admin = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/api/v1/auth/login -H "Content-Type: application/json" \\
              -d '{"username": "admin@local.com", "password": "admin123456"}'"""), 200)["access_token"]

        create = """curl -X POST http://localhost:8000/api/v1/users -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
              -d '{"email": "boss@example.com", "password": "password123", "role": "admin"}'"""
        self.expect_error(self.curl(create, TOKEN=user), 403)
        made = self.expect_json(self.curl(create, TOKEN=admin), 201, USER)
        self.assertEqual((made["email"], made["role"], made["is_active"]), ("boss@example.com", "admin", True))
        self.expect_error(self.curl(create, TOKEN=admin), 409, "USER_EXISTS")

        listed = self.curl('curl "http://localhost:8000/api/v1/users?skip=0&limit=100" -H "Authorization: Bearer $TOKEN"', TOKEN=admin)
        self.assertIn(made, self.expect_json(listed, 200))
        one = self.curl('curl http://localhost:8000/api/v1/users/$ID -H "Authorization: Bearer $TOKEN"', TOKEN=admin, ID=made["id"])
        self.assertEqual(self.expect_json(one, 200), made)
        changed = self.expect_json(self.curl("""
            curl -X PUT http://localhost:8000/api/v1/users/$ID -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
              -d '{"role": "user", "is_active": false}'""", TOKEN=admin, ID=made["id"]), 200, USER)
        self.assertEqual((changed["role"], changed["is_active"], changed["email"]), ("user", False, "boss@example.com"))
        remove = 'curl -X DELETE http://localhost:8000/api/v1/users/$ID -H "Authorization: Bearer $TOKEN"'
        self.expect_error(self.curl(remove, TOKEN=user, ID=made["id"]), 403)
        self.expect(self.curl(remove, TOKEN=admin, ID=made["id"]), 204)
        self.expect_error(self.curl(remove, TOKEN=admin, ID=made["id"]), 404, "USER_NOT_FOUND")

    # --- Rights

    def test_everything_of_users_is_the_administrators(self) -> None:
        user, other = self.user(), self.create()
        for method, path, body in (("GET", "/api/v1/users", None), ("POST", "/api/v1/users", new_user(0)),
                                   ("GET", f"/api/v1/users/{other['id']}", None), ("PATCH", f"/api/v1/users/{other['id']}", {"name": "X"}),
                                   ("PUT", f"/api/v1/users/{other['id']}", {"name": "X"}), ("DELETE", f"/api/v1/users/{other['id']}", None),
                                   ("DELETE", f"/api/v1/users/{user.user_id}", None), ("GET", "/api/v1/users/search?name=x", None),
                                   ("GET", "/api/v1/users/stats", None)):
            with self.subTest(method=method, path=path):
                self.expect_error(user.request(method, path, json_body=body), 403)
                self.expect_error(self.server.api.request(method, path, json_body=body), 401)

    def test_a_user_changes_the_own_row_but_not_the_own_rights(self) -> None:
        user = self.user()
        path = f"/api/v1/users/{user.user_id}"
        self.assertEqual(self.expect_json(user.get(path), 200, USER)["role"], "user")
        for method in ("PUT", "PATCH"):
            self.assertEqual(self.expect_json(user.request(method, path, json_body={"full_name": method}), 200, USER)["full_name"], method)
            for change in ({"role": "admin"}, {"is_active": False}):
                self.assertIn(user.request(method, path, json_body=change).status, (403, 422), change)
        me = self.expect_json(user.get(path), 200, USER)
        self.assertEqual((me["role"], me["is_active"]), ("user", True))

    def test_a_made_user_logs_in_with_the_given_role_which_counts_at_once(self) -> None:
        made = self.create(role="admin", username=f"boss{uuid.uuid4().hex[:8]}", full_name="The Boss")
        boss = Client(self.server.port, self.login(self.server, made["username"])["access_token"])
        self.expect(boss.get("/api/v1/users"), 200)
        self.expect(self.admin.request("PATCH", f"/api/v1/users/{made['id']}", json_body={"role": "user"}), 200)
        self.expect_error(boss.get("/api/v1/users"), 403)
        self.expect(self.admin.request("PATCH", f"/api/v1/users/{made['id']}", json_body={"is_active": False}), 200)
        self.expect_error(boss.get("/auth/me"), 401)
        self.expect_error(self.server.api.post("/auth/login", {"username": made["email"], "password": PASSWORD}), 400)

    def test_the_last_administrator_stays_one(self) -> None:
        server = self.started()
        admin = self.as_admin(server)
        path = f"/api/v1/users/{self.expect_json(admin.get('/auth/me'), 200)['id']}"
        for answer in (admin.request("DELETE", path), admin.request("PATCH", path, json_body={"role": "user"}),
                       admin.request("PUT", path, json_body={"is_active": False}), admin.request("DELETE", "/auth/me")):
            self.expect_error(answer, 409, "LAST_ADMIN")
        self.expect_json(admin.post("/api/v1/users", {**new_user(0), "role": "admin"}), 201)
        self.expect(admin.request("PATCH", path, json_body={"role": "user"}), 200)

    def test_a_deleted_users_tokens_and_tasks_are_gone(self) -> None:
        user = self.user()
        task = self.expect_json(user.post("/tasks", {"title": "Mine"}), 201)["id"]
        self.expect(self.admin.request("DELETE", f"/api/v1/users/{user.user_id}"), 204)
        self.expect_error(user.get("/tasks"), 401)
        self.expect_error(self.admin.get(f"/tasks/{task}"), 404)

    def test_faults_of_a_new_user_are_all_named(self) -> None:
        self.expect_faults(self.admin.post("/api/v1/users", {"email": "nobody", "password": "short", "role": "owner", "username": "a b"}),
                           ("value_error", "body", "email"), ("string_too_short", "body", "password"), ("enum", "body", "role"),
                           ("string_pattern_mismatch", "body", "username"))
        self.assertEqual(ADMIN["email"], self.expect_json(self.admin.get("/auth/me"), 200)["email"])


class RolesOnSQLite(SQLiteAlone, Roles, unittest.TestCase):
    pass


class RolesOnPostgres(PostgresAndRedis, Roles, unittest.TestCase):
    pass


class RolesBehindPooledTransactions(PooledTransactions, Roles, unittest.TestCase):
    pass


class RolesBehindPooledSessions(PooledSessions, Roles, unittest.TestCase):
    pass
