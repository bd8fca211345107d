import pytest

from mechshift.benchmark.pairs.check_name import of_check
from mechshift.errors import PairError


def test_an_error_has_the_name_of_its_check() -> None:
    with pytest.raises(PairError) as caught, of_check("tokens"):
        raise PairError("problem", "remedy")
    assert caught.value.check == "tokens"


def test_the_check_inside_gives_the_name() -> None:
    with pytest.raises(PairError) as caught, of_check("files"), of_check("mask token"):
        raise PairError("problem", "remedy")
    assert caught.value.check == "mask token"


def test_another_error_passes_as_it_is() -> None:
    with pytest.raises(ValueError, match="other") as caught, of_check("files"):
        raise ValueError("other")
    assert not hasattr(caught.value, "check")
