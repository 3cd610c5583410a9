"""FastAPI on asyncpg alone: a pool, prepared statements, no objects between the rows and the answers.

DATABASE_URL names the database; without one /plaintext and /json are all there is.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from basics import Count, WorldResponse, add_basics, page, random_id
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

READ = "SELECT id, randomnumber FROM world WHERE id = $1"
WRITE = "UPDATE world SET randomnumber = new.number FROM unnest($1::int[], $2::int[]) AS new (id, number) WHERE world.id = new.id"
FORTUNES = "SELECT id, message FROM fortune"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    if "DATABASE_URL" not in os.environ:
        yield
        return
    size = int(os.environ.get("DB_CONNECTIONS", "16"))
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=size, max_size=size) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)
add_basics(app)


@app.get("/db")
async def db() -> WorldResponse:
    row = await app.state.pool.fetchrow(READ, random_id())
    return WorldResponse(id=row[0], randomNumber=row[1])


@app.get("/queries")
async def queries(count: Count) -> list[WorldResponse]:
    async with app.state.pool.acquire() as connection:
        statement = await connection.prepare(READ)
        rows = [await statement.fetchrow(random_id()) for _ in range(count)]
    return [WorldResponse(id=row[0], randomNumber=row[1]) for row in rows]


@app.get("/updates")
async def updates(count: Count) -> list[WorldResponse]:
    async with app.state.pool.acquire() as connection:
        statement = await connection.prepare(READ)
        # In the order of their ids, so that two requests never wait for each other's rows in a circle.
        ids = sorted({random_id() for _ in range(count)})
        while len(ids) < count:
            ids = sorted({*ids, random_id()})
        rows = [await statement.fetchrow(id) for id in ids]
        worlds = [WorldResponse(id=row[0], randomNumber=random_id()) for row in rows]
        await connection.execute(WRITE, ids, [world.randomNumber for world in worlds])
    return worlds


@app.get("/fortunes", response_class=HTMLResponse)
async def fortunes() -> str:
    rows = await app.state.pool.fetch(FORTUNES)
    return page([(row[0], row[1]) for row in rows])
