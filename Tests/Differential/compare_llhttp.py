#!/usr/bin/env python3
"""Compares our HTTP parser with llhttp (PyPI's httptools) on the same bytes.

    compare_llhttp.py --probe PATH --cases N [--seed N]

PATH is HTTPParserProbe. Each case is what one connection sends: requests from Tests/Fixtures/malformed.jsonl and from a
grammar, mostly damaged. A case fails when ours takes a request that llhttp rejects, or when both take one and do not
mean the same: method, target, header fields, body, or where the next request begins. Two parsers that read the same
bytes differently, one behind the other, are what request smuggling is made of. Ours refusing what llhttp takes is fine,
and counted. The last line is `N passed, N failed`; a failure comes with the input in hexadecimal.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import struct
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httptools

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures" / "malformed.jsonl"
BATCH = 10_000
SHOWN = 20


# ---------------------------------------------------------------------------------------------------------------- ours

@dataclass(slots=True)
class Request:
    """A request whose head was accepted, by either parser."""

    method: bytes
    minor_version: int
    is_keep_alive: bool
    is_whole: bool
    target: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes
    is_upgrade: bool = False


@dataclass(slots=True)
class Verdict:
    """`complete`, `more`, `closed`, or the status that the input is refused with."""

    ending: str
    requests: list[Request]

    @property
    def is_refused(self) -> bool:
        return self.ending.isdigit()


def from_base64(text: str) -> bytes:
    return b"" if text == "-" else base64.b64decode(text)


def parse_verdict(line: str) -> Verdict:
    ending, *words = line.split(" ")
    requests = []
    for at in range(0, len(words), 7):
        method, minor, keeps, whole, target, fields, body = words[at:at + 7]
        pairs = [tuple(one.split(b": ", 1)) for one in from_base64(fields).split(b"\n")[:-1]]
        requests.append(Request(method.encode(), int(minor), keeps == "1", whole == "1", from_base64(target), pairs, from_base64(body)))
    return Verdict(ending, requests)


def probe(path: str, cases: list[bytes]) -> list[Verdict | str]:
    """Our verdicts; in the place of one that the probe did not survive, what it said at its end."""
    packed = b"".join(struct.pack(">I", len(case)) + case for case in cases)
    run = subprocess.run([path], input=packed, capture_output=True, check=False)
    lines = run.stdout.decode().splitlines()
    if run.returncode == 0 and len(lines) == len(cases):
        return [parse_verdict(line) for line in lines]
    if len(cases) == 1:
        return [f"the probe ended with status {run.returncode}: {run.stderr.decode(errors='replace')[-300:].strip()}"]
    middle = len(cases) // 2
    return probe(path, cases[:middle]) + probe(path, cases[middle:])


# -------------------------------------------------------------------------------------------------------------- llhttp

class Llhttp:
    """One run of llhttp over an input. Its callbacks come before it knows whether the rest of the message is good: a
    message counts as taken only where `on_message_complete` came, and its head only where `on_headers_complete` did."""

    def __init__(self, data: bytes) -> None:
        self.requests: list[Request] = []
        self.error: str | None = None
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._is_in_head = True
        self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.error = "upgrade"
        except httptools.HttpParserError as error:
            self.error = str(error)

    def on_message_begin(self) -> None:
        self._target, self._fields, self._is_in_head = b"", [], True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailer fields come through the same callback; ours drops them.
        if self._is_in_head:
            # llhttp leaves white space at a value's end; RFC 9112 5.1 does not count it to the value.
            self._fields.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        parser = self._parser
        self.requests.append(Request(
            parser.get_method(), int(parser.get_http_version()[-1]), parser.should_keep_alive(), False, self._target, self._fields, b"",
            parser.should_upgrade()))

    def on_body(self, body: bytes) -> None:
        self.requests[-1].body += body

    def on_message_complete(self) -> None:
        self.requests[-1].is_whole = True


# ---------------------------------------------------------------------------------------------------------- comparison

class Laxer(Exception):
    """Ours takes what llhttp does not, or takes it to mean something else."""


# Where the RFCs want a request taken that llhttp rejects: llhttp's reason, and what must stand in the bytes as well.
KNOWN_DIFFERENCES = {
    # RFC 9110 2.5: a higher minor version is processed as the highest known one. llhttp knows 0.9, 1.0, 1.1 and 2.0.
    "higher minor version": (re.compile("Invalid HTTP version"), re.compile(rb" HTTP/1\.[2-9]\r\n")),
}


def known_difference(reason: str | None, data: bytes) -> str | None:
    for name, (reasons, bytes_) in KNOWN_DIFFERENCES.items():
        if reason is not None and reasons.match(reason) and bytes_.search(data):
            return name
    return None


def compare(data: bytes, ours: Verdict, theirs: Llhttp) -> str:
    """What kind of agreement it is; raises Laxer where it is none."""
    for index, request in enumerate(ours.requests):
        other = theirs.requests[index] if index < len(theirs.requests) else None
        # A request that ours has begun and not taken: it may still refuse it, with the line or chunk that it waits for.
        if not request.is_whole and (other is None or not other.is_whole) and theirs.error not in (None, "upgrade"):
            return "both refuse" if ours.is_refused else "llhttp refuses earlier"
        if other is None:
            if name := known_difference(theirs.error, data):
                return f"known: {name}"
            raise Laxer(f"request {index} is no request to llhttp: {theirs.error or 'it waits for more'}")
        for what in ("method", "target", "fields"):
            if getattr(request, what) != getattr(other, what):
                raise Laxer(f"{what} of request {index}: {getattr(request, what)!r}, to llhttp {getattr(other, what)!r}")
        # Only 1.0 tells the versions apart: higher minor ones are read as 1.1.
        if (request.minor_version == 0) != (other.minor_version == 0):
            raise Laxer(f"version of request {index}: 1.{request.minor_version}, to llhttp 1.{other.minor_version}")
        # llhttp stops at a request for another protocol and skips its body. Ours upgrades nothing and reads on, as RFC 9110
        # 7.8 lets a server do: the rest cannot be compared.
        if other.is_upgrade:
            return "llhttp pauses at an upgrade"
        if not request.is_whole:
            break
        if not other.is_whole:
            if name := known_difference(theirs.error, data):
                return f"known: {name}"
            raise Laxer(f"request {index} is whole, to llhttp it is not: {theirs.error or 'it waits for more'}")
        if request.body != other.body:
            raise Laxer(f"body of request {index}: {request.body!r}, to llhttp {other.body!r}")
        if request.is_keep_alive and not other.is_keep_alive:
            # RFC 9112 C.2.2: Proxy-Connection was never a standard, and a server ignores it. llhttp takes it for Connection.
            if any(name.lower() == b"proxy-connection" for name, _ in request.fields):
                return "known: Proxy-Connection"
            raise Laxer(f"after request {index} ours goes on, llhttp ends the connection")
        # Nothing is read behind a request that ends the connection. llhttp goes on where HTTP/1.0 says both `close` and
        # `keep-alive`, and calls it an error where more bytes follow otherwise.
        if not request.is_keep_alive:
            return "both accept" if not other.is_keep_alive else "stricter: ours ends the connection"

    taken = sum(request.is_whole for request in ours.requests)
    taken_by_llhttp = sum(request.is_whole for request in theirs.requests)
    if taken_by_llhttp > taken:
        if ours.is_refused:
            return f"stricter: {ours.ending}"
        raise Laxer(f"llhttp takes {taken_by_llhttp} requests where ours takes {taken} and waits")
    if ours.is_refused:
        # llhttp says nothing of input that is not whole: it may wait for bytes of what ours has refused.
        return "both refuse" if theirs.error else f"stricter: {ours.ending}"
    if theirs.error not in (None, "upgrade"):
        return "llhttp refuses earlier" if ours.ending == "more" else unexplained(theirs.error)
    partial, partial_by_llhttp = (one[-1] if one and not one[-1].is_whole else None for one in (ours.requests, theirs.requests))
    if partial and partial_by_llhttp and partial.body != partial_by_llhttp.body:
        raise Laxer(f"body so far: {partial.body!r}, to llhttp {partial_by_llhttp.body!r}")
    return "both accept" if ours.ending == "complete" else "both wait"


def unexplained(reason: str) -> str:
    raise Laxer(f"ours is content, llhttp is not: {reason}")


# --------------------------------------------------------------------------------------------------------------- cases

METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"]
ODD_METHODS = [b"CONNECT", b"BREW", b"PRI", b"PROPFIND", b"SOURCE", b"get", b"GETT", b"G ET", b"", b"M-SEARCH", b"QUERY"]
TARGETS = [b"/", b"/a/b?c=d", b"/%41%7e?x=%20", b"/a;b=c,d"]
ODD_TARGETS = [
    b"*", b"http://a/b?c#d", b"http://a", b"http://a?b", b"HTTP://[::1]:80/", b"https://a:1/?", b"http://u@a/", b"http:///", b"a:80", b"a", b"//a", b"/?",
    b"/%", b"/%zz", b"/a|b?[]{}|^`\\", b"/\xc3\xa9", b"/a\\b", b"/\"<>", b"?", b"#", b"/#a", b"http:/a", b"/a b", b"", b"http://a:b/", b"/\x7f",
]
ODD_VERSIONS = [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.", b"HTTP/1.11", b"http/1.1", b"HTTP/01.1", b"HTTP 1.1", b"RTSP/1.0", b""]
FIELDS = [b"Accept: */*", b"X-A:", b"x-b: \t y z \t ", b"Cookie: a=\"b\"; c=d", b"User-Agent: x/1 (y; z)", b"Accept: text/html", b"If-None-Match: \"a\""]
ODD_FIELDS = [
    b"Connection: close", b"Connection: keep-alive", b"Connection: x, Close", b"Connection: close, keep-alive", b"connection:\tclose\t", b"Connection: closed",
    b"Connection:", b"Connection: ,close", b"Connection: close;", b"Connection: keep-alive\r\nConnection: close", b"Proxy-Connection: close",
    b"Connection: Upgrade\r\nUpgrade: websocket", b"Upgrade: h2c", b"Connection: upgrade", b"Expect: 100-continue", b"Expect: x", b"Host: b", b"Host:",
    b"X : y", b"X\t: y", b" X: y", b": y", b"X", b"X: \x00", b"X: \x7f", b"X: \xff\x80", b"X: a\rb", b"X: a\nY: b", b"X: a\r\n b", b"X: a\r", b"X\x80: y",
    b"X(: y", b"X: \x0b", b"TE: trailers", b"Trailer: X", b"Keep-Alive: 5",
]
HOSTS = [b"Host: a", b"Host: a", b"Host: a", b"host:a:80", b"HOST: [::1]"]
ODD_HOSTS = [b"", b"Host:", b"Host: a b", b"Host: a\r\nHost: a", b"Host : a", b"Host: a%", b"Host: a/b", b"Host: \xc3\xa9", b"Host: [", b"Host: a:b", b"Host: u@a"]
ODD_FRAMING = [
    b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5, 5", b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 0x5", b"Content-Length: 5 ",
    b"Content-Length: 5\t", b"Content-Length:\t 5", b"Content-Length: 005", b"Content-Length: 5 5", b"Content-Length:", b"Content-Length: 4", b"Content-Length: 6",
    b"Content-Length: 18446744073709551621", b"Content-Length: 9223372036854775813", b"Content-Length : 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Transfer-Encoding: chunked\t", b"Transfer-Encoding: chunked ", b"Transfer-Encoding:chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx",
    b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked;a=b", b"Transfer-Encoding:",
    b"Transfer-Encoding : chunked", b"Transfer_Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: \x0bchunked",
]
SIZES = [b"3", b"3", b"03", b"0003"]
ODD_SIZES = [b"0x3", b"-3", b"+3", b" 3", b"3 ", b"3\t", b"2", b"4", b"", b"g", b"3_", b"10000000000000003", b"ffffffffffffffff", b"8000000000000000", b"0" * 17 + b"3", b"3\x00"]
EXTENSIONS = [b"", b"", b"", b";a", b";a=b", b";a=\"b;\\\"c\"", b";a;b=c"]
ODD_EXTENSIONS = [
    b" ;a", b"; a", b";a = b", b";a= \"b\"", b";", b";;", b";a=", b";=b", b";a=b=c", b";a b", b";a=\"b", b";a=\"b\"c", b";a=\"\\", b";a=\x00", b";a=\"\x7f\"", b";a=\"\\\x7f\"",
    b";\xff", b";a=\"\xff\"", b";a\rb", b";a\nb", b";a=\"\n\"", b";a=\"\r\n\"", b" ", b";a ", b"\x0b;a", b";a=\"\t\"",
]
TRAILERS = [b"", b"", b"", b"X-T: 1\r\n", b"X-T: 1\r\nY:\r\n"]
ODD_TRAILERS = [b"X : y\r\n", b" x\r\n", b"X: a\r\n b\r\n", b"Host: a\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X: a\n", b"\n", b"X: \x00\r\n", b"X\r\n", b"Connection: close\r\n"]
LINE_ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b"", b" \r\n", b"\x00\r\n"]
INSERTED = [b"\r", b"\n", b"\r\n", b"\x00", b" ", b"\t", b":", b",", b";", b"\"", b"\x7f", b"\xff", b"\x0b", b"0", b"-", b"\r\n\r\n", b"%", b"/"]


@dataclass
class Generator:
    seed: int
    seeds: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        for line in FIXTURES.read_text(encoding="utf-8").splitlines():
            raw = base64.b64decode(json.loads(line)["raw_b64"]).replace(b"@PATH@", b"/upload").replace(b"@HOST@", b"localhost")
            # The few very long ones would take most of the time; sizes are the unit tests' business.
            if len(raw) <= 2_048:
                self.seeds.append(raw)

    def case(self) -> bytes:
        chance = self.random.random
        if chance() < 0.3:
            data = self.random.choice(self.seeds)
        else:
            data = b"".join(self.request() for _ in range(1 + (chance() < 0.4) + (chance() < 0.2)))
        # A case without damage beyond the grammar's own is the one that gets furthest.
        while chance() < 0.4:
            data = self.damaged(data)
        # What a parser takes for the next request shows best when there is one.
        return data + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n" if chance() < 0.3 else data

    def pick(self, good: list[bytes], odd: list[bytes], odds: float = 0.06) -> bytes:
        return self.random.choice(odd if self.random.random() < odds else good)

    def request(self) -> bytes:
        chance = self.random.random
        lines = [b" ".join([self.pick(METHODS, ODD_METHODS), self.pick(TARGETS, ODD_TARGETS, 0.2), self.pick([b"HTTP/1.1"], ODD_VERSIONS, 0.1)])]
        lines.append(self.pick(HOSTS, ODD_HOSTS))
        while chance() < 0.5:
            lines.append(self.pick(FIELDS, ODD_FIELDS, 0.3))
        kind, body = chance(), b""
        if kind < 0.25:
            lines.append(b"Content-Length: 5")
            body = b"hello"
        elif kind < 0.5:
            lines.append(b"Transfer-Encoding: chunked")
            body = self.chunks()
        elif kind < 0.65:
            lines.append(self.random.choice(ODD_FRAMING))
            body = b"hello" if chance() < 0.5 else self.chunks()
        if chance() < 0.3:
            fields = lines[1:]
            self.random.shuffle(fields)
            lines[1:] = fields
        head = b"".join(line + (b"\r\n" if chance() > 0.01 else self.random.choice(LINE_ENDS)) for line in lines if line)
        return head + (b"\r\n" if chance() > 0.02 else self.random.choice(LINE_ENDS)) + body

    def chunks(self) -> bytes:
        chance, end, parts = self.random.random, b"\r\n", []
        while chance() < 0.6:
            parts += [self.pick(SIZES, ODD_SIZES), self.pick(EXTENSIONS, ODD_EXTENSIONS, 0.15), end, b"abc", end if chance() > 0.02 else self.random.choice(LINE_ENDS)]
        parts += [b"0" if chance() > 0.05 else b"000", self.pick(EXTENSIONS, ODD_EXTENSIONS), end, self.pick(TRAILERS, ODD_TRAILERS, 0.1), end]
        return b"".join(parts)

    def damaged(self, data: bytes) -> bytes:
        pick = self.random.randrange
        if not data:
            return self.random.choice(INSERTED)
        at = pick(len(data))
        end = min(len(data), at + 1 + pick(64 if pick(4) == 0 else 4))
        match pick(8):
            case 0:
                return data[:at] + bytes([data[at] ^ 1 << pick(8)]) + data[at + 1:]
            case 1:
                return data[:at] + bytes([pick(256)]) + data[at + 1:]
            case 2:
                return data[:at] + data[end:]
            case 3:
                return data[:end] + data[at:]
            case 4 | 5:
                return data[:at] + self.random.choice(INSERTED) + data[at:]
            case 6:
                other = self.random.choice(self.seeds)
                return data[:at] + other[pick(len(other)):]
            case _:
                # Between lines is where it matters most.
                lines = data.split(b"\r\n")
                line = pick(len(lines))
                return b"\r\n".join(lines[:line] + [self.random.choice(ODD_FIELDS + ODD_FRAMING)] + lines[line:])


# ----------------------------------------------------------------------------------------------------------------- run

def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probe", required=True, help="the program HTTPParserProbe")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=9112, help="the same seed makes the same cases (default %(default)s)")
    options = parser.parse_args()

    began = time.monotonic()
    generator = Generator(options.seed)
    sizes = [min(BATCH, options.cases - at) for at in range(0, options.cases, BATCH)]
    kinds: Counter[str] = Counter()
    failures = 0

    def fail(data: bytes, reason: str) -> None:
        nonlocal failures
        failures += 1
        if failures <= SHOWN:
            print(f"LAXER {reason}\n      {data!r}\n      {data.hex()}")

    # While one batch is compared here, the probe reads the next.
    with ThreadPoolExecutor(1) as pool:
        def begin(size: int):
            cases = [generator.case() for _ in range(size)]
            return cases, pool.submit(probe, options.probe, cases)

        following = begin(sizes[0]) if sizes else None
        for index in range(len(sizes)):
            cases, verdicts = following
            following = begin(sizes[index + 1]) if index + 1 < len(sizes) else None
            for data, ours in zip(cases, verdicts.result(), strict=True):
                if isinstance(ours, str):
                    fail(data, ours)
                    continue
                try:
                    kinds[compare(data, ours, Llhttp(data))] += 1
                except Laxer as laxer:
                    fail(data, str(laxer))

    for kind, count in sorted(kinds.items(), key=lambda item: -item[1]):
        print(f"{count:9d}  {kind}")
    passed = sum(kinds.values())
    # Two parsers that refuse everything agree, and prove nothing.
    if kinds["both accept"] * 10 < options.cases or not options.cases:
        print("too few cases that both accept")
        failures += 1
    print(f"seed {options.seed}, {time.monotonic() - began:.1f} s")
    print(f"{passed} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
