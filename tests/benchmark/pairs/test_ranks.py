"""What launchers say in the environment, and the device that follows from it."""

import pytest
import torch

from mechshift.benchmark.pairs.devices import choose_device
from mechshift.benchmark.pairs.ranks import Rank, this_rank
from mechshift.errors import UsageError

NAMES = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((None, None, None), Rank(0, 0, 1)),
        (("", "", ""), Rank(0, 0, 1)),
        (("0", "0", "1"), Rank(0, 0, 1)),
        (("13", "5", "8"), Rank(13, 5, 8)),
        (("5", "5", None), Rank(5, 5, 6)),
        ((None, "3", None), Rank(0, 3, 4)),
    ],
)
def test_a_rank_is_what_the_environment_says(
    values: tuple[str | None, ...], expected: Rank, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(values, monkeypatch)
    assert this_rank() == expected


def set_all(values: tuple[str | None, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, values, strict=True):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["-1", "one", "1.5", "¹"])
def test_a_rank_that_is_no_number_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"environment variable {name} is '{value}'"):
        this_rank()


@pytest.mark.parametrize(
    ("local", "cards", "expected"),
    [("0", 8, "cuda:0"), ("5", 8, "cuda:5"), ("5", 4, "cuda:1"), ("3", 1, "cuda:0")],
)
def test_every_rank_of_a_host_has_a_card_of_its_own(
    local: str, cards: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as there are any: a launcher may also let each process see one card only."""
    set_all((local, local, "8"), monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert str(choose_device()) == expected


def test_a_process_alone_has_the_card_that_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all((None, None, None), monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == torch.device("cuda")


def test_without_an_accelerator_a_rank_has_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(("1", "1", "2"), monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert str(choose_device()) == "cpu"
    assert str(choose_device("cpu")) == "cpu"
