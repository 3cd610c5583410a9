"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): who makes its requests.

Requests go with the token of one account, as long as it is good: the fuzzer may find out how to delete or demote its own account,
and then another one is made. What ends sessions or accounts on purpose (logging out, changing the password) gets an account of
its own for each call.
"""

from __future__ import annotations

import itertools
import os
import subprocess

import requests
import schemathesis

BASE = os.environ["SCHEMA_BASE"]
ROLE = os.environ["SCHEMA_ROLE"]
PASSWORD = "schema-password-1"
ENDS_SESSIONS = {("POST", "/auth/logout"), ("DELETE", "/auth/sessions"), ("DELETE", "/auth/sessions/{session_id}"), ("DELETE", "/auth/me"),
                 ("POST", "/auth/me/password")}
_numbers = itertools.count(1)


def new_account() -> str:
    """The access token of a new account."""
    email = f"schema-{ROLE}-{os.getpid()}-{next(_numbers)}@example.com"
    if ROLE == "admin":
        subprocess.run([os.environ["REACTOR_BINARY"], "seed-admin", "--email", email, "--password", PASSWORD], check=True,
                       cwd=os.environ["SCHEMA_FOLDER"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    else:
        requests.post(f"{BASE}/auth/register", json={"email": email, "password": PASSWORD}, timeout=15).raise_for_status()
    answer = requests.post(f"{BASE}/auth/login", json={"username": email, "password": PASSWORD}, timeout=15)
    answer.raise_for_status()
    return answer.json()["access_token"]


def is_good(token: str) -> bool:
    answer = requests.get(f"{BASE}/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=15)
    return answer.status_code == 200 and answer.json()["role"] == ROLE


class Tokens:
    """The token of the next request."""

    def __init__(self) -> None:
        self.token = new_account()
        self.wasted: str | None = None

    def of(self, case) -> str:
        if (case.method.upper(), case.operation.path.removeprefix("/api/v1")) not in ENDS_SESSIONS:
            return self.token
        if self.wasted is None:
            self.wasted = new_account()
        return self.wasted

    def answered(self, case, status: int) -> None:
        if (case.method.upper(), case.operation.path.removeprefix("/api/v1")) in ENDS_SESSIONS:
            if status < 300 or status == 401:
                self.wasted = None
        elif status in (401, 403) and not is_good(self.token):
            self.token = new_account()


tokens = Tokens()


@schemathesis.auth(refresh_interval=None)
class BearerToken:
    def get(self, case, context) -> str:
        return tokens.of(case)

    def set(self, case, data: str, context) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def after_call(context, case, response) -> None:
    tokens.answered(case, response.status_code)
