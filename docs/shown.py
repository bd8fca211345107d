"""Write what the pages show of the reference pairs' records: `python docs/shown.py`.

A table that a page shows and a number that it names are those of a record: tests/test_readme.py compares.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from definitions import with_definitions

from mechshift.baselines.family.build import MADE
from mechshift.baselines.structure.kept import kept_record
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.quantities import SECTIONS, sections_of
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.robustness import Robustness
from mechshift.benchmark.robustness.text import verdicts_block
from mechshift.benchmark.tables.cells import Notes, get_markup
from mechshift.benchmark.tables.layout import WIDTH
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.tables.table import row_body
from mechshift.benchmark.verdict.marks import marks_beside
from mechshift.benchmark.verdict.read import judge_files
from mechshift.benchmark.verdict.text import verdict_text

ROOT = Path(__file__).parent.parent
BOARD = ROOT / "baselines" / "board"
PAGES = ("README.md", "docs/reading.md", "docs/robustness.md", "docs/tutorial.md")
READ_ALOUD = "countdown"
"""The task whose column the tutorial reads aloud."""
BARELY_ABOVE = "agreement"
"""The task on which Ĵ of components is a ratio to noise."""
SPAN = r"\S+ \[\S+ \S+\]"
NOTES = "⁰¹²³⁴⁵⁶⁷⁸⁹"
HEADLINE = "ρ of edges, standardised"
CONTROL = "tiny-continued"


@cache
def record_of(pair: str) -> Record:
    """The record of a reference pair under protocol v2."""
    path = kept_record(Path(str(files("mechshift.baselines"))) / "reference" / pair)
    assert path is not None, f"there is no record of {pair}"
    return read_model(path, Record)


def row_block(pair: str) -> str:
    """A pair's row with its notes, as `mechshift show` prints them."""
    notes = Notes(get_markup("text"))
    return row_body(record_of(pair), notes) + notes.below(WIDTH)


def suites_block() -> str:
    """What `mechshift verdict` says of both suites of `tiny`, held against its control.

    From the submissions of the project's board, whose draws let the two be compared prompt by prompt.
    """
    pair, control = (BOARD / f"{MADE}-{name}-v2.zip" for name in ("tiny", CONTROL))
    return verdict_text(judge_files(pair, [control])).split("\n\n")[1]


def variations_block(pair: str) -> str:
    """The verdicts under the kept variations of a pair's record, as `mechshift robustness` prints them."""
    path = kept_record(Path(str(files("mechshift.baselines"))) / "reference" / pair)
    assert path is not None, f"there is no record of {pair}"
    found = marks_beside(path, record_of(pair))
    assert isinstance(found, Robustness), f"no variations are kept of the record of {pair}: {found}"
    return verdicts_block(found)


def column_block(pair: str, task: str) -> str:
    """One task's column of the table of tasks, with its labels."""
    part = next(part for part in render(record_of(pair)).split("\n\n") if re.search(rf" {task}\b.*\n", part))
    lines = part.splitlines()
    rule = next(line for line in lines if re.fullmatch(r"[- ]+", line))
    starts = [found.span() for found in re.finditer("-+", rule)]
    here = next(span for span in starts if lines[0][slice(*span)].strip() == task)
    (label_from, label_to), (start, end) = starts[0], here
    return "\n".join(f"{line[label_from:label_to]}  {line[start:end]}".rstrip() for line in lines)


def section_blocks(pair: str, task: str) -> list[str]:
    """One task's column, in parts: the head of the table with its first section, and each further section."""
    parts: list[list[str]] = [[]]
    headings = [section.heading.upper() for section in SECTIONS]
    for line in column_block(pair, task).splitlines():
        if line in headings[1:]:
            parts.append([])
        parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def by_label(pair: str, task: str) -> dict[str, str]:
    """What the tables have of a task, by label: its column, and what stands in tables of its own."""
    record = record_of(pair)
    found = next(one for one in record.results if one.task == task)
    notes = Notes(get_markup("text"))
    apart = {
        line.label: notes.cell(quantity.of(found), quantity.rounding)
        for section in sections_of(record.protocol)
        if section.apart
        for line in section.lines
        for quantity in line.quantities
    }
    return {label: value.rstrip(NOTES) for label, value in (apart | cells(column_block(pair, task))).items()}


