"""What a model's page on the Hub gets: one value per suite, with all that it must not be read without."""

from datetime import date

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries

from build.records import a_pair, a_record, number
from mechshift.benchmark.publishing.hub import eval_results
from mechshift.benchmark.publishing.publication import HubPlace, PublishedRecord
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.record.record import Record
from mechshift.errors import NotComputable, UsageError

DATASET = HubPlace("example/mechshift", "0123abc")
LOCAL = ".eval_results/mechshift-v2-local.yaml"
PLANNING = ".eval_results/mechshift-v2-planning.yaml"


def with_similarity(local: Measured, planning: Measured) -> Record:
    record = a_record()
    suites = {"local": local, "planning": planning}
    similarity = record.summary.similarity.model_copy(update={"suites": suites})
    return record.model_copy(update={"summary": record.summary.model_copy(update={"similarity": similarity})})


def entries(publication: PublishedRecord) -> dict[str, EvalResultEntry]:
    """The entries by file, as the Hub's own library reads them."""
    found = {}
    for path, content in eval_results(publication).items():
        (found[path],) = parse_eval_result_entries(yaml.safe_load(content))
    return found


def test_a_file_is_as_the_hub_documents_it() -> None:
    publication = PublishedRecord(
        a_record(), made=date(2026, 11, 29), url="https://example.org/tiny?v=1#row", dataset=DATASET
    )
    assert eval_results(publication)[LOCAL].decode() == (
        "- dataset:\n"
        '    id: "example/mechshift"\n'
        '    task_id: "v2-local"\n'
        '    revision: "0123abc"\n'
        "  value: 0.9\n"
        '  date: "2026-11-29"\n'
        "  source:\n"
        '    url: "https://example.org/tiny?v=1#row"\n'
        '    name: "mechshift record"\n'
        '  notes: "self-reported. confounds: none declared. similarity ρ of the edge scores of MDM and '
        "ARM (0: nothing in common, 1: proportional; not a score). 95 % interval [0.8800, 0.9200]. "
        "protocol v2, version 3, local tasks: ioi, induction, agreement, greater-than, arithmetic. "
        'ARM: tiny/arm"\n'
    )


def test_either_suite_has_a_file_with_its_similarity() -> None:
    found = entries(PublishedRecord(a_record(), dataset=HubPlace("example/mechshift")))
    assert {path: (entry.task_id, entry.value) for path, entry in found.items()} == {
        LOCAL: ("v2-local", 0.9),
        PLANNING: ("v2-planning", 0.7),
    }
    entry = found[PLANNING]
    assert (entry.dataset_revision, entry.date, entry.source_url, entry.verify_token) == (None,) * 4
    assert "planning tasks: infilling, article, countdown, sudoku, star-path" in str(entry.notes)


def test_a_missing_value_has_no_file_and_the_other_says_why() -> None:
    record = with_similarity(number(0.75, 0.05), Missing(missing="no comparison\non sudoku"))
    found = entries(PublishedRecord(record, dataset=DATASET))
    assert list(found) == [LOCAL]
    assert str(found[LOCAL].notes).endswith("planning: missing, no comparison on sudoku")


def test_a_value_without_an_interval_says_so() -> None:
    found = entries(PublishedRecord(with_similarity(number(0.75), number(0.5, 0.1)), dataset=DATASET))
    assert "without an interval" in str(found[LOCAL].notes)


def test_where_both_are_missing_there_is_nothing_to_publish() -> None:
    missing = Missing(missing="no task of this suite")
    with pytest.raises(NotComputable, match="planning: no task of this suite"):
        eval_results(PublishedRecord(with_similarity(missing, missing), dataset=DATASET))


def test_doubts_control_status_and_confounds_are_said_first() -> None:
    pair = a_pair("further", control=True, confounds=("other data", 'a "longer"\ncontext'))
    publication = PublishedRecord(
        a_record(pair=pair), status="re-run", unofficial="r.json is partial", dataset=DATASET
    )
    assert str(entries(publication)[LOCAL].notes).startswith(
        "UNOFFICIAL, not comparable with a board's results: r.json is partial. "
        "control: the second model is no MDM but the ARM trained further. re-run. "
        'confounds: other data; a "longer" context. '
    )


def test_names_out_of_a_record_cannot_add_fields() -> None:
    pair = a_pair("x", arm={"checkpoint": 'arm"\n  verifyToken: "forged'})
    (entry,) = yaml.safe_load(eval_results(PublishedRecord(a_record(pair=pair), dataset=DATASET))[LOCAL])
    assert set(entry) == {"dataset", "value", "notes"}


def test_without_a_benchmark_repository_there_is_no_entry() -> None:
    with pytest.raises(UsageError, match="names the repository of the benchmark"):
        eval_results(PublishedRecord(a_record()))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("org/name", HubPlace("org/name")),
        ("org/na.me_1@main", HubPlace("org/na.me_1", "main")),
        ("org/name@refs/pr/1", HubPlace("org/name", "refs/pr/1")),
    ],
)
def test_a_place_on_the_hub_is_read(text: str, place: HubPlace) -> None:
    assert HubPlace.parse(text) == place


@pytest.mark.parametrize("text", ["name", "a/b/c", "org/..", "/name", "org/name@", "org/na me", "org/name\n"])
def test_any_other_text_is_no_place_on_the_hub(text: str) -> None:
    with pytest.raises(UsageError, match="is not a repository of the Hub"):
        HubPlace.parse(text)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "example.org", "https://a b", 'https://a"b', "https://a\n"]
)
def test_what_is_no_web_page_is_no_source(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a page"):
        PublishedRecord(a_record(), url=url)
