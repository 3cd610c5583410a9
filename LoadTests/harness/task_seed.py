"""A database that grows: accounts and tasks made by SQL, a hundred thousand a second, in both dialects.

One task of a hundred belongs to one busy owner (of the first thousand, one of five), spread over the whole table as if it had been
made over the years; the others to ordinary owners, who have ten each. Words, states and dates come by chance; a few words stand in the
busy owner's first tasks only.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

from services import Postgres

BATCH = 200_000
BUSY, FIRST_ORDINARY = 1, 2
BUSY_CONDITION = "n % 100 = 1 OR (n <= 1000 AND n % 5 = 1)"
# Ordinary owners who ask, of those that came last, and tasks that are asked for.
SAMPLE = 500
RARE_WORDS = [f"zeppelin{number}" for number in range(5)]
COMMON_WORD = "report"
WORDS = (COMMON_WORD, "invoice", "meeting", "release", "garden", "contract", "holiday", "repair")
VERBS = ("Write the", "Send the", "Plan the", "Check the", "Discuss the", "Finish the", "Archive the", "Sign the")
SENTENCE = "What is agreed so far, who waits for it, and what has to be asked before it can be done"


class TaskDatabase(Protocol):
    """What the measurement needs of a database."""

    url: str
    pid: int | None

    def grow(self, old: int, new: int) -> None:
        """Adds the tasks from number old + 1 up to number new, and their owners."""

    def remove_after(self, task_id: int) -> None:
        """Removes what a measurement has made."""

    def last_task(self) -> int: ...

    def busy_tasks(self) -> list[int]:
        """Some of the busy owner's, the first one made first."""

    def sessions(self) -> list[tuple[int, str]]:
        """Ordinary owners and a session of each."""

    def settle(self) -> None:
        """What the database does by itself sooner or later."""

    def size_bytes(self) -> int: ...


