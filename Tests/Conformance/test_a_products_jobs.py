"""Template A: products behind a login, an administrator who may delete, a welcome email in the background."""

from __future__ import annotations

import re
import unittest
import uuid

from ground_rules import Collection, GroundRules
from services import wait_until
from template import ADMIN, PASSWORD, PooledSessions, PooledTransactions, PostgresAndRedis, SQLiteAlone, Template

PRODUCT = {"id", "name", "price", "in_stock", "created_at", "updated_at"}


class ProductsAndJobs(GroundRules):
    COLLECTIONS = (Collection("/products", lambda number: {"name": f"Product {number}", "price": 9.99}, frozenset({"name", "price"}),
                              is_wrapped=True),)

    def create(self, client, name: str, price, in_stock: bool | None = None) -> dict:
        body = {"name": name, "price": price} | ({} if in_stock is None else {"in_stock": in_stock})
        return self.expect_json(client.post("/products", body), 201, PRODUCT)

    # --- The documented requests

    def test_the_readme_from_registration_to_the_deleted_product(self) -> None:
        registered = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/auth/register \\
              -H "Content-Type: application/json" \\
              -d '{"email": "user@example.com", "password": "password123"}'"""), 201)
        self.assertEqual(registered["email"], "user@example.com")
        self.assertFalse([name for name in registered if "password" in name])
        again = self.curl("""
            curl -X POST http://localhost:8000/auth/register -H "Content-Type: application/json" \\
              -d '{"email": "USER@example.com", "password": "password123"}'""")
        self.expect_error(again, 409, "USER_EXISTS")

        tokens = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/auth/login \\
              -H "Content-Type: application/json" \\
              -d '{"username": "user@example.com", "password": "password123"}'"""), 200,
            {"access_token", "refresh_token", "token_type", "expires_in"})
        self.assertEqual((tokens["token_type"], tokens["expires_in"]), ("bearer", 900))
        token = tokens["access_token"]

        product = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/products -H "Authorization: Bearer $TOKEN" \\
              -H "Content-Type: application/json" -d '{"name": "Laptop", "price": 999.99, "in_stock": true}'""", TOKEN=token), 201, PRODUCT)
        self.assertEqual((product["name"], product["price"], product["in_stock"]), ("Laptop", 999.99, True))
        self.assertIsInstance(product["id"], int)
        self.assert_time(product["created_at"])

        listed = self.expect_json(self.curl("""
            curl -X GET "http://localhost:8000/products?skip=0&limit=10&name=lap&min_price=100&max_price=1000&in_stock=true" \\
              -H "Authorization: Bearer $TOKEN\"""", TOKEN=token), 200, {"items", "total", "skip", "limit"})
        self.assertIn(product, listed["items"])
        self.assertEqual((listed["skip"], listed["limit"]), (0, 10))

        one = self.curl('curl http://localhost:8000/products/$ID -H "Authorization: Bearer $TOKEN"', TOKEN=token, ID=product["id"])
        self.assertEqual(self.expect_json(one, 200), product)

        refused = self.curl('curl -X DELETE http://localhost:8000/products/$ID -H "Authorization: Bearer $TOKEN"',
                            TOKEN=token, ID=product["id"])
        self.expect_error(refused, 403, detail="Admin access required")

        # reactor seed-admin has made this account.
        admin = self.expect_json(self.curl("""
            curl -X POST http://localhost:8000/auth/login -H "Content-Type: application/json" \\
              -d '{"username": "admin@local.com", "password": "admin123456"}'"""), 200)["access_token"]
        gone = self.expect(self.curl('curl -X DELETE http://localhost:8000/products/$ID -H "Authorization: Bearer $TOKEN"',
                                     TOKEN=admin, ID=product["id"]), 204)
        self.assertEqual(gone.body, b"")
        for line in ('curl http://localhost:8000/products/$ID -H "Authorization: Bearer $TOKEN"',
                     'curl -X DELETE http://localhost:8000/products/$ID -H "Authorization: Bearer $TOKEN"'):
            self.expect_error(self.curl(line, TOKEN=admin, ID=product["id"]), 404, "PRODUCT_NOT_FOUND")

    def test_the_welcome_email_is_queued_and_its_status_asked_for_as_celery_has_it(self) -> None:
        user = self.user()
        queued = self.expect_json(self.curl('curl -X POST http://localhost:8000/tasks/send-welcome-email -H "Authorization: Bearer $TOKEN"',
                                            TOKEN=user.token), 200, {"message", "task_id"})
        self.assertEqual(queued["message"], "Task queued")
        self.assertEqual(str(uuid.UUID(queued["task_id"])), queued["task_id"])

        status: dict = {}

        def is_done() -> bool:
            nonlocal status
            status = self.expect_json(self.curl("curl http://localhost:8000/tasks/$ID", ID=queued["task_id"]), 200,
                                      {"task_id", "status", "result"})
            self.assertIn(status["status"], ("PENDING", "STARTED", "RETRY", "SUCCESS"), str(status))
            return status["status"] == "SUCCESS"

        self.assertTrue(wait_until(is_done, 20, every=0.1), f"the job is still {status}")
        self.assertEqual(status["task_id"], queued["task_id"])
        self.assertIn(user.email, self.letter(user.email, "Welcome"))
        events = self.expect(self.curl('curl -N http://localhost:8000/api/v1/jobs/$ID/events -H "Authorization: Bearer $TOKEN"',
                                       ID=queued["task_id"], TOKEN=user.token), 200)
        self.assertEqual(events.headers.get_content_type(), "text/event-stream")
        self.assertRegex(events.body.decode(), r"(?m)^event: done\ndata: \{.*\}$")

        self.expect_error(self.curl("curl -X POST http://localhost:8000/tasks/send-welcome-email"), 401)

    def test_an_unknown_job_is_pending_and_a_to_do_is_none(self) -> None:
        unknown = str(uuid.uuid4())
        answer = self.expect_json(self.curl("curl http://localhost:8000/tasks/$ID", ID=unknown), 200)
        self.assertEqual(answer, {"task_id": unknown, "status": "PENDING", "result": None})
        self.expect_error(self.curl("curl http://localhost:8000/tasks/1"), 401)
        self.expect_error(self.user().get("/tasks/999999"), 404, "TASK_NOT_FOUND")

    def test_jobs_are_listed_shown_and_refused_to_strangers(self) -> None:
        user, stranger = self.user(), self.user()
        job = self.expect_json(user.post("/tasks/send-welcome-email"), 200)["task_id"]
        self.assertIn(job, [one["id"] for one in self.expect_json(user.get("/api/v1/jobs"), 200)])
        self.assertEqual(self.expect_json(user.get(f"/api/v1/jobs/{job}"), 200)["id"], job)
        self.expect(self.admin.get(f"/api/v1/jobs/{job}"), 200)
        self.assertEqual(self.expect_json(stranger.get("/api/v1/jobs"), 200), [])
        for path in (f"/api/v1/jobs/{job}", f"/api/v1/jobs/{uuid.uuid4()}"):
            self.expect_error(stranger.get(path), 404)
        self.expect_error(stranger.post(f"/api/v1/jobs/{job}/cancel"), 404)
        self.expect_error(stranger.post(f"/api/v1/jobs/{job}/retry"), 404)
        self.expect_error(self.server.api.get("/api/v1/jobs"), 401)

    # --- Products

    def test_products_are_listed_newest_first_ten_at_a_time(self) -> None:
        user, word = self.user(), uuid.uuid4().hex
        made = [self.create(user, f"{word} {number}", number + 1)["id"] for number in range(12)]
        page = self.expect_json(user.get(f"/products?name={word}"), 200)
        self.assertEqual((page["total"], page["skip"], page["limit"]), (12, 0, 10))
        self.assertEqual([one["id"] for one in page["items"]], made[:1:-1])

    def test_products_are_filtered_by_name_price_and_stock_together(self) -> None:
        user, word = self.user(), uuid.uuid4().hex
        for name, price, in_stock in (("Cheap Chair", 10, True), ("Good CHAIR", 99.99, True), ("Lost chair", 50, False),
                                      ("Table", 50, True)):
            self.create(user, f"{word} {name}", price, in_stock)

        def names(query: str) -> list[str]:
            items = self.expect_json(user.get(f"/products?name={word}{query}"), 200)["items"]
            return [one["name"].removeprefix(f"{word} ") for one in items]

        self.assertEqual(names("%20"), ["Table", "Lost chair", "Good CHAIR", "Cheap Chair"])
        self.assertEqual(names("&min_price=50"), ["Table", "Lost chair", "Good CHAIR"])
        self.assertEqual(names("&max_price=50"), ["Table", "Lost chair", "Cheap Chair"])
        self.assertEqual(names("&min_price=99.99&max_price=99.99"), ["Good CHAIR"])
        self.assertEqual(names("&in_stock=false"), ["Lost chair"])
        self.assertEqual(names("&in_stock=true&max_price=60"), ["Table", "Cheap Chair"])
        self.assertEqual(self.expect_json(user.get(f"/products?name={word[:20].upper()}"), 200)["total"], 4)
        self.assertEqual(self.expect_json(user.get("/products?name=100%25%20_nothing_"), 200)["total"], 0)
        self.expect_error(user.get("/products?min_price=abc&in_stock=perhaps"), 422)

    def test_prices_are_exact_and_bounded(self) -> None:
        user = self.user()
        for text, expected in ((b"0.1", b"0.1"), (b"19.99", b"19.99"), (b"1e2", b"100"), (b"9999999999.99", b"9999999999.99"),
                               (b'"12.50"', b"12.5")):
            created = self.expect(user.request("POST", "/products", raw_json=b'{"name": "Exact", "price": %s}' % text), 201)
            sent = re.search(rb'"price": ?([^,}]+)', created.body)[1]
            self.assertRegex(sent, rb"^" + re.escape(expected) + rb"(\.?0*)$")
            self.assertIn(sent, self.expect(user.get(f"/products/{created.json['id']}"), 200).body)
        for text in (b"-1", b"10000000000", b"1.005", b"true", b'"abc"', b"null", b"1e400", b"NaN"):
            self.expect_error(user.request("POST", "/products", raw_json=b'{"name": "Wrong", "price": %s}' % text), 422)

    def test_a_new_product_is_in_stock_unless_it_says_otherwise(self) -> None:
        user = self.user()
        self.assertTrue(self.create(user, "Default", 1)["in_stock"])
        self.assertFalse(self.create(user, "Sold out", 1, False)["in_stock"])

    def test_only_an_administrator_changes_products_and_the_list_shows_it_at_once(self) -> None:
        user, word = self.user(), uuid.uuid4().hex
        product = self.create(user, word, 5)
        path = f"/products/{product['id']}"
        for method, body in (("PUT", {"name": word, "price": 6, "in_stock": True}), ("PATCH", {"price": 6})):
            self.assertEqual(self.expect_json(user.get(f"/products?name={word}"), 200)["items"][0]["price"], product["price"])
            self.expect_error(user.request(method, path, json_body=body), 403, detail="Admin access required")
            product = self.expect_json(self.admin.request(method, path, json_body={**body, "price": product["price"] + 1}), 200, PRODUCT)
            self.assertEqual(self.expect_json(user.get(f"/products?name={word}"), 200)["items"], [product])
        self.expect(self.admin.request("DELETE", path), 204)
        self.assertEqual(self.expect_json(user.get(f"/products?name={word}"), 200)["total"], 0)
        for method, body in (("PUT", {"name": word, "price": 6, "in_stock": True}), ("PATCH", {"price": 6}), ("DELETE", None)):
            self.expect_error(self.admin.request(method, path, json_body=body), 404, "PRODUCT_NOT_FOUND")

    def test_the_administrator_is_who_the_readme_says(self) -> None:
        self.assertEqual(ADMIN, {"email": "admin@local.com", "password": "admin123456"})
        me = self.expect_json(self.admin.get("/auth/me"), 200)
        self.assertEqual((me["email"], me["role"]), ("admin@local.com", "admin"))

    def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(self) -> None:
        user = self.user()
        wrong = self.expect_error(self.server.api.post("/auth/login", {"username": user.email, "password": "not this one"}), 401)
        unknown = self.expect_error(self.server.api.post("/auth/login", {"username": "nobody@example.com", "password": PASSWORD}), 401)
        self.assertEqual((wrong["detail"], wrong["code"]), (unknown["detail"], unknown["code"]))


