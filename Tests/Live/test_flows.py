"""What a client does, against a started server: the same tests on SQLite alone and on PostgreSQL with Redis."""

from __future__ import annotations

import os
import unittest

from reactor import PASSWORD, Client, Server
from services import Postgres


class Flows:
    """The tests; the classes below say on which databases."""

    server: Server

    @classmethod
    def settings(cls) -> dict[str, str]:
        return {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(**cls.settings()).start()
        cls.addClassCleanup(cls.server.discard)
        cls.ada = cls.server.register("ada")

    def expect(self, answer, status: int):
        self.assertEqual(answer.status, status, str(answer))
        return answer

    # --- Accounts and sessions

    def test_registering_answers_the_user_without_the_password(self) -> None:
        answer = self.expect(self.server.api.post("/auth/register", {"email": "new@example.com", "password": PASSWORD}), 201)
        self.assertEqual(answer.json["email"], "new@example.com")
        self.assertNotIn(PASSWORD, answer.body.decode())
        self.assertFalse([name for name in answer.json if "password" in name])

    def test_registering_a_taken_address_is_a_conflict_in_any_case_of_letters(self) -> None:
        answer = self.expect(self.server.api.post("/auth/register", {"email": self.ada.email.upper(), "password": PASSWORD}), 409)
        self.assertEqual(answer.json["code"], "USER_EXISTS")

    def test_registering_names_every_fault_at_once(self) -> None:
        answer = self.expect(self.server.api.post("/auth/register", {"email": "nobody", "password": "short", "role": "admin"}), 422)
        self.assertEqual({fault["loc"][-1] for fault in answer.json["detail"]}, {"email", "password", "role"})
        self.assertIn("extra_forbidden", {fault["type"] for fault in answer.json["detail"]})

    def test_logging_in_works_as_json_as_form_and_as_oauth2(self) -> None:
        credentials = {"username": self.ada.username, "password": PASSWORD}
        answers = [
            self.server.api.post("/auth/login", credentials),
            self.server.api.post("/auth/login", form=credentials),
            self.server.api.post("/api/v1/auth/login/access-token", form={**credentials, "grant_type": "password", "scope": ""}),
        ]
        for answer in answers:
            self.expect(answer, 200)
            self.assertEqual(answer.json["token_type"], "bearer")
            self.expect(Client(self.server.port, answer.json["access_token"]).get("/auth/me"), 200)

    def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(self) -> None:
        wrong = self.expect(self.server.api.post("/auth/login", {"username": self.ada.email, "password": "not this one"}), 401)
        unknown = self.expect(self.server.api.post("/auth/login", {"username": "nobody@example.com", "password": PASSWORD}), 401)
        self.assertEqual(wrong.json["detail"], unknown.json["detail"])
        self.assertIn("Bearer", wrong.headers["WWW-Authenticate"])

    def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(self) -> None:
        user = self.server.register("rotating")
        first = self.expect(self.server.api.post("/auth/refresh", {"refresh_token": user.refresh_token}), 200).json
        self.assertNotEqual(first["refresh_token"], user.refresh_token)
        reused = self.expect(self.server.api.post("/auth/refresh", {"refresh_token": user.refresh_token}), 401)
        self.assertEqual(reused.json["code"], "TOKEN_REUSED")
        self.expect(self.server.api.post("/auth/refresh", {"refresh_token": first["refresh_token"]}), 401)
        self.expect(Client(self.server.port, first["access_token"]).get("/auth/me"), 401)

    def test_logging_out_stops_the_access_token_at_once(self) -> None:
        user = self.server.register("leaving")
        self.expect(user.api.get("/auth/me"), 200)
        self.assertIn(user.api.post("/auth/logout").status, (200, 204))
        self.expect(user.api.get("/auth/me"), 401)

    def test_a_missing_and_a_forged_token_are_unauthorized(self) -> None:
        head, body, signature = self.ada.access_token.split(".")
        forged = ".".join((head, body, signature[::-1]))
        for client in (self.server.api, Client(self.server.port, forged)):
            answer = self.expect(client.get("/tasks"), 401)
            self.assertIn("Bearer", answer.headers["WWW-Authenticate"])

    # --- Tasks

    def test_a_task_is_created_listed_searched_changed_counted_and_deleted(self) -> None:
        user = self.server.register("busy")
        created = self.expect(user.api.post("/tasks", {"title": "Buy oat milk", "description": "two bottles", "priority": "high"}), 201).json
        self.assertEqual((created["status"], created["priority"], created["title"]), ("pending", "high", "Buy oat milk"))
        self.expect(user.api.post("/api/v1/tasks", {"title": "Call the bank"}), 201)

        listed = self.expect(user.api.get("/tasks"), 200)
        self.assertEqual({task["title"] for task in listed.json}, {"Buy oat milk", "Call the bank"})
        self.assertEqual(listed.headers["X-Total-Count"], "2")
        for query, titles in (("search=MILK", ["Buy oat milk"]), ("search=bottles", ["Buy oat milk"]), ("priority=medium", ["Call the bank"]),
                              ("status=completed", [])):
            found = self.expect(user.api.get(f"/tasks?{query}"), 200)
            self.assertEqual([task["title"] for task in found.json], titles, query)

        changed = self.expect(user.api.request("PUT", f"/tasks/{created['id']}", json_body={"status": "completed"}), 200).json
        self.assertEqual((changed["status"], changed["title"]), ("completed", "Buy oat milk"))
        statistics = self.expect(user.api.get("/tasks/statistics"), 200)
        self.assertIn(2, statistics.json.values(), str(statistics))

        deleted = self.expect(user.api.request("DELETE", f"/tasks/{created['id']}"), 200)
        self.assertEqual(deleted.json, {"message": "Task deleted successfully"})
        self.expect(user.api.get(f"/tasks/{created['id']}"), 404)

    def test_a_cached_list_shows_the_next_write(self) -> None:
        user = self.server.register("caching")
        for count in range(1, 4):
            self.expect(user.api.post("/tasks", {"title": f"Task {count}"}), 201)
            for _ in range(2):  # the second answer comes from the cache
                self.assertEqual(len(self.expect(user.api.get("/tasks"), 200).json), count)

    def test_another_users_task_does_not_exist(self) -> None:
        task = self.expect(self.ada.api.post("/tasks", {"title": "Mine"}), 201).json
        stranger = self.server.register("stranger")
        for method, body in (("GET", None), ("PUT", {"title": "Yours"}), ("DELETE", None)):
            self.expect(stranger.api.request(method, f"/tasks/{task['id']}", json_body=body), 404)
        self.assertEqual(self.expect(stranger.api.get("/tasks"), 200).json, [])

    def test_lists_are_paged_with_a_total_and_links(self) -> None:
        user = self.server.register("paging")
        for number in range(5):
            self.expect(user.api.post("/tasks", {"title": f"Task {number}"}), 201)
        page = self.expect(user.api.get("/tasks?skip=2&limit=2"), 200)
        self.assertEqual(len(page.json), 2)
        self.assertEqual(page.headers["X-Total-Count"], "5")
        self.assertIn('rel="next"', page.headers["Link"])
        self.expect(user.api.get("/tasks?limit=101"), 422)

    def test_malformed_json_a_wrong_type_and_an_unknown_member_are_refused(self) -> None:
        api = self.ada.api
        self.expect(api.request("POST", "/tasks", form={"title": "x"}), 415)
        for body, kind in ((b'{"title": ', "json_invalid"), (b'{"title": 7}', "string_type"), (b"{}", "missing"),
                           (b'{"title": "x", "owner_id": 1}', "extra_forbidden")):
            answer = self.expect(api.request("POST", "/tasks", raw_json=body), 422)
            self.assertEqual(answer.json["detail"][0]["type"], kind, str(answer))

    # --- The shape of answers

    def test_a_path_answers_with_and_without_a_slash_and_head_works_where_get_does(self) -> None:
        for path in ("/tasks/", "/api/v1/tasks", "/api/v1/tasks/"):
            self.expect(self.ada.api.get(path), 200)
        head = self.expect(self.ada.api.request("HEAD", "/tasks"), 200)
        self.assertEqual(head.body, b"")

    def test_another_method_names_the_allowed_ones(self) -> None:
        answer = self.expect(self.server.api.request("DELETE", "/auth/login"), 405)
        self.assertIn("POST", answer.headers["Allow"])

    def test_an_unknown_path_keeps_the_shape_of_errors(self) -> None:
        answer = self.expect(self.server.api.get("/nowhere", headers={"X-Request-ID": "live-test-0001"}), 404)
        self.assertIn("detail", answer.json)
        self.assertEqual(answer.json["request_id"], "live-test-0001")
        self.assertEqual(answer.headers["X-Request-ID"], "live-test-0001")

    def test_an_unchanged_list_is_not_sent_again(self) -> None:
        tag = self.expect(self.ada.api.get("/tasks"), 200).headers["ETag"]
        self.expect(self.ada.api.get("/tasks", headers={"If-None-Match": tag}), 304)

    # --- Monitoring

    def test_health_tells_each_part(self) -> None:
        health = self.expect(self.server.api.get("/monitoring/health"), 200)
        self.assertIn("database", health.json["checks"])
        for path in ("/health/live", "/health/ready", "/livez", "/readyz"):
            self.expect(self.server.api.get(path), 200)

    def test_metrics_count_requests_by_route_template(self) -> None:
        self.ada.api.get("/tasks/999999999")
        metrics = self.expect(self.server.api.get("/metrics"), 200).body.decode()
        self.assertIn("http_request", metrics)
        self.assertNotIn("/tasks/999999999", metrics)


class OnSQLite(Flows, unittest.TestCase):
    """The embedded default: one file, nothing else."""


class OnPostgresAndRedis(Flows, unittest.TestCase):
    @classmethod
    def settings(cls) -> dict[str, str]:
        # A cluster of its own: the Swift tests leave rows in the shared one.
        postgres = Postgres()
        cls.addClassCleanup(postgres.discard)
        return {"DATABASE_URL": postgres.start().url, "REDIS_URL": os.environ["TEST_REDIS_URL"]}

