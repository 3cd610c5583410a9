"""The texts that the doors are fed: what they are made of, how each kind of door spells them, and how they are cut to size.

An alphabet is a row of units. Each unit fills an equal share of the room, one unit after the other, so that ("U+0301", "U+0316") is
a run of the first mark and then a run of the second, while ("U+0316 U+0301",) alternates. What is left of the room is filled with "a".

A carrier is the spelling of a text at a kind of door: JSON escapes, percent escapes, raw bytes. It says which alphabets the door
cannot carry; a door has no cases for those.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

# A lone surrogate stands for one byte that is not UTF-8, as Python's surrogateescape has it.
ILL_FORMED = ("\udcff", "\udce2\udc82", "\udced\udca0\udc80")


@dataclass(frozen=True)
class Alphabet:
    name: str
    units: tuple[str, ...]
    # What the text begins with: a letter for marks to stand on.
    prefix: str = ""
    # The carriers that this alphabet is written for, letter by letter as it stands here; empty: a text, for every carrier.
    verbatim: frozenset[str] = frozenset()


LETTERS = Alphabet("letters", ("abcdefghijklmnopqrstuvwxyz",))

ALPHABETS = (
    LETTERS,
    # Canonical reordering has to bring every mark of the second run before every mark of the first: the worst case.
    Alphabet("combining marks", ("\u0301", "\u0316"), prefix="e"),
    Alphabet("mixed marks", ("\u0316\u0301",), prefix="e"),
    Alphabet("Tibetan marks", ("\u0f74", "\u0f72", "\u0f71"), prefix="\u0f40"),
    Alphabet("scripts", ("aα\u0434\u05d0\u0639\u6f22",)),
    Alphabet("Hangul", ("\uac01\ud7a3\uac00", "\u1100\u1161\u11a8", "\u1100", "\uac00\u11a8")),
    Alphabet("emoji", ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea",
                       "\U0001f469\u200d", "\u200d", "\U0001f3fd")),
    Alphabet("Indic conjuncts", ("\u0915\u094d",)),
    # Characters that become two or three code points, and back.
    Alphabet("decomposing", ("é", "\ufb2c", "\u1f82", "e\u0301", "\u212b")),
    # What grows, shrinks or becomes several code points in the other case.
    Alphabet("case mapping", ("\u0130", "ß", "\u0149", "\u0390", "\u1e9e", "ΑΣ", "\ufb03")),
    Alphabet("digits", ("0123456789",)),
    Alphabet("spaces", (" ",)),
    Alphabet("commas", (",",)),
    Alphabet("quotes", ('"',)),
    Alphabet("backslashes", ("\\",)),
    # What separates the parts of addresses, dates, header fields and paths.
    Alphabet("separators", (".", ":", ";", "=", "@", "/", "-", "'", "&", ";a=", ":0")),
    Alphabet("percent signs", ("%",)),
    Alphabet("one letter", ("a",)),
    # What libmagic takes for the end of a line, each of them.
    Alphabet("line breaks", ("\n", "\r\n", "\t\n")),
    # Six times as long in JSON, and let in where NUL is not.
    Alphabet("one control", ("\x01",)),
    Alphabet("controls", ("\x00", "\x01\x1f\x7f", "\x85")),
    Alphabet("not UTF-8", ILL_FORMED),
    Alphabet("surrogate escapes", (r"\ud83d\ude00",), verbatim=frozenset({"json", "elements"})),
    Alphabet("mark escapes", (r"\u0301", r"\u0316"), prefix="e", verbatim=frozenset({"json", "elements"})),
    Alphabet("empty elements", ('","',), verbatim=frozenset({"elements"})),
    Alphabet("percent marks", ("%CC%81", "%CC%96"), prefix="e", verbatim=frozenset({"form"})),
    Alphabet("broken escapes", ("%", "%c", "%%41"), verbatim=frozenset({"form", "percent"})),
    Alphabet("pluses", ("+",), verbatim=frozenset({"form", "percent"})),
)


@dataclass(frozen=True)
class Carrier:
    """`spell` gives the bytes of a unit; None where the door cannot carry it."""

    name: str
    spell: Callable[[str], bytes | None]


def raw_bytes(unit: str) -> bytes:
    return unit.encode("utf-8", "surrogateescape")


def _json(unit: str) -> bytes:
    return b"".join(raw_bytes(one if "\udc80" <= one <= "\udcff" else json.dumps(one, ensure_ascii=False)[1:-1]) for one in unit)


def _elements(unit: str) -> bytes:
    """An element of an array of strings, with the end of the one before it."""
    return b'","' + _json(unit)


def _percent(unit: str) -> bytes:
    return urllib.parse.quote_from_bytes(raw_bytes(unit), safe="").encode()


def _form(unit: str) -> bytes:
    """The least that a form must escape: all else may stand in it as it is."""
    spelled = raw_bytes(unit)
    for special in b"%&+=":
        spelled = spelled.replace(bytes([special]), b"%%%02X" % special)
    return spelled


def _field(unit: str) -> bytes | None:
    """A header field's value: anything but controls, obs-text too (RFC 9110 5.5)."""
    spelled = raw_bytes(unit)
    return None if any(byte < 0x20 or byte == 0x7F for byte in spelled) else spelled


