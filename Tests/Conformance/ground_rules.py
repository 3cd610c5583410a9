"""What holds for every path of every template: slashes, HEAD, OPTIONS, 405, errors, validation, request ids, entity tags, paging,
idempotency, both mounts. Each template lists its collections, and these tests play the rules on them."""

from __future__ import annotations

import functools
import itertools
import re
import urllib.parse
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reactor import Answer, Client
from template import Template

ORIGIN = "http://localhost:3000"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Collection:
    """A list that elements are posted to, and the path of each element below it."""

    path: str
    # A new, valid body each time.
    body: Callable[[int], dict]
    required: frozenset[str]
    mounts: tuple[str, ...] = ("", "/api/v1")
    # `{items,total,skip,limit}` instead of a bare array.
    is_wrapped: bool = False
    # Who may write it: user, admin, anyone.
    writer: str = "user"
    default_limit: int = 10

    def new_body(self) -> dict:
        return self.body(next(_numbers))


def for_each_collection(test: Callable) -> Callable:
    """Plays a test on every collection under each of its prefixes."""
    @functools.wraps(test)
    def play(self) -> None:
        for collection in self.COLLECTIONS:
            for prefix in collection.mounts:
                with self.subTest(path=prefix + collection.path):
                    test(self, collection, prefix + collection.path)

    return play


