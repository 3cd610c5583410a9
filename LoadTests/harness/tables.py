"""Tables in Markdown, aligned, so that they can be read as they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """`key` names a row's member; `form` is Python's format of it, "len" its length, nothing a text."""

    title: str
    key: str
    form: str = ""

    def text(self, row: dict) -> str:
        value = row.get(self.key)
        if value is None:
            return "-"
        return str(len(value)) if self.form == "len" else format(value, self.form)


def markdown(columns: list[Column], rows: list[dict]) -> str:
    """Words to the left, figures to the right."""
    cells = [[column.title for column in columns]] + [[column.text(row) for column in columns] for row in rows]
    widths = [max(3, *(len(line[index]) for line in cells)) for index in range(len(columns))]

    def line(texts: list[str]) -> str:
        aligned = (text.rjust(width) if column.form else text.ljust(width) for text, width, column in zip(texts, widths, columns))
        return "| " + " | ".join(aligned) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ":" if column.form else "-" * (width + 2) for width, column in zip(widths, columns)) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])
