"""What can be said of where layers go, and what is no map."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from mechshift.benchmark.pairs.device_map import WAYS, DeviceMap
from mechshift.benchmark.pairs.options import PairOptions, place_of
from mechshift.benchmark.pairs.words import Words
from mechshift.benchmark.run.job import Job
from mechshift.errors import UsageError

PARTS = {"model": 0, "lm_head": "cuda:1"}
READ = DeviceMap(None, (("model", "0"), ("lm_head", "cuda:1")))


def test_a_way_is_one_of_transformers() -> None:
    assert [DeviceMap.parse(way) for way in WAYS] == [DeviceMap(way) for way in WAYS]
    assert {"auto", "balanced", "sequential"} == set(WAYS)


def test_a_map_is_a_mapping_its_json_or_a_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_text(json.dumps(PARTS))
    for given in (PARTS, json.dumps(PARTS), f"\n {json.dumps(PARTS)}", str(file), file, READ):
        assert DeviceMap.parse(given) == READ
    assert DeviceMap.parse(str(READ)) == READ


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("balancd", "unknown way to spread layers 'balancd'"),
        ("nowhere.json", "cannot be read"),
        ("{", "is not JSON"),
        ("{}", "does not say of modules"),
        ('{"model": true}', "does not say of modules"),
        ('{"model": [0, 1]}', "does not say of modules"),
        ({1: 0}, "does not say of modules"),
    ],
)
def test_anything_else_is_an_error_that_says_what_is_a_map(given: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as raised:
        DeviceMap.parse(given)
    assert "balanced" in str(raised.value)


def test_a_file_that_is_no_map_is_named(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text("[0, 1]")
    with pytest.raises(UsageError, match=r"list\.json does not say of modules"):
        DeviceMap.parse(file)


def test_a_pair_goes_to_one_device_or_several() -> None:
    assert place_of(PairOptions()) is None
    assert place_of(PairOptions(device="cpu")) == "cpu"
    assert place_of(PairOptions(device_map=PARTS)) == READ
    for words, named in ((Words.COMMAND_LINE, "--device-map"), (Words.PYTHON, "device_map=")):
        with pytest.raises(UsageError, match=named):
            place_of(PairOptions(device="cpu", device_map="auto"), words)


def test_a_process_that_helps_is_told_of_it() -> None:
    """As JSON, beside which a device is a name as before."""
    told = TypeAdapter(str | DeviceMap)
    for place in (READ, DeviceMap("balanced"), "cuda:1"):
        assert told.validate_json(told.dump_json(place)) == place
    assert Job.model_fields["device"].annotation == str | DeviceMap
