"""The rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check; prints `path:line: fault` for each breach.

Layers: nothing imports upward, only Reactor touches C and unsafe memory, pure files do not suspend, services know no
HTTP, SQL stands in repositories. Text from outside is a Text, and becomes a String where a comment says why. Files: one idea, at most 400 lines, nothing left undone, an opening comment. The
repository: nothing built is tracked, and the documents name only commands and files that exist.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MAX_LINES = 400
C_MODULES = r"C(?:Libuv|Libpq|Hiredis|SQLite|Argon2|Crypt|OpenSSL|Curl|Magic)"
MAY_IMPORT = {"Reactor": {"Reactor"}, "Actors": {"Reactor", "Actors"}, "App": {"Reactor", "Actors", "App"}}
OUR_MODULES = {"Reactor", "Actors", "App", "TestSupport"}
IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:public |internal |package |fileprivate |private )?import (?:\w+ )?(\w+)")
UNSAFE = re.compile(r"\b(?:Unsafe\w*Pointer\w*|Unsafe\w+|OpaquePointer|withUnsafe\w+)\b")
PURE = re.compile(r"(?:State|Parser)(?:\+\w+)?\.swift$|^(?:TokenBucket|LRU)\w*\.swift$")
UNCHECKED = re.compile(r"@unchecked Sendable|nonisolated\(unsafe\)")
# Spelt in two halves, so that this file passes its own check.
UNDONE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b|not (?:yet )?imple" r"mented|fatalError\(\"[Uu]nimpl" r"emented")
COMMENT_WINDOW = 14
# Text from outside is a Text: the compiler refuses to compare, hash, search or fold it as a String. What is left to look for is how
# one becomes the other.
TEXT_EXIT = re.compile(r"\bswiftString\b")
TEXT_COMMENT_WINDOW = 3
STRING_OF_BYTES = re.compile(
    r"\bString\((?:decoding|validating|cString|bytes|reflecting):|\bSubstring\(|\bString\(String\.UnicodeScalarView|"
    r"\bString\([^()]*\.(?:utf8|unicodeScalars)(?:\)|\[|\.(?!count\b))|\.map\(String\.init\)|\bdebugDescription\b")
# An error may hold a text: its description goes to a log, escaped, and nowhere else.
DESCRIPTION = re.compile(r"(?<!escaped\()\bString\(describing:(?! Self\.self)")
STRING_COLUMN = re.compile(r"\brow\.(?:string|optionalString)\(")
# Where bytes and columns are the operator's, or the program's own.
OPERATORS_OWN = {"Boot", "Migrations", "Operations", "TracingSettings.swift", "PHCString.swift", "BcryptHash.swift"}
TEXT_ITSELF = {"Text.swift", "Text+Case.swift", "Text+Search.swift", "String+ASCII.swift", "UTF8Repair.swift"}
MEETS_CLIENTS = {("Reactor", "HTTP"), ("Reactor", "Security")}

faults: list[str] = []


def fault(path: Path | str, line: int, text: str) -> None:
    faults.append(f"{path}:{line}: {text}")


def without_comments_and_strings(text: str) -> list[str]:
    """The code alone, line by line: what a rule about code may look at."""
    def blank(match: re.Match) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    pattern = r'"""(?:\\.|[^\\])*?"""|#"(?:[^"]|"(?!#))*"#|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, blank, text, flags=re.DOTALL).split("\n")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], check=True, capture_output=True)
    return [Path(name) for name in listed.stdout.decode().split("\0") if name and Path(name).is_file()]


def check_swift(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines, code = text.split("\n"), without_comments_and_strings(text)
    in_sources = path.parts[0] == "Sources"
    layer = path.parts[1] if in_sources and len(path.parts) > 2 else None

    for number, line in enumerate(code, 1):
        if match := IMPORT.match(line):
            module = match[1]
            if layer in MAY_IMPORT and module in OUR_MODULES and module not in MAY_IMPORT[layer]:
                fault(path, number, f"{layer} must not import {module}: it lies above")
            if layer != "Reactor" and re.fullmatch(C_MODULES, module):
                fault(path, number, f"only Reactor imports C modules, not {path.parts[0]}/{path.parts[1]} ({module})")
            if layer == "Reactor" and module in {"Foundation", "FoundationEssentials"}:
                fault(path, number, "Reactor does without Foundation")
        if layer != "Reactor" and path.parts[0] in {"Sources", "LoadTests"} and (match := UNSAFE.search(line)):
            fault(path, number, f"only Reactor spells {match[0]}")
        if in_sources and PURE.search(path.name) and re.search(r"\bawait\b", line):
            fault(path, number, "a pure file must not suspend")
        if in_sources and UNCHECKED.search(line):
            before = lines[max(0, number - COMMENT_WINDOW):number]
            if not any("SAFETY:" in one for one in before):
                fault(path, number, f"{UNCHECKED.search(line)[0]} without a comment // SAFETY: that says why it holds")

    if in_sources:
        check_text(path, lines, code)
    if layer == "App":
        check_feature(path, code)
    if in_sources or path.parts[0] == "LoadTests":
        if len(lines) - 1 > MAX_LINES:
            fault(path, len(lines) - 1, f"{len(lines) - 1} lines; at most {MAX_LINES}: which second idea is inside?")
        if not lines[0].startswith("//"):
            fault(path, 1, "a file opens with a comment: what it is, what it owns, which thread it lives on")


def check_text(path: Path, lines: list[str], code: list[str]) -> None:
    if path.parts[1:3] == ("Reactor", "Values") and path.name in TEXT_ITSELF:
        return
    is_operators = path.parts[2] in OPERATORS_OWN or path.name in OPERATORS_OWN
    meets_clients = not is_operators and (path.parts[1] in {"App", "Actors"} or path.parts[1:3] in MEETS_CLIENTS)
    for number, line in enumerate(code, 1):
        if TEXT_EXIT.search(line) and not any("TEXT:" in one for one in lines[max(0, number - 1 - TEXT_COMMENT_WINDOW):number]):
            fault(path, number, "swiftString without a comment // TEXT: that says why nothing compares, hashes or searches the result")
        if meets_clients and (match := STRING_OF_BYTES.search(line) or DESCRIPTION.search(line)):
            fault(path, number, f"{match[0]}...: bytes from outside become a Text, and bytes of the program's own String(ascii:)")
        if meets_clients and (match := STRING_COLUMN.search(line)):
            fault(path, number, f"{match[0]}...: a column that clients write is read by text(), a keyword by asciiString()")


def check_feature(path: Path, code: list[str]) -> None:
    for number, line in enumerate(code, 1):
        if path.name.endswith("Service.swift") and (match := re.search(r"\bHTTP(?:Request|Response|Status|Headers|Method)\b", line)):
            fault(path, number, f"a service knows no HTTP type ({match[0]})")
        if path.name.endswith(("Service.swift", "Routes.swift")) and re.search(r"\bSQLStatement\b", line):
            fault(path, number, "SQL stands in repositories and migrations")
        if path.name.endswith("Routes.swift") and "Boot" not in path.parts and (match := re.search(r"\b\w+Repository\b", line)):
            fault(path, number, f"routes call a service, not {match[0]}")


def check_leftovers(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if match := UNDONE.search(line):
            fault(path, number, f"left undone: {match[0]}")


def check_tracked(path: Path) -> None:
    if path.name == "Package.resolved" or any(part == ".build" or part.startswith((".build-", ".build_")) for part in path.parts):
        fault(path, 1, "built or resolved files are not tracked")


def check_documents(paths: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", Path("Makefile").read_text(), re.MULTILINE))
    commands = set()
    for path in Path("Sources/App").rglob("*.swift"):
        commands.update(re.findall(r'commandName:\s*"([a-z-]+)"', path.read_text(encoding="utf-8")))
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            # Commands stand in `backquotes` or open a line of a code block; prose that says "make sure" is neither.
            spelt = " ".join(re.findall(r"`([^`]*)`", line)) if "`" in line else line if line.startswith(("make ", "reactor ")) else ""
            for target in re.findall(r"(?<![\w-])make ([a-z]+(?:-[a-z]+)*)", spelt):
                if target not in targets:
                    fault(path, number, f"the Makefile has no target {target}")
            for command in re.findall(r"(?<![\w/.-])reactor ([a-z][a-z-]+)", spelt):
                if commands and command not in commands:
                    fault(path, number, f"the program has no command {command}")
            for script in re.findall(r"(?<![\w./-])((?:scripts|LoadTests|Tests|Sources|\.ci|docs)/[\w./+-]*[\w])", line):
                if not Path(script).exists():
                    fault(path, number, f"there is no {script}")
            for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line):
                if not (path.parent / link).exists():
                    fault(path, number, f"the link leads nowhere: {link}")


def main() -> int:
    paths = tracked()
    for path in paths:
        check_tracked(path)
        if path.suffix == ".swift":
            check_swift(path)
        if path.suffix in {".swift", ".py", ".sh", ".md", ".h", ".c", ".lua", ".sql"} or path.parts[0] in {"scripts", ".ci"}:
            check_leftovers(path)
    check_documents([path for path in paths if path.suffix == ".md" and len(path.parts) == 1])
    for line in sorted(faults):
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