def owners(tasks: int) -> int:
    """How many ordinary owners there are."""
    return (tasks - 190 - tasks // 100) // 10 if tasks else 0


def spread(first: int, last: int) -> str:
    """A condition on n that some numbers meet, spread evenly from first to last - 1."""
    return f"(n - {first}) % {max(1, (last - first) // SAMPLE)} = 0"


class PostgresTasks:
    def __init__(self, server: Postgres) -> None:
        self.server, self.url, self.pid = server, server.socket_url, server.pid

    def grow(self, old: int, new: int) -> None:
        run = self.server.sql
        first, last = owners(old) + FIRST_ORDINARY, owners(new) + FIRST_ORDINARY
        run(f"INSERT INTO users (id, email, username) SELECT n, 'user' || n || '@example.com', 'user' || n "
            f"FROM generate_series({first}, {last - 1}) AS n; SELECT setval('users_id_seq', {last})")
        run(f"INSERT INTO sessions (id, user_id, expires_at) SELECT gen_random_uuid(), n, now() + interval '1 day' "
            f"FROM generate_series({first}, {last - 1}) AS n WHERE {spread(first, last)}")
        # Tasks come one by one, and not in transactions that change one counter a thousand times: the busy owner's begin anew afterwards.
        run("DELETE FROM task_counts")
        # Indexes are made faster than they are extended.
        later = run("SELECT indexdef || ';' FROM pg_indexes WHERE tablename = 'tasks' AND indexname <> 'tasks_pkey'") if new - old > BATCH else ""
        if later:
            run("DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexname FROM pg_indexes WHERE tablename = 'tasks' "
                "AND indexname <> 'tasks_pkey' LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$")
        words, verbs = (", ".join(f"'{word}'" for word in list) for list in (WORDS, VERBS))
        rare = ", ".join(f"'{word}'" for word in RARE_WORDS)
        for start in range(old, new, BATCH):
            run(f"""
                SELECT setseed({start / 1e9});
                INSERT INTO tasks (title, description, priority, status, due_date, owner_id, created_at, updated_at)
                SELECT (ARRAY[{verbs}])[1 + floor(random() * {len(VERBS)})::int] || ' ' ||
                        CASE WHEN n % 100 = 1 AND n <= {len(RARE_WORDS) * 100} THEN (ARRAY[{rare}])[1 + n / 100]
                            ELSE (ARRAY[{words}])[1 + floor(random() * {len(WORDS)})::int] END || ' ' || n,
                    CASE WHEN random() < 0.5 THEN '{SENTENCE}' END,
                    (ARRAY['low', 'medium', 'medium', 'high', 'urgent'])[1 + floor(random() * 5)::int],
                    (ARRAY['pending', 'in_progress', 'completed', 'completed', 'completed', 'cancelled'])[1 + floor(random() * 6)::int],
                    CASE WHEN random() < 0.3 THEN now() + (random() - 0.2) * interval '100 days' END,
                    CASE WHEN {BUSY_CONDITION} THEN {BUSY} ELSE {first} + floor(random() * {last - first})::int END,
                    now(), now()
                FROM generate_series({start + 1}, {min(start + BATCH, new)}) AS n""")
        if later:
            run(later)
        self.settle()

    def settle(self) -> None:
        self.server.sql("VACUUM (ANALYZE)")

    def remove_after(self, task_id: int) -> None:
        self.server.sql(f"DELETE FROM tasks WHERE id > {task_id}")
        self.settle()

    def last_task(self) -> int:
        return int(self.server.sql("SELECT COALESCE(max(id), 0) FROM tasks"))

    def busy_tasks(self) -> list[int]:
        text = self.server.sql(f"SELECT id FROM tasks WHERE owner_id = {BUSY} ORDER BY random() LIMIT {SAMPLE}")
        return sorted(int(line) for line in text.splitlines())

    def sessions(self) -> list[tuple[int, str]]:
        rows = self.server.sql(f"SELECT user_id, id FROM sessions WHERE user_id >= {FIRST_ORDINARY} ORDER BY user_id DESC LIMIT {SAMPLE}").splitlines()
        return [(int(user), session) for user, _, session in (row.partition("|") for row in rows)]

    def size_bytes(self) -> int:
        return int(self.server.sql("SELECT pg_database_size(current_database())"))


class SQLiteTasks:
    pid = None

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reactor.db"
        self.url = f"sqlite:{self.path}"

    def run(self, text: str) -> list[tuple]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = off")
            return connection.execute(text).fetchall()
        finally:
            connection.close()

    def grow(self, old: int, new: int) -> None:
        first, last = owners(old) + FIRST_ORDINARY, owners(new) + FIRST_ORDINARY

        def numbers(start: int, end: int) -> str:
            return f"WITH RECURSIVE numbers (n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM numbers WHERE n < {end}) "

        def one_of(words: tuple[str, ...]) -> str:
            return f"CASE abs(random()) % {len(words)} " + " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words)) + " END"

        self.run(numbers(first, last - 1) + "INSERT INTO users (id, email, username) SELECT n, 'user' || n || '@example.com', 'user' || n FROM numbers")
        self.run(numbers(first, last - 1) + f"""
                INSERT INTO sessions (id, user_id, expires_at)
                SELECT lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21, 12)),
                    n, strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 day')
                FROM (SELECT n, hex(randomblob(16)) AS h FROM numbers WHERE {spread(first, last)})""")
        rare = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(RARE_WORDS))
        states = ("pending", "in_progress", "completed", "completed", "completed", "cancelled")
        for start in range(old, new, BATCH):
            self.run(numbers(start + 1, min(start + BATCH, new)) + f"""
                INSERT INTO tasks (title, description, priority, status, due_date, owner_id)
                SELECT {one_of(VERBS)} || ' ' ||
                        CASE WHEN n % 100 = 1 AND n <= {len(RARE_WORDS) * 100} THEN CASE n / 100 {rare} END ELSE {one_of(WORDS)} END || ' ' || n,
                    CASE WHEN random() > 0 THEN '{SENTENCE}' END, {one_of(("low", "medium", "medium", "high", "urgent"))}, {one_of(states)},
                    CASE abs(random()) % 10 WHEN 0 THEN strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 day')
                        WHEN 1 THEN strftime('%Y-%m-%d %H:%M:%f000', 'now', '+9 days') END,
                    CASE WHEN {BUSY_CONDITION} THEN {BUSY} ELSE {first} + abs(random()) % {last - first} END
                FROM numbers""")
        self.settle()

    def settle(self) -> None:
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def remove_after(self, task_id: int) -> None:
        self.run(f"DELETE FROM tasks WHERE id > {task_id}")
        self.settle()

    def last_task(self) -> int:
        return self.run("SELECT COALESCE(max(id), 0) FROM tasks")[0][0]

    def busy_tasks(self) -> list[int]:
        return sorted(row[0] for row in self.run(f"SELECT id FROM tasks WHERE owner_id = {BUSY} ORDER BY random() LIMIT {SAMPLE}"))

    def sessions(self) -> list[tuple[int, str]]:
        return self.run(f"SELECT user_id, id FROM sessions WHERE user_id >= {FIRST_ORDINARY} ORDER BY user_id DESC LIMIT {SAMPLE}")

    def size_bytes(self) -> int:
        return self.path.stat().st_size
