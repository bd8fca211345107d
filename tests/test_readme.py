"""The README shows the reference pair's record as it is, and not as it once was."""

from importlib.resources import files
from pathlib import Path

from mechshift.benchmark.leaderboard.show import render
from mechshift.benchmark.record import Record
from mechshift.benchmark.store import read_model

README = Path(__file__).parents[1] / "README.md"
REFERENCE = Path(str(files("mechshift.baselines"))) / "reference" / "tiny"


def reference_record() -> Record:
    return read_model(REFERENCE / "record.json", Record)


def test_the_row_is_the_record_s() -> None:
    row = render(reference_record()).split("\n\n")[1]
    assert f"```text\n{row}\n```" in README.read_text(encoding="utf-8")
