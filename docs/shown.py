"""Write what the pages show of the reference pairs' records: `python docs/shown.py`.

A table that a page shows and a number that it names are those of a record: tests/test_readme.py compares.
"""

import re
from importlib.resources import files
from pathlib import Path

from definitions import with_definitions

from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.types import Measured, Number, Record
from mechshift.benchmark.tables.show import render

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/reading.md", "docs/tutorial.md")
READ_ALOUD = "countdown"
"""The task whose column the tutorial reads aloud."""
INCOMPLETE = ("greater-than", "agreement", "countdown", "star-path")
"""The tasks on which a member of `tiny` has a high completeness residual."""
BARELY_ABOVE = ("ioi", 72)
"""Task and number of edges at which Ĵ of components is a ratio to noise."""
SPAN = r"\S+ \[\S+ \S+\]"


def record_of(pair: str) -> Record:
    """The record of a reference pair under protocol v2."""
    return read_model(Path(str(files("mechshift.baselines"))) / "reference" / pair / "record.json", Record)


def row_block(pair: str) -> str:
    """A pair's row, as `mechshift show` prints it."""
    return next(part for part in render(record_of(pair)).split("\n\n") if "\naccuracy, ARM " in part)


def column_block(pair: str, task: str) -> str:
    """One task's column of the table of tasks, with its labels."""
    part = next(part for part in render(record_of(pair)).split("\n\n") if re.search(rf" {task}\b.*\n", part))
    lines = part.splitlines()
    rule = next(line for line in lines if re.fullmatch(r"[- ]+", line))
    starts = [found.span() for found in re.finditer("-+", rule)]
    here = next(span for span in starts if lines[0][slice(*span)].strip() == task)
    (label_from, label_to), (start, end) = starts[0], here
    return "\n".join(f"{line[label_from:label_to]}  {line[start:end]}".rstrip() for line in lines)


def overlap_of(pair: str, task: str) -> str:
    """Ĵ of a task's edges, with its interval."""
    return cells(column_block(pair, task))["Ĵ of edges"]


def overlap_of_nodes(pair: str) -> str:
    """Ĵ of components where the ceiling barely exceeds the floor, with its interval."""
    task, edges = BARELY_ABOVE
    found = next(one for one in record_of(pair).tasks if one.task == task).comparison
    value = next(point for point in found.curve if point.edges == edges).node.normalised
    assert isinstance(value, Number), f"a page names a number that is missing: {value}"
    return f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]".replace("-", "−")


def cells(block: str) -> dict[str, str]:
    """The cells of a block of two columns, by label."""
    parted = (re.split(r" {2,}", line, maxsplit=1) for line in block.splitlines())
    return {parts[0]: parts[1] for parts in parted if len(parts) == 2 and parts[0]}


def by_suite(pair: str) -> list[str]:
    """Ĵ of the local and of the planning tasks."""
    overlap = record_of(pair).summary.overlap
    return [number(overlap[suite], ".2f") for suite in ("local", "planning")]


def residuals(task: str) -> list[str]:
    """Completeness residuals of both members of `tiny`, in per cent."""
    found = next(one for one in record_of("tiny").tasks if one.task == task).comparison
    return [number(member.completeness, ".0%").replace("%", " %") for member in (found.arm, found.mdm)]


def number(value: Measured, form: str) -> str:
    """A number in a sentence; a missing one has no place there."""
    assert isinstance(value, Number), f"a page names a number that is missing: {value}"
    return format(value.value, form)


def page(name: str) -> str:
    """A page with all that it shows as the records have it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name == "README.md":
        text = put_block(text, "local  ", row_block("tiny"))
        return put_numbers(text, r"(has Ĵ )\S+( and )\S+(, so)", by_suite("tiny-continued"))
    if name == "docs/reading.md":
        text = with_definitions(text)
        text = put_numbers(text, r"(has )\S+( local and )\S+( planning; `tiny)", by_suite("tiny-continued"))
        text = put_numbers(text, r"(nothing with the ARM, has )\S+( and )\S+(\.\n)", by_suite("tiny-scratch"))
        text = put_numbers(text, rf"(`tiny` has ){SPAN}( on `ioi`,\sand)", [overlap_of_nodes("tiny")])
        control = [overlap_of_nodes("tiny-continued")]
        text = put_numbers(text, rf"(`tiny-continued` has ){SPAN}(\. The test)", control)
        for task in INCOMPLETE:
            text = put_numbers(text, rf"(\s)\d+ %( and )\d+ %( on\s`{task}`)", residuals(task))
        return text
    block = column_block("tiny", READ_ALOUD)
    text = put_block(put_block(text, READ_ALOUD, block), "Ĵ of edges ", beside_the_control())
    return read_aloud(text, cells(block))


def beside_the_control() -> str:
    """Ĵ of edges of the tutorial's two tasks, of the pair and of its control."""
    rows = [("Ĵ of edges", "ioi", READ_ALOUD)]
    for pair in ("tiny", "tiny-continued"):
        rows.append((pair, overlap_of(pair, "ioi"), overlap_of(pair, READ_ALOUD)))
    return "\n".join("{:16}{:20}{}".format(*row) for row in rows)


def put_block(text: str, beginning: str, block: str) -> str:
    """The text with its block of output that begins so replaced."""
    pattern = rf"```text\n\s*{re.escape(beginning)}.*?\n```"
    return re.sub(pattern, lambda found: f"```text\n{block}\n```", text, count=1, flags=re.S)


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
        r"^\* \*\*(.+?)\*\*: `[^`]*`",
        lambda found: f"* **{found[1]}**: `{values[found[1]]}`",
        text,
        flags=re.M,
    )


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / name).write_text(page(name), encoding="utf-8")
