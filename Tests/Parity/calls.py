"""Writes random calls. It never sees an answer: what was made is referred to by its number, and each player knows what that is."""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Callable

from player import Call
from values import BODIES, FILE_CONTENTS, FILE_NAMES, MEDIA_TYPES, NO_PATHS, NOBODY, PAGES, PRICE_FILTERS, SEARCHES, Raw, Values

ADMIN = "«access:0»"
PASSWORDS = ("password123", "password456", "pässwörd\u00a0123")
MOUNTS = ("", "/api/v1")


class Writer:
    def __init__(self, source: random.Random) -> None:
        self.values = Values(source)
        self.random = source
        self.accounts: list[str] = []
        self.queue: list[Call] = []
        self.repeated: Call | None = None
        weighted: tuple[tuple[int, Callable[[], Call]], ...] = (
            (4, self.register), (5, self.log_in), (2, self.refresh), (1, self.log_out), (3, self.profile), (1, self.change_password),
            (4, self.create_entry), (4, self.create_user), (5, self.list_users), (4, self.search_users), (8, self.one_user),
            (10, self.create_product), (10, self.list_products), (8, self.one_product),
            (8, self.create_post), (6, self.list_posts), (6, self.one_post),
            (14, self.create_task), (12, self.list_tasks), (10, self.one_task),
            (5, self.upload), (6, self.one_file), (2, self.send_mail), (2, self.jobs),
            (3, self.nowhere), (4, self.malformed), (4, self.repeat))
        self.choices = [make for _, make in weighted]
        self.weights = [weight for weight, _ in weighted]

    def next(self) -> Call:
        if not self.accounts:
            for _ in range(3):
                self.queue += [self.account(), self.login_of(self.accounts[-1])]
        if self.queue:
            return self.queue.pop(0)
        call = self.random.choices(self.choices, self.weights)[0]()
        if call.method in ("POST", "PUT", "PATCH", "DELETE") and call.token is not None and not self.queue and self.values.chance(0.1):
            call.headers["Idempotency-Key"] = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            self.repeated = call
        if self.values.chance(0.05):
            call.headers["Accept"] = "application/problem+json"
        if call.method == "GET" and call.kind and self.values.chance(0.1):
            call.headers["If-None-Match"] = self.values.pick(("*", '"never"'))
        if self.values.chance(0.1):
            path, mark, query = call.path.partition("?")
            call.path = f"{path}/{mark}{query}"
        return call

    # --- Who calls, and what for

    def token(self) -> str | None:
        """Mostly somebody who logged in lately."""
        roll = self.random.random()
        if roll < 0.05:
            return None
        if roll < 0.07:
            return "not.a.token"
        if roll < 0.25:
            return ADMIN
        return self.own_token()

    def own_token(self) -> str:
        """Of a user who logged in lately, and may have logged out since."""
        return f"«access:-{self.random.randint(1, 6)}»"

    def mount(self) -> str:
        return self.values.pick(MOUNTS)

    def reference(self, kind: str) -> str:
        """Of one thing that was made, or of none."""
        if self.values.chance(0.1):
            return self.values.pick(("0", "-1", "999999999", "9223372036854775807", "9223372036854775808", "abc", "1.0", "%31", "１"))
        return f"«{kind}:{self.random.randint(0, 200)}»"

    def page(self, kind: str, *filters: str) -> str:
        parts = [one for one in (self.values.pick(PAGES), *filters) if one]
        if self.values.chance(0.15):
            parts.append(f"cursor=«cursor-{kind}:{self.random.randint(0, 50)}»")
        return f"?{'&'.join(parts)}" if parts else ""

    def search(self, name: str) -> str:
        return f"{name}={self.quoted(self.values.pick(SEARCHES))}" if self.values.chance(0.5) else ""

    @staticmethod
    def quoted(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode())

    # --- Accounts

    def account(self) -> Call:
        name = f"user{len(self.accounts)}"
        self.accounts.append(name)
        body = {"email": f"{name}@example.com", "username": name, "password": PASSWORDS[0]}
        return Call("POST", f"{self.mount()}/auth/register", body=body, kind="user", makes=True)

    def login_of(self, name: str, password: str = PASSWORDS[0]) -> Call:
        return Call("POST", f"{self.mount()}/auth/login", body={"username": name, "password": password})

    def register(self) -> Call:
        if self.values.chance(0.5):
            call = self.account()
            self.queue.append(self.login_of(self.accounts[-1]))
            return call
        taken = self.values.pick(self.accounts)
        email = self.values.pick((f"{taken}@example.com", f"{taken.upper()}@EXAMPLE.COM", "nobody", "ü@example.com", "a@exämple.de",
                                  f"fresh{self.random.randint(0, 30)}@example.com", "x" * 250 + "@example.com"))
        body = {"email": email, "password": self.values.pick((*PASSWORDS, "short", "x" * 128, "x" * 129)),
                **self.values.some({"username": lambda: self.values.pick((taken, taken.upper(), "a b", "",
                                                                          f"name{self.random.randint(0, 9)}")),
                                    "full_name": lambda: self.values.text(200), "role": lambda: "admin"}, 0.3)}
        return Call("POST", f"{self.mount()}/auth/register", body=body, kind="user", makes=True)

    def log_in(self) -> Call:
        name = self.values.pick((self.values.pick(self.accounts), f"{self.values.pick(self.accounts)}@example.com",
                                 f"{self.values.pick(self.accounts).upper()}@Example.com", "nobody", "nul\u0000"))
        password = self.values.pick((PASSWORDS[0], PASSWORDS[0], *PASSWORDS))
        call = self.login_of(name, password)
        if self.values.chance(0.4):
            call.body, call.form = None, {"username": name, "password": password, "grant_type": "password"}
            call.path = f"{self.mount()}/auth/login{self.values.pick(('', '/access-token'))}"
        return call

    def refresh(self) -> Call:
        token = f"«refresh:-{self.random.randint(1, 8)}»" if self.values.chance(0.8) else self.values.text(512)
        return Call("POST", f"{self.mount()}/auth/refresh", body={"refresh_token": token})

    def log_out(self) -> Call:
        token = self.own_token()
        return self.values.pick((Call("POST", f"{self.mount()}/auth/logout", token), Call("DELETE", f"{self.mount()}/auth/sessions", token),
                                 Call("DELETE", f"{self.mount()}/auth/sessions/{uuid.UUID(int=self.random.getrandbits(128), version=4)}",
                                      token)))

    def profile(self) -> Call:
        body = self.values.some({"full_name": lambda: self.values.text(200), "name": lambda: self.values.text(200),
                                 "username": lambda: self.values.pick((Raw("null"), "user0", f"other{self.random.randint(0, 20)}", "é")),
                                 "email": lambda: self.values.pick(("user0@example.com", "x",
                                                                    f"mail{self.random.randint(0, 20)}@example.com"))}, 0.3)
        path, token = f"{self.mount()}/auth/me", self.own_token()
        return self.values.pick((Call("GET", path, token, kind="user"), Call("PATCH", path, token, body=body, kind="user")))

    def change_password(self) -> Call:
        return Call("POST", f"{self.mount()}/auth/me/password", self.own_token(),
                    body={"current_password": self.values.pick(PASSWORDS), "new_password": self.values.pick((*PASSWORDS, "short"))})

    # --- Users

    def entry_body(self) -> dict:
        body = {"name": self.values.text(200),
                "email": f"entry{self.random.randint(0, 60)}@{self.values.pick(('example.com', 'EXAMPLE.com'))}"}
        return {**body, **self.values.some({"role": lambda: "admin", "is_active": lambda: True, "password": lambda: PASSWORDS[0]}, 0.05)}

    def create_entry(self) -> Call:
        return Call("POST", "/users", self.values.pick((None, None, ADMIN, self.token())), body=self.entry_body(), kind="user", makes=True)

    def create_user(self) -> Call:
        body = {"email": f"made{self.random.randint(0, 60)}@example.com", "password": self.values.pick(PASSWORDS),
                "role": self.values.pick(("user", "user", "admin", "owner", "")),
                **self.values.some({"username": lambda: self.values.pick(("made", f"made{self.random.randint(0, 60)}", "é", "ab")),
                                    "name": lambda: self.values.text(200), "full_name": lambda: self.values.text(200)}, 0.4)}
        return Call("POST", "/api/v1/users", self.values.pick((ADMIN, ADMIN, self.token())), body=body, kind="user", makes=True)

    def list_users(self) -> Call:
        path = f"{self.mount()}/users{self.values.pick((self.page('user'), '/stats'))}"
        return Call("GET", path, self.values.pick((ADMIN, self.token())), kind="user")

    def search_users(self) -> Call:
        day = self.values.pick(("", "", "created_after=2020-01-01", "created_after=2999-01-01", "created_after=2026-02-30",
                                "created_after=x"))
        return Call("GET", f"{self.mount()}/users/search{self.page('user', self.search('name'), day)}",
                    self.values.pick((ADMIN, self.token())), kind="user")

    def one_user(self) -> Call:
        path = f"{self.mount()}/users/{self.reference('user')}"
        body = self.values.some({"name": lambda: self.values.text(200), "full_name": lambda: self.values.text(200),
                                 "email": lambda: f"changed{self.random.randint(0, 40)}@example.com",
                                 "role": lambda: self.values.pick(("user", "admin", "x")),
                                 "is_active": lambda: self.values.pick((True, False, "no", 3)),
                                 "username": lambda: self.values.pick((Raw("null"), "user0", f"changed{self.random.randint(0, 40)}"))}, 0.3)
        method = self.values.pick(("GET", "GET", "PUT", "PATCH", "PATCH", "DELETE"))
        return Call(method, path, self.values.pick((ADMIN, self.token())), body=body if method in ("PUT", "PATCH") else None, kind="user")

    # --- Products and posts

    def product_body(self, probability: float) -> dict:
        return self.values.some({"name": lambda: self.values.text(200), "price": self.values.price,
                                 "in_stock": lambda: self.values.pick((True, False, "yes", 0, 2, Raw("null")))}, probability)

    def create_product(self) -> Call:
        body = {"name": self.values.ordinary(), "price": self.values.price(), **self.product_body(0.4)}
        return Call("POST", f"{self.mount()}/products", self.token(), body=body, kind="product", makes=True)

    def list_products(self) -> Call:
        stock = self.values.pick(("", "in_stock=true", "in_stock=0", "in_stock=perhaps"))
        query = self.page("product", self.search("name"), self.values.pick(PRICE_FILTERS), stock)
        return Call("GET", f"{self.mount()}/products{query}", self.token(), kind="product")

    def one_product(self) -> Call:
        method = self.values.pick(("GET", "GET", "PUT", "PATCH", "DELETE"))
        return Call(method, f"{self.mount()}/products/{self.reference('product')}", self.values.pick((ADMIN, self.token())),
                    body=self.product_body(0.5) if method in ("PUT", "PATCH") else None, kind="product")

    def create_post(self) -> Call:
        user = f"«user:{self.random.randint(0, 200)}»" if self.values.chance(0.85) else Raw(self.values.pick(NOBODY))
        return Call("POST", f"{self.mount()}/posts", self.values.pick((None, self.token())),
                    body={"user_id": user, "title": self.values.text(200), "content": self.values.text(50_000)}, kind="post", makes=True)

    def list_posts(self) -> Call:
        user = self.values.pick(("", f"user_id=«user:{self.random.randint(0, 200)}»", "user_id=0", "user_id=x",
                                 "user_id=9223372036854775808"))
        rest = "/stats" if self.values.chance(0.3) else self.page("post", user)
        return Call("GET", f"{self.mount()}/posts{rest}", self.values.pick((None, self.token())), kind="post")

    def one_post(self) -> Call:
        method = self.values.pick(("GET", "GET", "PUT", "DELETE"))
        body = self.values.some({"title": lambda: self.values.text(200), "content": lambda: self.values.text(50_000)})
        return Call(method, f"{self.mount()}/posts/{self.reference('post')}", self.values.pick((None, self.token())),
                    body=body if method == "PUT" else None, kind="post")

    # --- Tasks

    def task_body(self, probability: float) -> dict:
        return self.values.some({"title": lambda: self.values.text(200), "description": lambda: self.values.text(5_000),
                                 "priority": lambda: self.values.pick(("low", "medium", "high", "urgent", "HIGH", "", Raw("null"), 1)),
                                 "status": lambda: self.values.pick(("pending", "in_progress", "completed", "cancelled", "done")),
                                 "due_date": self.values.time, "owner_id": lambda: 1}, probability)

    def create_task(self) -> Call:
        body = {**self.task_body(0.3), "title": self.values.text(200) if self.values.chance(0.3) else self.values.ordinary()}
        if self.values.chance(0.8):
            body.pop("owner_id", None)
        return Call("POST", f"{self.mount()}/tasks", self.token(), body=body, kind="task", makes=True)

    def list_tasks(self) -> Call:
        priority = self.values.pick(("", "priority=high", "priority=low", "priority=x"))
        status = self.values.pick(("", "status=pending", "status=completed"))
        rest = "/statistics" if self.values.chance(0.3) else self.page("task", priority, status, self.search("search"))
        return Call("GET", f"{self.mount()}/tasks{rest}", self.token(), kind="task")

    def one_task(self) -> Call:
        method = self.values.pick(("GET", "PUT", "PATCH", "DELETE", "HEAD"))
        return Call(method, f"{self.mount()}/tasks/{self.reference('task')}", self.token(),
                    body=self.task_body(0.4) if method in ("PUT", "PATCH") else None, kind="task")

    # --- Files and jobs

    def upload(self) -> Call:
        name, field = self.values.pick(FILE_NAMES), self.values.pick(("file", "file", "file", "other"))
        head = f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
        end = self.values.pick((b"\r\n--B--\r\n",) * 8 + (b"", b"\r\n--B\r\n"))
        return Call("POST", f"{self.mount()}/upload", self.token(), raw=head.encode() + self.values.pick(FILE_CONTENTS) + end, kind="file",
                    makes=True, headers={"Content-Type": "multipart/form-data; boundary=B"})

    def one_file(self) -> Call:
        name = f"«filename:{self.random.randint(0, 50)}»"
        method, path = self.values.pick((("GET", f"/files{self.page('file')}"), ("GET", f"/download/{name}"), ("GET", f"/download/{name}"),
                                         ("DELETE", f"/delete/{name}"), ("GET", "/download/absent.txt"), ("DELETE", "/delete/..%2Fx.txt")))
        headers = {"Range": self.values.pick(("bytes=0-3", "bytes=-2", "bytes=5-", "bytes=100-1", "bytes=99999-", "lines=1-2"))}
        return Call(method, self.mount() + path, self.token(), kind="file",
                    headers=headers if path.startswith("/download") and self.values.chance(0.4) else {})

    def send_mail(self) -> Call:
        self.queue.append(Call("GET", f"{self.mount()}/tasks/«job:-1»", kind="job", waits=True))
        return Call("POST", f"{self.mount()}/tasks/send-welcome-email", self.own_token(), kind="job", makes=True)

    def jobs(self) -> Call:
        if self.values.chance(0.3):
            job = f"«job:{self.random.randint(0, 50)}»"
            # One that runs again is waited for: how far it has come is no matter of the database.
            self.queue.append(Call("GET", f"/tasks/{job}", kind="job", waits=True))
            return Call("POST", f"/api/v1/jobs/{job}/{self.values.pick(('retry', 'cancel'))}", self.token())
        unknown = uuid.UUID(int=self.random.getrandbits(128), version=4)
        return self.values.pick((Call("GET", f"/tasks/{unknown}"), Call("GET", f"/api/v1/jobs/{unknown}", self.token()),
                                 Call("POST", f"/api/v1/jobs/{unknown}/cancel", self.token()),
                                 Call("GET", "/tasks/not-a-uuid", self.token())))

    # --- What is wrong on purpose

    def nowhere(self) -> Call:
        method = self.values.pick(("GET", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"))
        return Call(method, self.values.pick(NO_PATHS), self.token())

    def malformed(self) -> Call:
        path = self.values.pick(("/tasks", "/products", "/posts", "/users", "/auth/register", "/auth/login", "/api/v1/users"))
        media_type = "application/json" if self.values.chance(0.6) else self.values.pick(MEDIA_TYPES)
        return Call("POST", path, self.token(), raw=self.values.pick(BODIES), headers={"Content-Type": media_type}, makes=True,
                    kind={"tasks": "task", "products": "product", "posts": "post"}.get(path[1:], "user"))

    def repeat(self) -> Call:
        """A call with its idempotency key again, sometimes with another body."""
        if self.repeated is None:
            return self.list_tasks()
        call = copy.deepcopy(self.repeated)
        if isinstance(call.body, dict) and self.values.chance(0.3):
            call.body["title"] = "another"
        return call
