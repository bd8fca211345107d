import pytest

from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import at_precision


# A CPU takes several times as long in half precision, in which the reference pairs are stored.
@pytest.fixture(scope="session")
def tiny() -> Pair:
    """The embedded reference pair in single precision."""
    return load_pair(at_precision(get_pair("tiny"), "float32"), "cpu")


@pytest.fixture(scope="session")
def continued() -> Pair:
    """Its control."""
    return load_pair(at_precision(get_pair("tiny-continued"), "float32"), "cpu")
