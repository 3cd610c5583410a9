"""FastAPI on SQLAlchemy's ORM over asyncpg, the way most FastAPI applications are written: a session for each request.

DATABASE_URL names the database; without one /plaintext and /json are all there is.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Annotated

from basics import Count, WorldResponse, add_basics, page, random_id
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from sqlalchemy import String, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class World(Base):
    __tablename__ = "world"
    id: Mapped[int] = mapped_column(primary_key=True)
    randomnumber: Mapped[int]


class Fortune(Base):
    __tablename__ = "fortune"
    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str] = mapped_column(String(2048))


size = int(os.environ.get("DB_CONNECTIONS", "16"))
url = make_url(os.environ.get("DATABASE_URL", "postgresql://")).set(drivername="postgresql+asyncpg")
engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_pre_ping=False)
sessions = async_sessionmaker(engine, expire_on_commit=False)

app = FastAPI()
add_basics(app)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


def answer(world: World) -> WorldResponse:
    return WorldResponse(id=world.id, randomNumber=world.randomnumber)


@app.get("/db")
async def db(session: Session) -> WorldResponse:
    return answer(await session.get_one(World, random_id()))


@app.get("/queries")
async def queries(count: Count, session: Session) -> list[WorldResponse]:
    return [answer(await session.get_one(World, random_id())) for _ in range(count)]


@app.get("/updates")
async def updates(count: Count, session: Session) -> list[WorldResponse]:
    ids: set[int] = set()
    while len(ids) < count:
        ids.add(random_id())
    # In the order of their ids, so that two requests never wait for each other's rows in a circle.
    worlds = [await session.get_one(World, id) for id in sorted(ids)]
    for world in worlds:
        world.randomnumber = random_id()
    await session.commit()
    return [answer(world) for world in worlds]


@app.get("/fortunes", response_class=HTMLResponse)
async def fortunes(session: Session) -> str:
    rows = await session.execute(select(Fortune.id, Fortune.message))
    return page([(id, message) for id, message in rows])
