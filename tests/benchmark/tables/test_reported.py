"""Reported numbers are those that were published, and a file of them is read strictly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.benchmark.pairs.registry import list_pairs
from mechshift.benchmark.record.provenance import PairProvenance
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.tables.reported import Reported, list_reported, read_reported
from mechshift.errors import NotComputable

MakeRecord = Callable[..., Record]
Rename = Callable[[str, str], PairProvenance]

DREAM = ("Qwen/Qwen2.5-7B", "Dream-org/Dream-v0-Base-7B")
DIFFULLAMA = ("meta-llama/Llama-2-7b-hf", "diffusionfamily/diffullama")
PUBLISHED = {
    (*DREAM, "ioi"): 0.193,
    (*DREAM, "countdown"): 0.008,
    (*DIFFULLAMA, "ioi"): 0.088,
    (*DIFFULLAMA, "countdown"): 0.032,
}

ENTRY = """\
[[reported]]
arm = { called = "A", hub = "org/a" }
mdm = { called = "B", hub = "b" }
quantity = "jaccard, raw"
edges = 10
values = { ioi = 0.5 }
source = { arxiv = "2601.00001", location = "Table 1" }
not_stated = ["floor"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "reported.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def pair_of(make_record: MakeRecord) -> Rename:
    """The pair of a record whose members have these checkpoints."""
    pair = make_record().pair

    def rename(arm: str, mdm: str) -> PairProvenance:
        members = {
            "arm": pair.arm.model_copy(update={"checkpoint": arm}),
            "mdm": pair.mdm.model_copy(update={"checkpoint": mdm}),
        }
        return pair.model_copy(update=members)

    return rename


def test_the_numbers_are_the_published_ones() -> None:
    found = {
        (entry.arm.hub, entry.mdm.hub, task): value
        for entry in list_reported()
        for task, value in entry.values.items()
    }
    assert found == PUBLISHED


def test_the_sizes_and_the_source_are_the_published_ones() -> None:
    assert {(entry.quantity, entry.edges, entry.source.arxiv) for entry in list_reported()} == {
        ("jaccard, raw", 1000, "2601.14758")
    }


def test_what_is_not_known_is_said() -> None:
    for entry in list_reported():
        assert entry.source.location == "not located"
        assert set(entry.not_stated) == {"floor", "ceiling", "interval", "prompts"}


def test_a_good_entry_is_read(tmp_path: Path) -> None:
    (entry,) = read_reported(written(tmp_path, ENTRY))
    assert (entry.pair, entry.edges, entry.values, str(entry.source)) == (
        "A → B",
        10,
        {"ioi": 0.5},
        "arXiv 2601.00001",
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('quantity = "jaccard, raw"\n', "", "reported.0.quantity: Field required"),
        ("not_stated", "floor = 0.1\nnot_stated", "reported.0.floor: Extra inputs"),
        ('location = "Table 1"', 'location = "Table 1", year = 2026', "reported.0.source.year: Extra inputs"),
        ('"jaccard, raw"', '"jaccard"', "reported.0.quantity: Input should be 'jaccard, raw'"),
        ("ioi = 0.5", "ioi = 1.5", "reported.0.values.ioi: Input should be less than or equal to 1"),
        ("ioi = 0.5", "ioi = -0.1", "reported.0.values.ioi: Input should be greater than or equal to 0"),
        ("ioi = 0.5", "ioi = nan", "reported.0.values.ioi: "),
        ("ioi = 0.5", 'ioi = "0.5"', "reported.0.values.ioi: Input should be a valid number"),
        ("ioi = 0.5", "ioi = true", "reported.0.values.ioi: Input should be a valid number"),
        ("ioi = 0.5", "", "reported.0.values: "),
        ("ioi = 0.5", "iio = 0.5", "reported.0.values: Value error, no task is called iio"),
        ("edges = 10", "edges = 0", "reported.0.edges: Input should be greater than 0"),
        ("edges = 10", 'edges = "10"', "reported.0.edges: Input should be a valid integer"),
        ('"2601.00001"', '"the paper"', "reported.0.source.arxiv: String should match"),
        ('"Table 1"', '""', "reported.0.source.location: "),
        ('"org/a"', '"org/a/b"', "reported.0.arm.hub: String should match"),
        ('["floor"]', '["flour"]', "reported.0.not_stated.0: Input should be 'floor'"),
        ('["floor"]', "[]", "reported.0.not_stated: "),
        (ENTRY, "", "reported: Field required"),
        (ENTRY, "reported = []", "reported: "),
        (ENTRY, ENTRY + 'title = "more"\n', "reported.0.title: Extra inputs"),
        (ENTRY, 'title = "more"\n' + ENTRY, "title: Extra inputs"),
        (ENTRY, ENTRY + ENTRY.replace("org/a", "Org/A"), "two entries are of one pair, size and source"),
        ("edges = 10", "edges = ", "Invalid value"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ENTRY
    path = written(tmp_path, ENTRY.replace(old, new))
    with pytest.raises(NotComputable) as raised:
        read_reported(path)
    assert raised.value.problem.startswith(f"{path} is no file of reported numbers: ")
    assert says in raised.value.problem
    assert raised.value.remedy.startswith(
        "an entry has arm, mdm, quantity, edges, values, source, not_stated"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match=r"nowhere\.toml"):
        read_reported(tmp_path / "nowhere.toml")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "reported.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(NotComputable, match="is no file of reported numbers"):
        read_reported(tmp_path / "reported.toml")


def dream() -> Reported:
    return next(entry for entry in list_reported() if entry.mdm.hub == DREAM[1])


def test_a_pair_is_known_by_the_hub_ids_of_both_members(pair_of: Rename) -> None:
    assert dream().is_of(pair_of(*DREAM))


def test_hub_ids_are_known_in_any_case_of_letters(pair_of: Rename) -> None:
    assert dream().is_of(pair_of("qwen/qwen2.5-7b", "dream-org/DREAM-v0-base-7B"))


@pytest.mark.parametrize(
    ("arm", "mdm"),
    [
        (DREAM[0], DIFFULLAMA[1]),
        (DIFFULLAMA[0], DREAM[1]),
        (DREAM[1], DREAM[0]),
        ("checkpoints/Qwen2.5-7B", "checkpoints/Dream-v0-Base-7B"),
    ],
)
def test_one_member_or_another_folder_is_not_enough(pair_of: Rename, arm: str, mdm: str) -> None:
    assert not dream().is_of(pair_of(arm, mdm))


def test_a_control_is_not_the_pair(pair_of: Rename) -> None:
    assert not dream().is_of(pair_of(*DREAM).model_copy(update={"control": True}))


@pytest.mark.parametrize(("name", "members"), [("dream-7b", DREAM), ("diffullama-7b", DIFFULLAMA)])
def test_a_reported_pair_can_be_run_by_its_name(name: str, members: tuple[str, str]) -> None:
    spec = list_pairs()[name].spec
    assert (spec.arm.checkpoint, spec.mdm.checkpoint) == members
