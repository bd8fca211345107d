import pytest
import torch

from mechshift.benchmark.pairs.loading import choose_device
from mechshift.errors import PairError


def test_no_numbers_are_on_the_meta_device() -> None:
    with pytest.raises(PairError, match="device meta cannot be used"):
        choose_device("meta")


def test_a_device_that_does_not_exist_is_an_error() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(PairError, match="device abacus cannot be used"):
        choose_device("abacus")
