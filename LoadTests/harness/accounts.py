"""Accounts of the API for measurements: registered, signed in, and with tasks of their own."""

from __future__ import annotations

import http.client
import json

from harness.servers import ServerError

PASSWORD = "a long enough password"


def call(connection: http.client.HTTPConnection, method: str, path: str, body: dict | None = None, token: str | None = None) -> tuple[int, object]:
    """Status and body of one request over a connection that is kept."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text else None


def account_with_tasks(port: int, count: int, email: str = "bench@example.com") -> str:
    """Registers somebody with so many tasks; their access token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def post(path: str, body: dict, token: str | None = None) -> dict:
        status, answer = call(connection, "POST", path, body, token)
        if status not in (200, 201):
            raise ServerError(f"POST {path} answers {status} {str(answer)[:300]}")
        return answer

    try:
        post("/auth/register", {"email": email, "password": PASSWORD})
        token = post("/auth/login", {"username": email, "password": PASSWORD})["access_token"]
        for number in range(count):
            post("/tasks", {"title": f"Task {number}", "description": "One of ten rows of a list", "priority": "high"}, token)
        return token
    finally:
        connection.close()


def add_products(port: int, count: int, token: str) -> None:
    """So many products, by an account of `account_with_tasks`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        for number in range(count):
            status, answer = call(connection, "POST", "/products", {"name": f"Product {number}", "price": 9.5}, token)
            if status != 201:
                raise ServerError(f"POST /products answers {status} {str(answer)[:300]}")
    finally:
        connection.close()
