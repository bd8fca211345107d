"""Whatever a file holds, its reader takes or refuses it: valid files, changed ones, what once broke one."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reliability.fuzzed import HEADERS, TABLE, added, known, rows
from reliability.outside import CORPUS, Desk
from reliability.readers import readers
from reliability.tables import table

from build.mutations import CHANGES, mutated

PAGE = Path(__file__).parents[2] / "docs" / "trust.md"
READERS = readers()
EXAMPLES = 12
"""Changed files that every reader is given; fuzz.py gives it as many as there is time for."""

DRAWN = st.lists(st.booleans(), min_size=32, max_size=32).map(
    lambda bits: Random(sum(bit << place for place, bit in enumerate(bits)))
)
"""Generators of random numbers.

Of bits: integers hypothesis takes from the modules that are loaded too, and so from the tests before.
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Desk]:
    """Of a reader, on which all of its files are examined."""
    known: dict[str, Desk] = {}

    def of(name: str) -> Desk:
        if name not in known:
            known[name] = Desk(READERS[name], tmp_path_factory.mktemp("outside"))
        return known[name]

    return of


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name: str, desk: Callable[[str], Desk]) -> None:
    seeds = READERS[name].seeds()
    assert seeds
    for seed in seeds:
        assert desk(name).examine(seed)


@pytest.mark.parametrize("name", READERS)
def test_changed_files_are_read_or_refused(
    name: str, desk: Callable[[str], Desk], capfd: pytest.CaptureFixture[str]
) -> None:
    reader, one = READERS[name], desk(name)
    seeds = reader.seeds()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
    )
    @given(DRAWN)
    def examine(random: Random) -> None:
        one.examine(mutated(random.choice(seeds), reader.form, random))

    examine()
    # Nothing that a file says reaches a terminal but in a message, where it is escaped.
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")  # of tensors of new or old kinds
def test_a_whole_file_is_changed_by_its_form(name: str) -> None:
    """Were the changes themselves to fail, files would be damaged alone."""
    reader = READERS[name]
    if reader.form in CHANGES:
        seed = reader.seeds()[0]
        changed = {CHANGES[reader.form](seed, Random(number)) for number in range(10)}
        assert len(changed - {seed}) > 5


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir()))
def test_what_was_found_is_read_or_refused(name: str, desk: Callable[[str], Desk]) -> None:
    """Files that once broke a reader, and those that reached lines of it that no other had."""
    for path in sorted((CORPUS / name).iterdir()):
        try:
            desk(name).examine(path.read_bytes())
        except BaseException as error:
            error.add_note(f"by {path}")
            raise


def test_the_page_lists_all_readers() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Fuzzing")[2].partition("The tests give")[0]
    listed = [name for name in re.findall(r"`([^`]+)`", section) if not name.startswith("mechshift")]
    assert sorted(listed) == sorted(READERS)


def test_the_page_tells_how_long_every_reader_was_fuzzed() -> None:
    assert set(known()) == set(READERS)
    shown = PAGE.read_text(encoding="utf-8").partition(f"<!-- Begin of {TABLE}. -->\n")[2]
    assert shown.partition("\n<!-- End")[0] == table(HEADERS, rows(known()))


def test_what_was_fuzzed_adds_up() -> None:
    runs = [
        {"reader": reader, "seconds": 60, "processor": 20, "files": files, "taken": 3, "broken": {}}
        for reader, files in (("a", 1000), ("b", 10), ("a", 500))
    ]
    kept = {"b": {"seconds": 1, "processor": 1, "files": 1, "taken": 0}}
    assert rows(added(kept, map(json.dumps, runs))) == [
        ["`b`", "61", "21", "11", "3"],
        ["`a`", "120", "40", "1,500", "6"],
        ["all", "181", "61", "1,511", "9"],
    ]
    assert kept["b"]["files"] == 1


def test_every_corpus_is_of_a_reader() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(READERS)