def cells(block: str) -> dict[str, str]:
    """The cells of a block of two columns, by label."""
    parted = (re.split(r" {2,}", line, maxsplit=1) for line in block.splitlines())
    return {parts[0]: parts[1] for parts in parted if len(parts) == 2 and parts[0]}


def overlap_of_components() -> str:
    """Ĵ of components of `tiny` where the ceiling barely exceeds the floor, with its interval."""
    return cells(column_block("tiny", BARELY_ABOVE))["Ĵ of components"].replace("-", "−")


def similarity(pair: str) -> list[str]:
    """ρ of the local and of the planning tasks."""
    found = record_of(pair).summary.similarity.suites
    return [number(found[suite], ".2f") for suite in ("local", "planning")]


def number(value: Measured, form: str) -> str:
    """A number in a sentence; a missing one has no place there."""
    assert isinstance(value, Number), f"a page names a number that is missing: {value}"
    return format(value.value, form)


def page(name: str) -> str:
    """A page with all that it shows as the records have it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    values = [*similarity("tiny"), *similarity(CONTROL)]
    if name == "README.md":
        text = put_block(text, "SUITES", suites_block())
        text = put_block(text, "local  ", row_block("tiny"))
        control = rf"(?s:.*?)`{CONTROL}`(?s:.*?)"
        sentence = rf"(ρ is )\S+( on local and )\S+( on planning{control}keeps )\S+( and )\S+(\.\s)"
        return put_numbers(text, sentence, values)
    if name == "docs/reading.md":
        text = with_definitions(text)
        text = put_numbers(text, rf"(`tiny` has ){SPAN}( on `{BARELY_ABOVE}`)", [overlap_of_components()])
        sentence = (
            rf"(`tiny` has ρ )\S+( local and )\S+( planning,\s`{CONTROL}`.*?diffusion, )\S+( and )\S+(\.\s)"
        )
        return put_numbers(text, sentence, values)
    if name == "docs/robustness.md":
        return put_block(text, "verdicts  ", variations_block("tiny"))
    for block in section_blocks("tiny", READ_ALOUD):
        text = put_block(text, block.splitlines()[0].strip(), block)
    text = put_block(text, HEADLINE, beside_the_control())
    return read_aloud(text, by_label("tiny", READ_ALOUD))


def beside_the_control() -> str:
    """The headline of the tutorial's two tasks, of the pair and of its control."""
    rows = [(HEADLINE, "ioi", READ_ALOUD)]
    for pair in ("tiny", CONTROL):
        values = (cells(column_block(pair, task))[HEADLINE] for task in ("ioi", READ_ALOUD))
        rows.append((pair, *values))
    return "\n".join("{:26}{:20}{}".format(*row) for row in rows)


def put_block(text: str, beginning: str, block: str) -> str:
    """The text with its block of output that begins so replaced."""
    # Up to the fence that ends it: a note may name something in code font.
    pattern = rf"```text\n *{re.escape(beginning)}(?:(?!```)[\s\S])*\n```"
    assert re.search(pattern, text) is not None, f"no page shows a block that begins with {beginning}"
    return re.sub(pattern, lambda _: f"```text\n{block}\n```", text, count=1)


def put_numbers(text: str, pattern: str, values: list[str]) -> str:
    """The text with the numbers between a pattern's groups replaced; the groups stay."""
    found = re.search(pattern, text)
    assert found is not None, f"no page says {pattern}"
    groups = found.groups()
    filled = "".join(group + value for group, value in zip(groups, [*values, ""], strict=True))
    return text[: found.start()] + filled + text[found.end() :]


def read_aloud(text: str, values: dict[str, str]) -> str:
    """The text with the value behind each bold label as the table has it."""
    return re.sub(
        r"\*\*([^*]+)\*\*(:\s+)`[^`]*`",
        lambda found: f"**{found[1]}**{found[2]}`{values[found[1]]}`",
        text,
    )


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / name).write_text(page(name), encoding="utf-8")
