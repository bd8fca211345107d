"""The README shows the reference pair's record as it is, and not as it once was."""

from importlib.resources import files
from pathlib import Path

from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.types import Number, Record
from mechshift.benchmark.tables.show import render

README = Path(__file__).parents[1] / "README.md"
REFERENCE = Path(str(files("mechshift.baselines"))) / "reference"


def reference_record(pair: str = "tiny") -> Record:
    return read_model(REFERENCE / pair / "record.json", Record)


def test_the_row_is_the_record_s() -> None:
    row = render(reference_record()).split("\n\n")[1]
    assert f"```text\n{row}\n```" in README.read_text(encoding="utf-8")


def test_the_control_s_overlaps_are_its_record_s() -> None:
    overlap = reference_record("tiny-continued").summary.overlap
    values = [value.value for value in (overlap["local"], overlap["planning"]) if isinstance(value, Number)]
    words = " ".join(README.read_text(encoding="utf-8").split())
    assert f"objective, has Ĵ {values[0]:.2f} and {values[1]:.2f}, so" in words
