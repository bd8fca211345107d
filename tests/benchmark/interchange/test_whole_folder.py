from pathlib import Path

import pytest

from mechshift.benchmark.interchange.whole_folder import whole_folder
from mechshift.errors import OutputError


def test_a_folder_is_there_when_the_block_has_ended(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "deeper" / "folder") as partial:
        (partial / "file").write_text("text")
        assert not (tmp_path / "deeper" / "folder").exists()
    assert (tmp_path / "deeper" / "folder" / "file").read_text() == "text"
    assert [path.name for path in (tmp_path / "deeper").iterdir()] == ["folder"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    def begin() -> None:
        with whole_folder(tmp_path / "folder") as partial:
            (partial / "file").write_text("text")
            raise error

    with pytest.raises(error):
        begin()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["file", "empty", "full"])
def test_what_is_there_is_left_as_it_was(there: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("text")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match="it is there already"), whole_folder(tmp_path / there):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_where_no_folder_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match="cannot be written"), whole_folder(tmp_path / "file" / "folder"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
