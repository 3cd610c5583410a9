"""TechEmpower's tests: the paths that they ask for, and what a server must answer to be measured."""

from __future__ import annotations

import html
import json
import re

from services import Postgres

from .servers import Server, ServerError

ROWS = 10_000
ADDITIONAL = (0, "Additional fortune added at request time.")


def path_of(scenario: str, queries: int) -> str:
    if scenario in ("queries", "updates"):
        return f"/{scenario}?queries={queries}"
    return "/plaintext" if scenario == "pipelined" else f"/{scenario}"


def check_answers(server: Server, scenario: str, queries: int, postgres: Postgres | None) -> None:
    """All of them do the same work, or the comparison says nothing."""
    if scenario in ("plaintext", "json", "pipelined"):
        return server.check_rules()
    status, body = server.get(path_of(scenario, queries))
    if status == 200:
        is_right = is_page(body, postgres) if scenario == "fortunes" else are_worlds(body, None if scenario == "db" else queries)
    if status != 200 or not is_right:
        raise ServerError(f"{server.name} answers {path_of(scenario, queries)} with {status} {body[:200]!r}")


def are_worlds(body: bytes, count: int | None) -> bool:
    """One row, or a list of so many."""
    try:
        value = json.loads(body)
    except ValueError:
        return False
    worlds = [value] if count is None else value
    if not isinstance(worlds, list) or len(worlds) != (count or 1):
        return False
    return all(isinstance(world, dict) and world.keys() == {"id", "randomNumber"}
               and all(type(number) is int and 1 <= number <= ROWS for number in world.values()) for world in worlds)


def is_page(body: bytes, postgres: Postgres) -> bool:
    """Every row of the table and the additional one, escaped, in the order of the messages."""
    text = body.decode(errors="replace")
    shown = [(int(number), html.unescape(message)) for number, message in re.findall(r"<tr><td>(\d+)</td><td>(.*?)</td></tr>", text)]
    table = json.loads(postgres.sql("SELECT json_agg(json_build_array(id, message)) FROM fortune"))
    wanted = sorted([*map(tuple, table), ADDITIONAL], key=lambda row: row[1].encode())
    return "<script>" not in text and shown == wanted
