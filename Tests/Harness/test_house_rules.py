"""The rules of `make lint` about text from outside: what they refuse, and what they let through."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))
import house_rules  # noqa: E402

WEB = Path("Sources/App/Web/Example.swift")


def faults(line: str, path: Path = WEB, before: str = "") -> list[str]:
    house_rules.faults.clear()
    text = f"{before}\n{line}"
    house_rules.check_text(path, text.split("\n"), house_rules.without_comments_and_strings(text))
    return list(house_rules.faults)


class TextFromOutside(unittest.TestCase):
    def test_strings_are_not_made_of_bytes_where_clients_are_met(self) -> None:
        for line in (
            "let a = String(decoding: bytes, as: UTF8.self)", "let a = String(validating: bytes, as: UTF8.self)",
            "let a = unsafe String(cString: pointer)", "let a = String(text.utf8)", "let a = String(parts[0].utf8)",
            "let a = String(text.utf8.dropFirst(2))", "let a = String(pair?.utf8[...])", "let a = String(text.unicodeScalars.filter { $0 != x })",
            "let a = String(String.UnicodeScalarView(scalars))", "let a = scalars.map(String.init)", "let a = Substring(text.utf8)",
            "let a = text.debugDescription", "let a = String(reflecting: text)", "let a = String(describing: error)",
            "let a = try row.string(1)", "let a = try row.optionalString(1)",
        ):
            with self.subTest(line):
                self.assertTrue(faults(line))
                self.assertTrue(faults(line, Path("Sources/Actors/Cache/Example.swift")))
                self.assertTrue(faults(line, Path("Sources/App/Tracing/Example.swift")))

    def test_what_is_safe_is_let_through(self) -> None:
        for line in (
            "let a = Text(decoding: bytes)", "let a = String(ascii: digits)", "let a = String(text.utf8.count)", "let a = String(number)",
            "let a = LogText.escaped(String(describing: error))", "let a = try row.text(1)", "let a = try row.asciiString(2)",
            "let a = String(describing: Self.self)", "// String(decoding: bytes, as: UTF8.self)", 'let a = "String(decoding:"',
        ):
            with self.subTest(line):
                self.assertEqual(faults(line), [])

    def test_the_operators_own_may_be_strings(self) -> None:
        for path in ("Sources/App/Boot/Example.swift", "Sources/App/Migrations/Example.swift", "Sources/App/Tracing/TracingSettings.swift"):
            self.assertEqual(faults("let a = String(decoding: bytes, as: UTF8.self)", Path(path)), [])

    def test_the_way_out_gives_its_reason(self) -> None:
        line = "let a = text.swiftString"
        self.assertTrue(faults(line))
        self.assertTrue(faults(line, Path("Sources/Reactor/Redis/Example.swift")))
        self.assertEqual(faults(line, before="// TEXT: copied into a line."), [])
        self.assertEqual(faults(line, Path("Sources/Reactor/Values/Text.swift")), [])


if __name__ == "__main__":
    unittest.main()
