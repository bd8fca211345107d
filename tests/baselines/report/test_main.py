"""The command writes report and figures, or says why not and writes nothing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.baselines.report.__main__ import main, write_report
from mechshift.baselines.report.page import page
from mechshift.baselines.report.records import Pairs
from mechshift.benchmark.record.record import Record

MakePairs = Callable[..., Pairs]
Put = Callable[[Pairs, Path], Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["report", *map(str, arguments)])
        main()

    return run


def test_report_and_figures_are_written(
    command: Callable[..., None], make_pairs: MakePairs, put: Put, tmp_path: Path
) -> None:
    command("--records", put(make_pairs(), tmp_path / "reference"), "--out", tmp_path / "out")
    written = contents(tmp_path / "out")
    assert sorted(written) == [
        "figures/depth-local.svg",
        "figures/depth-planning.svg",
        "figures/overlap.svg",
        "report.md",
    ]
    assert written["report.md"].decode() == page(make_pairs())


def test_pairs_without_a_record_are_named(
    command: Callable[..., None],
    make_pairs: MakePairs,
    put: Put,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = put(make_pairs(), tmp_path / "reference")
    for pair in ("tiny-block", "tiny-scratch"):
        (folder / pair / "record.json").unlink()
    command("--records", folder, "--out", tmp_path / "out")
    assert capsys.readouterr().err.splitlines() == [
        f"mechshift: no record of {pair}: what needs it is left out of the report"
        for pair in ("tiny-block", "tiny-scratch")
    ]
    assert len(contents(tmp_path / "out")) == 4


def test_every_figure_is_on_the_page(make_pairs: MakePairs, put: Put, tmp_path: Path) -> None:
    write_report(put(make_pairs(), tmp_path / "reference"), tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    assert all(f"]({name})" in text for name in contents(tmp_path / "out") if name.startswith("figures/"))


def test_twice_gives_the_same_bytes(make_pairs: MakePairs, put: Put, tmp_path: Path) -> None:
    folder = put(make_pairs(), tmp_path / "reference")
    write_report(folder, tmp_path / "out")
    first = contents(tmp_path / "out")
    write_report(folder, tmp_path / "out")
    assert contents(tmp_path / "out") == first


@pytest.mark.parametrize(("left_out", "code"), [(True, 2), (False, 3)])
def test_records_that_cannot_be_read_end_it_with_a_message_and_write_nothing(
    left_out: bool,
    code: int,
    command: Callable[..., None],
    make_pairs: MakePairs,
    put: Put,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = put(make_pairs(), tmp_path / "reference")
    record = folder / "tiny-continued" / "record.json"
    if left_out:
        record.unlink()
    else:
        record.write_text("no record")
    with pytest.raises(SystemExit) as ending:
        command("--records", folder, "--out", tmp_path / "out")
    assert ending.value.code == code
    assert capsys.readouterr().err.startswith("mechshift: ")
    assert not (tmp_path / "out").exists()


def test_records_without_a_common_size_write_nothing(
    command: Callable[..., None],
    make_record: Callable[..., Record],
    make_task: Callable[..., object],
    make_pairs: MakePairs,
    put: Put,
    tmp_path: Path,
) -> None:
    tasks = tuple(make_task(name, edges=1000) for name in ("ioi", "countdown"))
    pairs = Pairs({pair: make_record(pair, tasks) for pair in make_pairs().records})
    with pytest.raises(SystemExit) as ending:
        command("--records", put(pairs, tmp_path / "reference"), "--out", tmp_path / "out")
    assert ending.value.code == 3
    assert not (tmp_path / "out").exists()


def test_without_arguments_the_options_are_named(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        command()
    assert ending.value.code == 2
    assert "required: --records" in capsys.readouterr().err