class ProductLimits(Template):
    """With the limits on."""

    SETTINGS = {"RATE_LIMIT_ENABLED": "true"}

    def test_a_user_lists_products_ten_times_a_minute_whichever_path_is_taken(self) -> None:
        user, other = self.user(), self.user()
        paths = iter(("/products", "/api/v1/products", "/products/", "/products?name=x") * 10)
        self.accepted_before_429(lambda: user.get(next(paths)), 10)
        self.expect(other.get("/products"), 200)
        self.expect(user.get("/tasks"), 200)

    def test_writes_are_limited_more_strictly(self) -> None:
        user = self.user()
        self.accepted_before_429(lambda: user.post("/products", {"name": "Many", "price": 1}), 10)


class ProductsAndJobsOnSQLite(SQLiteAlone, ProductsAndJobs, unittest.TestCase):
    pass


class ProductsAndJobsOnPostgres(PostgresAndRedis, ProductsAndJobs, unittest.TestCase):
    pass


class ProductsAndJobsBehindPooledTransactions(PooledTransactions, ProductsAndJobs, unittest.TestCase):
    pass


class ProductsAndJobsBehindPooledSessions(PooledSessions, ProductsAndJobs, unittest.TestCase):
    pass


class ProductLimitsOnSQLite(SQLiteAlone, ProductLimits, unittest.TestCase):
    pass


class ProductLimitsOnPostgres(PostgresAndRedis, ProductLimits, unittest.TestCase):
    pass