class GroundRules(Template):
    SETTINGS = {"BACKEND_CORS_ORIGINS": f'["{ORIGIN}"]'}
    COLLECTIONS: tuple[Collection, ...] = ()

    def client(self, collection: Collection) -> Client:
        """Somebody new who may write it: lists that are private are empty then."""
        return {"user": self.user, "admin": lambda: self.admin, "anyone": lambda: self.server.api}[collection.writer]()

    def elements(self, collection: Collection, answer: Answer) -> list[dict]:
        self.expect(answer, 200)
        if not collection.is_wrapped:
            self.assertIsInstance(answer.json, list, str(answer))
            return answer.json
        self.assertEqual(set(answer.json), {"items", "total", "skip", "limit"}, str(answer))
        return answer.json["items"]

    # --- Paths and methods

    @for_each_collection
    def test_every_path_answers_with_and_without_a_slash_and_never_by_a_redirect(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        created = self.expect(client.post(f"{path}/", collection.new_body()), 201).json
        for one in (path, f"{path}/", f"{path}/{created['id']}", f"{path}/{created['id']}/"):
            self.expect(client.get(one), 200)

    @for_each_collection
    def test_head_is_get_without_the_body(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        element = self.expect(client.post(path, collection.new_body()), 201).json
        for one in (path, f"{path}/{element['id']}"):
            get, head = self.expect(client.get(one), 200), self.expect(client.request("HEAD", one), 200)
            self.assertEqual(head.body, b"")
            for name in ("Content-Type", "Content-Length", "ETag", "X-Total-Count"):
                self.assertEqual(head.headers[name], get.headers[name], f"{one}: {name}")

    @for_each_collection
    def test_options_tells_the_methods_and_answers_preflights(self, collection: Collection, path: str) -> None:
        plain = self.server.api.request("OPTIONS", path)
        self.assertIn(plain.status, (200, 204), str(plain))
        self.assertLessEqual({"GET", "HEAD", "POST", "OPTIONS"}, set(re.split(r",\s*", plain.headers["Allow"])))
        preflight = self.server.api.request("OPTIONS", path, headers={
            "Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"})
        self.assertIn(preflight.status, (200, 204), str(preflight))
        self.assertEqual(preflight.headers["Access-Control-Allow-Origin"], ORIGIN)
        self.assertIn("POST", preflight.headers["Access-Control-Allow-Methods"])
        self.assertIn("authorization", preflight.headers["Access-Control-Allow-Headers"].lower())
        stranger = self.server.api.request("OPTIONS", path, headers={
            "Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        self.assertIsNone(stranger.headers["Access-Control-Allow-Origin"])

    @for_each_collection
    def test_another_method_is_405_and_names_the_allowed_ones(self, collection: Collection, path: str) -> None:
        answer = self.client(collection).request("DELETE", path)
        self.expect_error(answer, 405, "METHOD_NOT_ALLOWED", "Method Not Allowed")
        self.assertLessEqual({"GET", "HEAD", "POST", "OPTIONS"}, set(re.split(r",\s*", answer.headers["Allow"])))

    # --- Errors

    @for_each_collection
    def test_errors_keep_their_shape_and_are_problems_where_that_is_asked_for(self, collection: Collection, path: str) -> None:
        self.expect_error(self.server.api.get("/nowhere"), 404, "NOT_FOUND", "Not Found")
        client = self.client(collection)
        error = self.expect_error(client.get(f"{path}/999999999"), 404)
        answer = self.expect(client.get(f"{path}/999999999", headers={"Accept": "application/problem+json"}), 404)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json")
        problem = answer.json
        self.assertLessEqual({"type", "title", "status", "detail", "code", "request_id"}, set(problem), str(answer))
        self.assertEqual((problem["status"], problem["detail"], problem["code"]), (404, error["detail"], error["code"]))

    @for_each_collection
    def test_validation_lists_every_fault(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        missing = [("missing", "body", name) for name in collection.required]
        self.expect_faults(client.post(path, {}), *missing)
        # Mass assignment: what no body declares is refused beside all else that is wrong.
        forbidden = {"id": 1, "is_admin": True, "created_at": "2020-01-01T00:00:00Z"}
        self.expect_faults(client.post(path, forbidden), *missing, *(("extra_forbidden", "body", name) for name in forbidden))
        self.expect_faults(client.get(f"{path}?skip=-1&limit=abc"), ("greater_than_equal", "query", "skip"),
                           ("int_parsing", "query", "limit"))
        self.expect_faults(client.get(f"{path}?limit=101"), ("less_than_equal", "query", "limit"))
        self.expect_faults(client.get(f"{path}?limit=0"), ("greater_than_equal", "query", "limit"))
        answer = self.expect_error(client.get(f"{path}/abc"), 422)
        self.assertIn(answer["detail"][0]["type"], ("int_parsing", "uuid_parsing"))
        self.assertEqual(answer["detail"][0]["loc"][0], "path")
        problem = self.expect(client.post(path, {}, headers={"Accept": "application/problem+json"}), 422)
        self.assertEqual({fault["loc"][-1] for fault in problem.json["errors"]}, set(collection.required))

    @for_each_collection
    def test_bodies_that_are_no_json_and_content_types_that_are_none_are_refused(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        before = self.total(client, collection, path)
        for body in (b"{", b'{"a": }', b"\xff", b'{"a": 1} x'):
            error = self.expect_error(client.request("POST", path, raw_json=body), 422)
            self.assertEqual([fault["type"] for fault in error["detail"]], ["json_invalid"], body)
            self.assertEqual(error["detail"][0]["loc"][0], "body")
        self.assertEqual(self.expect_error(client.request("POST", path, raw_json=b"[]"), 422)["detail"][0]["loc"], ["body"])
        for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"):
            self.expect_error(client.request("POST", path, body=b"a=1", headers={"Content-Type": media_type}), 415)
        self.assertEqual(self.total(client, collection, path), before)

    @for_each_collection
    def test_no_token_and_a_bad_one_are_unauthorized(self, collection: Collection, path: str) -> None:
        if collection.writer == "anyone":
            return
        for client in (self.server.api, Client(self.server.port, "not.a.token"), Client(self.server.port, self.admin.token[:-4] + "AAAA")):
            self.expect_error(client.get(path), 401)
            self.expect_error(client.post(path, collection.new_body()), 401)
        self.expect_error(self.server.api.get(path, headers={"Authorization": "Basic dXNlcjpwYXNz"}), 401)

    @for_each_collection
    def test_a_request_id_is_taken_over_if_it_is_well_formed_and_made_if_not(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        mine = f"conformance-{uuid.uuid4()}"
        self.assertEqual(client.get(path, headers={"X-Request-ID": mine}).headers["X-Request-ID"], mine)
        for bad in ("white space", "<script>", "x" * 200):
            made = client.get(path, headers={"X-Request-ID": bad}).headers["X-Request-ID"]
            self.assertRegex(made, r"^[\w.:-]{8,128}$")
            self.assertNotEqual(made, bad)
        self.assertNotEqual(client.get(path).headers["X-Request-ID"], client.get(path).headers["X-Request-ID"])

    # --- Lists and caches

    @for_each_collection
    def test_an_answer_that_did_not_change_is_not_sent_again(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        element = self.expect(client.post(path, collection.new_body()), 201).json
        for one in (path, f"{path}/{element['id']}"):
            tag = self.expect(client.get(one), 200).headers["ETag"]
            self.assertRegex(tag, r'^(W/)?"[^"]+"$')
            for condition in (tag, f'"other", {tag}', f"W/{tag.removeprefix('W/')}", "*"):
                again = self.expect(client.get(one, headers={"If-None-Match": condition}), 304)
                self.assertEqual(again.body, b"")
                self.assertEqual(again.headers["ETag"], tag)
            self.expect(client.get(one, headers={"If-None-Match": '"other"'}), 200)
        # The next write shows at once, whatever is cached.
        tag = self.expect(client.get(path), 200).headers["ETag"]
        self.expect(client.post(path, collection.new_body()), 201)
        self.expect(client.get(path, headers={"If-None-Match": tag}), 200)

    def total(self, client: Client, collection: Collection, path: str) -> int:
        answer = self.expect(client.get(path), 200)
        total = int(answer.headers["X-Total-Count"])
        if collection.is_wrapped:
            self.assertEqual(answer.json["total"], total)
        return total

    @for_each_collection
    def test_lists_are_paged_by_skip_and_limit_with_a_total_and_links(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        made = [self.expect(client.post(path, collection.new_body()), 201).json["id"] for _ in range(12)]
        total = self.total(client, collection, path)
        self.assertGreaterEqual(total, 12)
        self.assertEqual(len(self.elements(collection, client.get(path))), min(total, collection.default_limit))
        answer = self.expect(client.get(f"{path}?skip=2&limit=3"), 200)
        page = self.elements(collection, answer)
        self.assertEqual(len(page), 3)
        if collection.is_wrapped:
            self.assertEqual((answer.json["skip"], answer.json["limit"]), (2, 3))
        whole = self.elements(collection, client.get(f"{path}?limit=100&skip=0"))
        self.assertEqual([one["id"] for one in page], [one["id"] for one in whole[2:5]])
        end = self.elements(collection, client.get(f"{path}?skip={max(0, total - 100)}&limit=100"))
        self.assertIn(made[-1], [one["id"] for one in (*whole, *end)])
        links = dict(reversed(one) for one in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["Link"]))
        self.assertEqual(self.target(links["next"]), {"skip": "5", "limit": "3"})
        self.assertEqual(self.target(links["prev"]), {"skip": "0", "limit": "3"})
        following = self.elements(collection, client.get(links["next"]))
        self.assertEqual([one["id"] for one in following], [one["id"] for one in whole[5:8]])
        beyond = self.expect(client.get(f"{path}?skip={total}"), 200)
        self.assertEqual(self.elements(collection, beyond), [])
        self.assertEqual(beyond.headers["X-Total-Count"], str(total))

    def target(self, link: str) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))

    @for_each_collection
    def test_a_cursor_walks_the_whole_list_once(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        for _ in range(7):
            self.expect(client.post(path, collection.new_body()), 201)
        total = self.total(client, collection, path)
        answer = self.expect(client.get(f"{path}?limit=3"), 200)
        seen = [one["id"] for one in self.elements(collection, answer)]
        cursor = answer.headers["X-Next-Cursor"]
        self.assertTrue(cursor, str(answer.headers))
        # What is added at the front meanwhile does not shift what is read on from the cursor.
        while cursor is not None:
            answer = self.expect(client.get(f"{path}?limit=3&cursor={cursor}"), 200)
            seen += [one["id"] for one in self.elements(collection, answer)]
            following = re.search(r'<([^>]*)>; rel="next"', answer.headers["Link"] or "")
            self.assertEqual(following is None, answer.headers["X-Next-Cursor"] is None, str(answer.headers))
            cursor = answer.headers["X-Next-Cursor"]
            self.assertLessEqual(len(seen), total)
        self.assertEqual(len(seen), total)
        self.assertEqual(len(set(seen)), total)
        self.expect_faults(client.get(f"{path}?cursor=nonsense!"), ("value_error", "query", "cursor"))

    # --- Idempotency

    @for_each_collection
    def test_an_idempotency_key_makes_one_of_many_requests(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        key, body = str(uuid.uuid4()), collection.new_body()
        before = self.total(client, collection, path)
        first = self.expect(client.post(path, body, headers={"Idempotency-Key": key}), 201)
        again = self.expect(client.post(path, body, headers={"Idempotency-Key": key}), 201)
        self.assertEqual(again.json, first.json)
        self.assertEqual((first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]), (None, "true"))
        self.expect_error(client.post(path, collection.new_body(), headers={"Idempotency-Key": key}), 422)
        self.assertEqual(self.total(client, collection, path), before + 1)
        self.expect(client.post(path, collection.new_body(), headers={"Idempotency-Key": str(uuid.uuid4())}), 201)

    @for_each_collection
    def test_of_concurrent_requests_with_one_idempotency_key_one_is_done(self, collection: Collection, path: str) -> None:
        client = self.client(collection)
        headers, body = {"Idempotency-Key": str(uuid.uuid4())}, collection.new_body()
        before = self.total(client, collection, path)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post(path, body, headers=headers), range(8)))
        self.assertLessEqual({answer.status for answer in answers}, {201, 409}, [str(answer) for answer in answers])
        made = {answer.json["id"] for answer in answers if answer.status == 201}
        self.assertEqual(len(made), 1, [str(answer) for answer in answers])
        self.assertEqual(self.total(client, collection, path), before + 1)
