"""Random values for requests: mostly ordinary, some at the edges of what is allowed, some past them."""

from __future__ import annotations

import random

# Letters whose case is no matter of ASCII, wildcards of LIKE, quotes of SQL, and what text columns find hard.
WORDS = ("report", "Milk", "BUY", "chair", "Émile", "éCLAIR", "ÄPFEL", "äpfel", "straße", "STRASSE", "İstanbul", "ılık", "ΣΊΣΥΦΟΣ",
         "σίσυφος", "Ёлка", "ёЛКА", "日本語", "e\u0301", "👩‍👩‍👧", "\u202eabc", "100%", "a_b", "!", "\\", "'; DROP TABLE users; --", '"',
         "a\tb", "a\nb", "\u00a0", "\u2028", "<b>", "%s", "${x}", "\ufeff", "\x7f", "\u0131", "\u017f", "\u212a")
SEARCHES = ("milk", "É", "émile", "äPFEL", "straSSE", "σ", "Σ", "ё", "İ", "i", "%", "_", "!", "100%", "a_b", "\\", "'", "日", "", " ",
            "K", "\u212a", "ſ", "e\u0301", "\u0000", "x" * 200, "x" * 201)
INTEGERS = ("0", "-1", "1", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.0",
            "1.5", "1e3", "1e400", "true", "null", '"7"', '" 7 "', '"7_0"', '"x"', "[]", "{}")
# Numbers that are no id: those of users differ from one database to the other, where a refused row may use one up.
NOBODY = tuple(one for one in INTEGERS if one not in ("1", "1.0", "1e3", "true", '"7"', '" 7 "', '"7_0"'))
PRICES = ("0", "0.01", "1", "19.99", "9.9", "0.1", "1e2", "1E-2", "9999999999.99", "10000000000", "1.005", "1.10", "-0.0", "-1",
          '"12.50"', '" 3.5 "', '"1e1"', "true", "null", '"abc"', "1e400", "1e-400", "0.10000000000000001", "12345678.91")
TIMES = ("2030-12-31T17:00:00Z", "2030-12-31T17:00:00.123456+02:00", "2030-02-29T00:00:00Z", "2032-02-29", "1999-12-31T23:59:60Z",
         "0001-01-01", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "tomorrow", "",
         "2030-06-01 12:00:00", "2030-06-01T12:00", "1969-12-31T23:59:59.999999Z")
PAGES = ("", "", "", "limit=5", "skip=1&limit=2", "skip=3", "limit=100", "limit=101", "limit=0", "skip=-1", "skip=2147483647",
         "skip=2147483648", "limit=abc", "limit=", "skip=1&skip=2", "limit=%35", "cursor=nonsense", "limit=3&unknown=1", "limit=+3",
         "limit=3.0")
PRICE_FILTERS = ("", "min_price=5", "max_price=50.5", "min_price=19.99&max_price=19.99", "min_price=9&max_price=1", "min_price=x",
                 "max_price=1e2", "min_price=0.001", "max_price=99999999999")
FILE_NAMES = ("note.txt", "Bericht für Ärzte.txt", "note.exe", "fake.png", "noextension", "a b.txt", "..%2Fx.txt", "x" * 300 + ".txt")
FILE_CONTENTS = (b"plain text\n", "Grüße".encode(), b"", b"\x00\x01\x02", b"a" * 65_536, b"a" * 65_537, b"MZ" + bytes(64))
# Where nothing is, or something else.
NO_PATHS = ("/nowhere", "/api/v1", "/tasks//1", "/users/1/posts", "/products", "/auth/login", "/tasks/%ff", "/tasks/%00", "/api/v2/tasks",
            "/TASKS", "/users/search/1")
# What is no JSON, and JSON that is no body.
BODIES = (b"{", b'{"title": "\\ud800"}', b'{"title": "\xff"}', b"[]", b"null", b'"text"', b"", b'{"title": "a", "title": "b"}',
          b'{"name": NaN}', b"[" * 2_000, b'{"title": "a"} trailing', b"\xef\xbb\xbf{}", b'{"title": "\x01"}', b'{"a": 01}')
MEDIA_TYPES = ("text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "application/merge-patch+json",
               "nonsense")


class Raw(str):
    """JSON as it stands: numbers that Python would write differently."""


class Values:
    def __init__(self, source: random.Random) -> None:
        self.random = source

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def text(self, maximum: int) -> str | Raw:
        """Usually a few words; now and then as long as allowed, longer, empty, or nothing that is text."""
        roll = self.random.random()
        if roll < 0.03:
            return self.pick(("x", "é", "👩")) * maximum
        if roll < 0.05:
            return self.pick(("x", "é")) * (maximum + 1)
        if roll < 0.07:
            return ""
        if roll < 0.09:
            return f"nul \u0000 {self.pick(WORDS)}"
        if roll < 0.12:
            return Raw(self.pick(INTEGERS))
        return " ".join(self.pick(WORDS) for _ in range(self.random.randint(1, 4)))[:maximum]

    def ordinary(self) -> str:
        return " ".join(self.pick(WORDS[:20]) for _ in range(self.random.randint(1, 3)))

    def price(self) -> Raw:
        return Raw(self.pick(PRICES) if self.chance(0.5) else f"{self.random.randint(0, 10_000)}.{self.random.randint(0, 99):02}")

    def time(self) -> str | Raw:
        return Raw(self.pick(INTEGERS)) if self.chance(0.1) else self.pick(TIMES)

    def some(self, members: dict, probability: float = 0.6) -> dict:
        """A part of them; each is a function that makes the value."""
        return {name: make() for name, make in members.items() if self.chance(probability)}
