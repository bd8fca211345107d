"""Which pair a rerun loads: one that is listed or named, at the record's precision."""

from pathlib import Path

import pytest

from build.records import a_pair, a_record
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import at_precision
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.rerun.submission import _spec
from mechshift.errors import UsageError


def record_of(name: str, dtype: str = "float32") -> Record:
    member = {"dtype": dtype}
    return a_record("tiny").model_copy(update={"pair": a_pair(name, arm=member, mdm=member)})


def test_a_listed_pair_is_found_by_its_name_at_the_records_precision() -> None:
    loaders = [member.loader for spec in [_spec(record_of("tiny"), None)] for member in (spec.arm, spec.mdm)]
    assert [loader.precision for loader in loaders] == ["float32", "float32"]


def test_the_precision_is_not_part_of_a_listed_name() -> None:
    found = _spec(record_of("tiny-bfloat16", "bfloat16"), None)
    expected = at_precision(get_pair("tiny"), "bfloat16")
    assert (found.arm, found.mdm) == (expected.arm, expected.mdm)


def test_a_record_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text("not even TOML")
    for name in ("own.toml", "own.toml:pair", "unheard-of"):
        with pytest.raises(UsageError, match="is none of the listed pairs") as raised:
            _spec(record_of(name), None)
        assert "--pair" in raised.value.remedy
