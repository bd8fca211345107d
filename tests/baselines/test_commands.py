"""The commands of the reference pairs say errors so that the log of a CI service obeys nothing in them."""

import importlib
import sys

import pytest

NAMED = "##[error]"


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("structure.__main__", ("--runs", NAMED, "--out", "data.json")),
        ("report.__main__", ("--records", NAMED, "--out", "report")),
        ("family.__main__", ("--board", NAMED, "--pages", "pages")),
        ("training.__main__", (NAMED, "--out", "pair")),
        ("training.half", (NAMED, "--out", "pair")),
    ],
)
def test_a_name_in_an_error_is_no_command(
    module: str,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    with pytest.raises(SystemExit) as raised:
        importlib.import_module(f"mechshift.baselines.{module}").main()
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert "# #[error]" in said
    assert NAMED not in said
