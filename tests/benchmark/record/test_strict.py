"""What strangers may write is read once it is known to be small, plain and whole, and all faults are told."""

import os
import time
from pathlib import Path

import pytest

from mechshift.benchmark.record.protocol import Part
from mechshift.benchmark.record.strict import LARGEST, Fault, Refused, read_strict_json, read_toml


class Inner(Part):
    number: int
    share: float = 0.5


class Outer(Part):
    name: str
    inner: tuple[Inner, ...] = ()


def read(folder: Path, content: str | bytes, **options: int) -> tuple[Outer | None, tuple[Fault, ...]]:
    path = folder / "file.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_strict_json(path, Outer, **options)


def test_what_is_right_is_read(tmp_path: Path) -> None:
    text = '{"name": "a \\"[{ \\\\", "inner": [{"number": 3, "share": 1e-3}]}'
    assert read(tmp_path, text) == (Outer(name='a "[{ \\', inner=(Inner(number=3, share=0.001),)), ())


REFUSED = {
    "empty": ("", "it is no JSON"),
    "cut off": ('{"name": "a"', "it is no JSON"),
    "two values": ('{"name": "a"} {}', "it is no JSON"),
    "a comment": ('{"name": "a"} // b', "it is no JSON"),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "a"}', "it is no JSON"),
    "invalid UTF-8": (b'{"name": "\xff"}', "byte 10 is not UTF-8"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "byte 0 is not UTF-8"),
    "a name twice": ('{"name": "a", "name": "b"}', "'name' is there twice"),
    "an inner name twice": (
        '{"name": "a", "inner": [{"number": 1, "number": 1}]}',
        "'number' is there twice",
    ),
    "NaN": ('{"name": NaN}', "NaN is not a number that JSON has"),
    "infinity": ('{"name": -Infinity}', "-Infinity is not a number that JSON has"),
    "beyond all floats": ('{"name": 1e999}', "1e999 is larger than any number"),
    "long integers": ('{"name": ' + "7" * 5000 + "}", "a number has 5000 characters"),
    "long fractions": ('{"name": 0.' + "7" * 5000 + "}", "a number has 5002 characters"),
    "deep lists": ("[" * 100_000, "more than 64 levels"),
    "deep objects": ('{"name":' * 100_000 + "1" + "}" * 100_000, "more than 64 levels"),
    "many values": ('{"inner": [' + "1," * 100_001 + "1]}", "more than 100,000 values"),
    "a lone surrogate": ('{"name": "\\ud800"}', "it is no JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_strict_json_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    content, reason = REFUSED[name]
    found, (fault,) = read(tmp_path, content)
    assert found is None
    assert reason in fault.problem


def test_every_fault_of_the_content_is_told(tmp_path: Path) -> None:
    text = '{"nane": "a", "inner": [{"number": 1.5}, {"number": 2, "share": "x", "more": 0}]}'
    found, faults = read(tmp_path, text)
    assert found is None
    assert {fault.place for fault in faults} == {
        "name",
        "nane",
        "inner.0.number",
        "inner.1.share",
        "inner.1.more",
    }


def test_a_long_name_is_cut(tmp_path: Path) -> None:
    _, faults = read(tmp_path, '{"name": "a", "' + "x" * 10_000 + '": 1}')
    assert [fault.place for fault in faults] == ["x" * 60 + "…"]


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "file.json").open("wb") as file:
        file.truncate(2**40)
    assert read_strict_json(tmp_path / "file.json", Outer)[1] == (
        Fault("", "it has more than 8,388,608 bytes"),
    )
    assert read(tmp_path, '{"name": "a"}', largest=12)[1] == (Fault("", "it has more than 12 bytes"),)
    assert read(tmp_path, '{"name": "a"}', largest=13)[1] == ()


@pytest.mark.parametrize("kind", ["missing", "folder", "FIFO"])
def test_what_is_no_file_is_a_fault(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    (fault,) = read_strict_json(path, Outer)[1]
    assert fault.problem.startswith("it cannot be read: ")


@pytest.mark.parametrize(
    "text", ['["' + '\\"' * 2_000_000, '"' * 2_000_000, '{"' * 1_000_000], ids=["escaped", "bare", "open"]
)
def test_quotes_cost_no_more_than_their_number(text: str, tmp_path: Path) -> None:
    start = time.process_time()
    assert read(tmp_path, text)[1]
    assert time.process_time() - start < 5


def test_toml_is_read(tmp_path: Path) -> None:
    deep = "[[a.b.c]]\nd.'e.e'.\"f.f\" = [{x = [1.5, 2.5], y.z = -9223372036854775808}]\n"
    texts = 'g = """[[[ . . . \\""" ]"""\nh = \'\'\'{{{ . . .\'\'\' # [[[ . . .\n'
    path = tmp_path / "file.toml"
    path.write_text(deep + texts)
    inner = {"d": {"e.e": {"f.f": [{"x": [1.5, 2.5], "y": {"z": -(2**63)}}]}}}
    written = {"g": '[[[ . . . """ ]', "h": "{{{ . . ."}
    assert read_toml(path) == {"a": {"b": {"c": [inner | written]}}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'name = "a"\nname = "b"', "it is no TOML: "),
        (b"name = " + b"9" * 5000, "it is no TOML: "),
        (b'"' + b"x" * 5000 + b'" = 1\n"' + b"x" * 5000 + b'" = 1', "it is no TOML: "),
        (b"name = " + b"[" * 100_000, "it has more than 64 levels"),
        (b"name = " + b"{a=" * 100_000, "it has more than 64 levels"),
        (b".".join([b"a"] * 66) + b" = 1", "it has more than 64 levels"),
        (
            b"x = {" + b".".join([b"a"] * 40) + b" = {" + b"'b'." * 40 + b"c = 1}}",
            "it has more than 64 levels",
        ),
        (b"[" + b' "a".' * 100_000 + b"b]", "it has more than 64 levels"),
        (b"number = 9223372036854775808", "a number has more than 64 bits"),
        (b"number = [{ is = 0x" + b"f" * 5000 + b"}]", "a number has more than 64 bits"),
        (b'name = "\xff"', "byte 8 is not UTF-8"),
        (b"#" * 101, "it has more than 100 bytes"),
    ],
)
def test_toml_of_a_stranger_is_refused_at_little_cost(text: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(text)
    start = time.process_time()
    with pytest.raises(Refused, match=reason) as refused:
        read_toml(path, 100 if text.startswith(b"#") else LARGEST)
    assert time.process_time() - start < 2
    assert len(str(refused.value)) < 400
