"""The card of a submission is found in a folder and in a zip, and in a damaged one there is none."""

import zipfile
from pathlib import Path

import pytest

from mechshift.benchmark.submission.placing import find_card

NAME = "2026-11-29-tiny-v2"
TEXT = "authors = []\n" * 200


def packed(folder: Path, method: int) -> Path:
    path = folder / f"{NAME}.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(f"{NAME}/card.toml", TEXT)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_has_no_card(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path, method)
    assert find_card(path) == TEXT
    whole = path.read_bytes()
    start = 30 + len(f"{NAME}/card.toml")
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        assert find_card(path) in (None, TEXT)
    # The compressed text itself, all of it.
    path.write_bytes(whole[:start] + b"\xff" * 20 + whole[start + 20 :])
    assert find_card(path) is None
    path.write_bytes(whole[: len(whole) // 2])
    assert find_card(path) is None
