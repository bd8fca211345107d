import pytest
import torch

from mechshift.benchmark.pairs.device_map import DeviceMap
from mechshift.benchmark.pairs.devices import choose_device, usable_devices
from mechshift.errors import PairError, UsageError


def test_no_numbers_are_on_the_meta_device() -> None:
    with pytest.raises(PairError, match="device meta cannot be used"):
        choose_device("meta")


def test_a_device_that_does_not_exist_is_an_error() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(PairError, match="device abacus cannot be used"):
        choose_device("abacus")


@pytest.mark.parametrize("device", ["gpu", "abacus", "cpu:x"])
def test_a_device_that_is_none_is_told_those_that_are(device: str) -> None:
    with pytest.raises(PairError, match="there is no device of this name") as caught:
        choose_device(device)
    assert caught.value.remedy == f"usable here: {', '.join(usable_devices())}"
    assert usable_devices()[0] == "cpu"
    for usable in usable_devices():
        assert str(choose_device(usable)) == usable


@pytest.mark.parametrize("asked", ["balanced", {"": "cpu"}])
def test_a_map_is_for_one_process_of_a_host(asked: object, monkeypatch: pytest.MonkeyPatch) -> None:
    found = DeviceMap.parse(asked)
    choose_device(found)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=r"device_map.* in 2 processes of one host"):
        choose_device(found)
