"""What docs/trust.md says of reruns: its table against the formula and against drawing cells."""

import itertools
import re
from math import comb
from pathlib import Path

from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.run.plan import kinds_of

PAGE = (Path(__file__).parents[3] / "docs" / "trust.md").read_text(encoding="utf-8")
TASKS = len(V2.tasks)


def found(cells: int, forged: int, drawn: int) -> float:
    return 1 - comb(cells - forged, drawn) / comb(cells, drawn)


def test_the_formula_counts_drawings() -> None:
    for forged, drawn in itertools.product(range(5), range(6)):
        drawings = list(itertools.combinations(range(7), drawn))
        meeting = sum(any(cell < forged for cell in drawing) for drawing in drawings)
        assert abs(found(7, forged, drawn) - meeting / len(drawings)) < 1e-12


def test_the_table_has_its_values() -> None:
    cells = TASKS * sum(bool(kind.members) for kind in kinds_of(V2))
    assert f"C = {cells} cells" in PAGE
    head, _, *rows = re.findall(r"^\| forged.*?(?=\n\n)", PAGE, re.S | re.M)[0].splitlines()
    drawn = [int(number) for number in re.findall(r"\d+", head)]
    assert len(rows) == 6
    for row in rows:
        forged, *values = [cell.strip() for cell in row.strip("|").split("|")]
        for number, value in zip(drawn, values, strict=True):
            share = found(cells, int(forged), number)
            expected = f"{share:.1%}".replace("%", " %") if share < 0.9995 else "> 99.9 %"
            assert value == ("100 %" if share == 1 else expected), (forged, number)
