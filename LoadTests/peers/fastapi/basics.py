"""What both FastAPI peers share: /plaintext, /json, the shapes of the database's answers, the page of /fortunes.

Written as FastAPI's documentation recommends it today: a declared return type is encoded by pydantic's own serializer,
which has taken the place of ORJSONResponse.
"""

from __future__ import annotations

import random
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse
from jinja2 import Environment
from pydantic import BaseModel

ROWS = 10_000

PAGE = Environment(autoescape=True, trim_blocks=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for id, message in fortunes %}<tr><td>{{ id }}</td><td>{{ message }}</td></tr>{% endfor %}</table></body></html>"
)


class Message(BaseModel):
    message: str


class WorldResponse(BaseModel):
    id: int
    randomNumber: int


def random_id() -> int:
    return random.randint(1, ROWS)


def number_of_queries(queries: str = "1") -> int:
    """TechEmpower's rule: what is no number is one, and it lies between 1 and 500."""
    try:
        return min(max(int(queries), 1), 500)
    except ValueError:
        return 1


Count = Annotated[int, Depends(number_of_queries)]


def page(fortunes: list[tuple[int, str]]) -> str:
    """The rows and one that is made for each request, in the order of their messages."""
    fortunes.append((0, "Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune[1])
    return PAGE.render(fortunes=fortunes)


def add_basics(app: FastAPI) -> None:
    @app.get("/plaintext")
    async def plaintext() -> PlainTextResponse:
        return PlainTextResponse("Hello, World!")

    @app.get("/json")
    async def json() -> Message:
        return Message(message="Hello, World!")