def _quoted(unit: str) -> bytes | None:
    """Inside quotation marks in a header field's value."""
    spelled = _field(unit)
    return spelled if spelled is None else spelled.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _visible(unit: str) -> bytes | None:
    """Visible ASCII, what tokens of logins and keys are made of."""
    return unit.encode() if all("!" <= character <= "~" for character in unit) else None


def _token(unit: str) -> bytes | None:
    """A token (RFC 9110 5.6.2), what methods and field names are made of."""
    return unit.encode() if unit.isascii() and all(one.isalnum() or one in "!#$%&'*+-.^_`|~" for one in unit) else None


def _digits(unit: str) -> bytes | None:
    """A number without quotation marks: letters are ones, digits are themselves, and nothing else can be spelled."""
    if unit.isascii() and unit.isalpha():
        return b"1" * len(unit)
    return unit.encode() if unit.isascii() and unit.isdigit() else None


JSON = Carrier("json", _json)
ELEMENTS = Carrier("elements", _elements)
PERCENT = Carrier("percent", _percent)
FORM = Carrier("form", _form)
FIELD = Carrier("field", _field)
QUOTED = Carrier("quoted", _quoted)
VISIBLE = Carrier("visible", _visible)
TOKEN = Carrier("token", _token)
DIGITS = Carrier("digits", _digits)
RAW = Carrier("raw", raw_bytes)


def fill(alphabet: Alphabet, carrier: Carrier, room: int, counts_text: bool = False) -> bytes | None:
    """A text of `alphabet` as `carrier` spells it, exactly `room` bytes long; None where the door cannot carry it.

    With `counts_text` the room is that of the text itself, before it is spelled: the length that a field's rule counts.
    """
    if alphabet.verbatim and carrier.name not in alphabet.verbatim:
        return None
    spell = str.encode if alphabet.verbatim else carrier.spell
    units, sizes = [], []
    for unit in alphabet.units:
        spelled = spell(unit)
        # Some units of an alphabet, such as some separators, may be more than a door can carry.
        if spelled is not None:
            units.append(spelled)
            sizes.append(len(raw_bytes(unit) if counts_text else spelled))
    prefix, filler = spell(alphabet.prefix) if alphabet.prefix else b"", carrier.spell("a")
    if not units or prefix is None or filler is None:
        return None
    left = room - (len(raw_bytes(alphabet.prefix)) if counts_text else len(prefix))
    if left < min(sizes) and alphabet is not LETTERS:
        return None
    share = left // len(units)
    text = prefix
    for unit, size in zip(units, sizes):
        text += unit * (share // size)
        left -= share // size * size
    # Between the pieces of an element's spelling the filler must not begin another one.
    return text + (filler if len(filler) == 1 else b"a") * left
