"""Files are told apart by how they begin, whatever they are called."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mechshift.benchmark.interchange.content import content_of
from mechshift.errors import NotComputable


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"cfg":{"n_layers":2}}', "graph"),
        # With its brace where the header of a safetensors file begins.
        (b'{"cfg": {"n_layers": 2}}', "graph"),
        (b'\n {\n "cfg": {}}', "graph"),
        (b'{"schema_version": 3}', "json"),
        (b'        {"schema_version": 3}', "json"),
        # A header of 19,280 bytes, whose length begins with the two letters of a zip.
        (b"PK\0\0\0\0\0\0{", "arrays"),
        (b"12345678{", "unknown"),
        (b"text", "unknown"),
        (b"", "unknown"),
    ],
)
def test_a_beginning_tells_what_follows(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(content)
    assert content_of(tmp_path / "file.json") == expected


def test_arrays_and_zips_are_known_under_any_name(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3)}, tmp_path / "arrays.json")
    assert content_of(tmp_path / "arrays.json") == "arrays"
    with zipfile.ZipFile(tmp_path / "graph.json", "w") as archive:
        archive.writestr("data.pkl", b"")
    assert content_of(tmp_path / "graph.json") == "graph"


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match="there is no file"):
        content_of(tmp_path / "missing")
