"""A call as it is written down, and a player that makes it on one server and says what came back, without what must differ."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import time
import urllib.parse
from dataclasses import dataclass, field

from reactor import Answer, Client, Server
from template import ADMIN
from values import Raw

# `«task:4»` stands for the fifth task that was made, `«task:-1»` for the latest, on whichever server.
REFERENCE = re.compile(r"«([\w-]+):(-?\d+)»")
QUOTED_REFERENCE = re.compile(r'"«([\w-]+):(-?\d+)»"')
RAW = re.compile(r'"‹(.*?)›"')
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEADERS = ("Content-Type", "Allow", "WWW-Authenticate", "X-Total-Count", "Link", "X-Next-Cursor", "Content-Disposition", "Cache-Control",
           "Accept-Ranges", "Content-Range", "Retry-After", "Location", "Vary", "Idempotent-Replayed")
TIMES = re.compile(r"^(?:created|updated|last_seen|email_verified|expires|started|finished|run|uploaded|queued|scheduled|lease\w*)_at$")
NEVER = 987_654_321


@dataclass
class Call:
    method: str
    path: str
    token: str | None = None
    body: object = None
    raw: bytes | None = None
    form: dict | None = None
    headers: dict = field(default_factory=dict)
    # What kind of thing its answer's `id` names, and whether a success makes one.
    kind: str = ""
    makes: bool = False
    # For a job: asked until it is over.
    waits: bool = False

    def __str__(self) -> str:
        sent = self.raw if self.raw is not None else self.form if self.form is not None else self.body
        return f"{self.method} {self.path} as {self.token} {self.headers or ''} {str(sent)[:300]}"


def encode(body) -> str:
    def marked(value):
        if isinstance(value, Raw):
            return f"‹{value}›".replace('"', "″")
        if isinstance(value, dict):
            return {name: marked(one) for name, one in value.items()}
        return [marked(one) for one in value] if isinstance(value, list) else value

    return RAW.sub(lambda match: match[1].replace("″", '"'), json.dumps(marked(body), ensure_ascii=False))


class Player:
    def __init__(self, server: Server) -> None:
        self.server = server
        # By kind, in the order of their making.
        self.made: dict[str, list] = collections.defaultdict(list)
        self.uuids: dict[str, int] = {}
        self.statuses: collections.Counter = collections.Counter()
        subprocess.run([os.environ["REACTOR_BINARY"], "seed-admin"], env=server.environment, cwd=server.folder, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        answer = server.api.post("/auth/login", {"username": ADMIN["email"], "password": ADMIN["password"]})
        self.made["access"].append(answer.json["access_token"])
        self.made["user"].append(Client(server.port, answer.json["access_token"]).get("/auth/me").json["id"])

    def play(self, call: Call) -> dict:
        answer = self.send(call)
        deadline = time.monotonic() + 20
        while call.waits and answer.status == 200 and answer.json["status"] not in ("SUCCESS", "FAILURE") and time.monotonic() < deadline:
            time.sleep(0.02)
            answer = self.send(call)
        self.statuses[answer.status] += 1
        self.remember(call, answer)
        return self.comparable(call, answer)

    def counts(self) -> dict:
        admin = Client(self.server.port, self.made["access"][0])
        return {path: admin.get(f"/api/v1{path}?limit=1").headers["X-Total-Count"] for path in ("/users", "/products", "/posts", "/files")}

    # --- Out

    def resolve(self, kind: str, number: int):
        made = self.made[kind]
        return made[number % len(made)] if made else NEVER

    def in_path(self, text: str) -> str:
        text = REFERENCE.sub(lambda match: urllib.parse.quote(str(self.resolve(match[1], int(match[2]))), safe=""), text)
        # The Writer spells what is awkward in the open.
        return urllib.parse.quote(text, safe="/?&=%+:;,@!$'()*~")

    def send(self, call: Call) -> Answer:
        headers = {name: REFERENCE.sub(lambda match: str(self.resolve(match[1], int(match[2]))), value) for name,
                   value in call.headers.items()}
        options: dict = {"headers": headers}
        if call.raw is not None:
            options["body"] = call.raw
        elif call.form is not None:
            options["form"] = call.form
        elif call.body is not None:
            text = QUOTED_REFERENCE.sub(lambda match: json.dumps(self.resolve(match[1], int(match[2]))), encode(call.body))
            options["raw_json"] = text.encode("utf-8", "surrogatepass")
        client = Client(self.server.port)
        if call.token is not None:
            client.token = REFERENCE.sub(lambda match: str(self.resolve(match[1], int(match[2]))), call.token)
        return client.request(call.method, self.in_path(call.path), **options)

    # --- Back

    def remember(self, call: Call, answer: Answer) -> None:
        if answer.headers["X-Next-Cursor"] and call.kind:
            self.made[f"cursor-{call.kind}"].append(answer.headers["X-Next-Cursor"])
        if answer.headers["ETag"] and call.kind:
            self.made[f"tag-{call.kind}"].append(answer.headers["ETag"])
        if not 200 <= answer.status < 300 or answer.headers.get_content_type() != "application/json" or not answer.body:
            return
        found = answer.json
        if not isinstance(found, dict):
            return
        if "access_token" in found:
            self.made["access"].append(found["access_token"])
            self.made["refresh"].append(found["refresh_token"])
        if call.makes and call.kind:
            value = found.get("id", found.get("task_id"))
            if value not in self.made[call.kind]:  # a replayed answer made nothing
                self.made[call.kind].append(value)
                if call.kind == "file":
                    self.made["filename"].append(found["filename"])

    def comparable(self, call: Call, answer: Answer) -> dict:
        result: dict = {"status": answer.status, "has ETag": answer.headers["ETag"] is not None,
                        "has id": answer.headers["X-Request-ID"] is not None}
        for name in HEADERS:
            if answer.headers[name] is not None:
                result[name] = self.plain(answer.headers[name])
        if "X-Next-Cursor" in result:
            result["X-Next-Cursor"] = "<cursor>"
        if answer.headers.get_content_type() in ("application/json", "application/problem+json") and answer.body:
            result["body"] = self.plain(answer.json, kind=call.kind)
        else:
            result["body"] = answer.body.decode("utf-8", "backslashreplace")
        return result

    def plain(self, value, name: str = "", kind: str = ""):
        """`value`, with a name for everything that differs between servers."""
        if isinstance(value, dict):
            return {key: self.plain(one, key, kind) for key, one in value.items()}
        if isinstance(value, list):
            return [self.plain(one, name, kind) for one in value]
        if name == "request_id":
            return "<request>"
        if name in ("access_token", "refresh_token"):
            return "<token>"
        if TIMES.match(name) and isinstance(value, str):
            return "<time>"
        if isinstance(value, int) and not isinstance(value, bool):
            of = {"id": kind, "user_id": "user", "owner_id": "user"}.get(name)
            return f"<{of} {self.made[of].index(value)}>" if of and value in self.made[of] else value
        if isinstance(value, str):
            value = re.sub(r"cursor=[\w-]+", "cursor=<cursor>", value)
            value = re.sub(r"user_id=(\d+)", lambda match: f"user_id={self.plain(int(match[1]), 'user_id')}", value)
            return UUID.sub(lambda match: f"<uuid {self.uuids.setdefault(match[0], len(self.uuids))}>", value)
        return value
