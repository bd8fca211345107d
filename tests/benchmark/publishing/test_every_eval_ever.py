"""A record in the format of Every Eval Ever, field by field as its schema asks for them."""

import json
import re
from datetime import date
from typing import Any

import pytest

from build.records import a_pair, a_record, number
from mechshift.benchmark.publishing.every_eval_ever import Evaluator, evaluation_file
from mechshift.benchmark.publishing.publication import HubPlace, PublishedRecord
from mechshift.benchmark.record.means import Square, Summary
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.record import Record
from mechshift.errors import NotComputable, UsageError

LAB = Evaluator("Example Lab", "third_party")
DAY = date(2026, 11, 29)
MODEL = "example/tiny"
NAMES = [
    *(f"accuracy_{member}_{suite}" for suite in ("local", "planning") for member in ("arm", "mdm")),
    *(f"similarity_{suite}{of}" for suite in ("local", "planning") for of in ("", "_words", "_symbols")),
    *(f"task_dependent_shift{of}" for of in ("", "_words", "_symbols", "_across")),
    *(
        f"transfer_in_{host}_{suite}{of}"
        for suite in ("local", "planning")
        for of in ("", "_words", "_symbols")
        for host in ("arm", "mdm")
    ),
    "neurons_local",
    "neurons_planning",
    "overlap_local",
    "overlap_planning",
    "overlap_shift",
    "one_size_edges",
    "overlap_shift_one_size",
    *(
        f"{what}_shift{weighting}_{suite}"
        for what in ("early", "specialisation")
        for suite in ("local", "planning")
        for weighting in ("", "_squared")
    ),
    *(f"right_context{of}_{suite}" for suite in ("local", "planning") for of in ("", "_squared")),
    "faithfulness_arm",
    "faithfulness_mdm",
]
PLANNING = ["infilling", "article", "countdown", "sudoku", "star-path"]
FOLDER = a_pair("tiny", mdm={"revision": None})
"""A pair of directories, which have no revision."""


def written(record: Record, model: str | None = MODEL, **known: Any) -> dict[str, Any]:
    """The one file of a record, read as JSON, in which Infinity and NaN have no place."""
    publication = PublishedRecord(record, **{"made": DAY, **known})
    (content,) = evaluation_file(publication, LAB, model).values()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    loaded: dict[str, Any] = json.loads(content, parse_constant=refuse)
    return loaded


def results(log: dict[str, Any]) -> dict[str, Any]:
    """The results by the name of their quantity."""
    named = ((one["metric_config"]["metric_id"], one) for one in log["evaluation_results"])
    return {name.removeprefix("mechshift."): one for name, one in named}


@pytest.fixture(scope="module")
def log() -> dict[str, Any]:
    return written(a_record(pair=FOLDER), url="https://example.org/r")


def test_every_quantity_of_the_row_is_one_result(log: dict[str, Any]) -> None:
    assert list(results(log)) == NAMES
    scores = {name: one["score_details"]["score"] for name, one in results(log).items()}
    assert (scores["overlap_local"], scores["overlap_planning"]) == (0.75, 0.5)
    assert (scores["task_dependent_shift"], scores["one_size_edges"]) == (0.25, 1000)
    assert (scores["accuracy_mdm_planning"], scores["faithfulness_arm"]) == (0.9, 0.67)
    assert (scores["transfer_in_arm_local_words"], scores["transfer_in_mdm_planning"]) == (0.95, 0.8)


def test_the_log_says_of_what_by_whom_and_when(log: dict[str, Any]) -> None:
    # 29 November 2026 is day 20,786 of the epoch.
    assert log["retrieved_timestamp"] == str(20_786 * 86_400)
    assert log["evaluation_id"] == f"mechshift/example/tiny/{20_786 * 86_400}"
    assert (log["schema_version"], log["evaluation_timestamp"]) == ("0.3.0", "2026-11-29")
    assert log["source_metadata"] == {
        "source_name": "mechshift",
        "source_type": "evaluation_run",
        "source_organization_name": "Example Lab",
        "evaluator_relationship": "third_party",
        "additional_details": {
            "protocol": "protocol v2, version 3",
            "status": "self-reported",
            "caveats": "self-reported. confounds: none declared",
            "url": "https://example.org/r",
        },
    }
    assert (log["eval_library"]["name"], log["eval_library"]["version"]) == ("mechshift", "0.1.0")
    assert log["model_info"]["id"] == MODEL
    details = log["model_info"]["additional_details"]
    assert (details["deployment_type"], details["model_availability"]) == ("self_deployed", "unknown")
    assert details["arm_weights_sha256"] == "tiny arm digest"
    assert details["mdm_weights_sha256"] == "tiny mdm digest"


def test_an_overlap_has_its_interval_and_the_resamples_it_is_of(log: dict[str, Any]) -> None:
    uncertainty = results(log)["overlap_local"]["score_details"]["uncertainty"]
    interval = uncertainty["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == (0.75 - 0.05, 0.75 + 0.05)
    assert interval["confidence_level"] == 0.95
    assert interval["method"].startswith("bootstrap of each task over its templates")
    assert uncertainty["num_bootstrap_samples"] == 200


def test_an_accuracy_is_counted_and_not_resampled(log: dict[str, Any]) -> None:
    uncertainty = results(log)["accuracy_arm_local"]["score_details"]["uncertainty"]
    assert "num_bootstrap_samples" not in uncertainty
    assert uncertainty["confidence_interval"]["method"].startswith("Wilson")


def test_what_has_no_interval_has_no_uncertainty(log: dict[str, Any]) -> None:
    assert results(log)["one_size_edges"]["score_details"] == {"score": 1000}


def test_a_metric_has_its_bounds_and_its_direction(log: dict[str, Any]) -> None:
    found = {name: one["metric_config"] for name, one in results(log).items()}
    accuracy, overlap = found["accuracy_mdm_local"], found["overlap_local"]
    assert (accuracy["min_score"], accuracy["max_score"], accuracy["score_type"]) == (0, 1, "continuous")
    assert accuracy["lower_is_better"] is False
    assert "direction" not in accuracy["additional_details"]
    assert (overlap["min_score"], overlap["max_score"]) == ("-Infinity", "Infinity")
    assert overlap["additional_details"]["direction"].startswith("neither end is better")


def test_a_suites_mean_says_what_it_is_the_mean_of(log: dict[str, Any]) -> None:
    overlap = results(log)["overlap_local"]["metric_config"]
    assert "from chance (0) to what two samples" in overlap["evaluation_description"]
    assert "says nothing about function" in overlap["additional_details"]["trap"]


def test_what_was_measured_on_the_arm_says_so(log: dict[str, Any]) -> None:
    details = {name: one["metric_config"]["additional_details"] for name, one in results(log).items()}
    of_arm = {name for name, known in details.items() if "measured on" in known}
    # What the MDM's circuit does in the ARM is measured on the ARM.
    hosted = {name for name in NAMES if name.startswith("transfer_in_arm_")}
    assert len(hosted) == 6
    assert of_arm == {"accuracy_arm_local", "accuracy_arm_planning", "faithfulness_arm", *hosted}


def test_a_missing_value_is_no_result_but_a_reason() -> None:
    log = written(a_record(pair=FOLDER, shift=Missing(missing="no comparison on sudoku")))
    assert list(results(log)) == [name for name in NAMES if name != "task_dependent_shift"]
    details = log["source_metadata"]["additional_details"]
    assert details["missing task_dependent_shift"] == "no comparison on sudoku"


def without_numbers(summary: Summary) -> Summary:
    missing = Missing(missing="nothing was solved")
    suites = dict.fromkeys(("local", "planning"), missing)
    by_suite = ("accuracy_arm", "accuracy_mdm", "neurons", "overlap", "early_shift")
    by_suite += ("early_shift_squared", "specialisation_shift", "specialisation_shift_squared")
    by_suite += ("right_context", "right_context_squared")
    size = summary.one_size.model_copy(update={"edges": None, "shift": missing})
    nothing = dict.fromkeys(("words", "symbols"), missing)
    square = Square(
        suites=suites, words=suites, symbols=suites, shifts=nothing, shift=missing, across=missing
    )
    changes = {
        "similarity": square,
        "transfer": dict.fromkeys(("arm", "mdm"), square),
        "overlap_shift": missing,
        "one_size": size,
        "faithfulness": dict.fromkeys(("arm", "mdm"), missing),
    }
    return summary.model_copy(update={**dict.fromkeys(by_suite, suites), **changes})


def test_a_record_without_a_number_is_an_error() -> None:
    record = a_record(pair=FOLDER)
    with pytest.raises(NotComputable, match="no number in its row"):
        written(record.model_copy(update={"summary": without_numbers(record.summary)}))


def test_the_data_are_the_suites_tasks(log: dict[str, Any]) -> None:
    found = results(written(a_record(pair=FOLDER), dataset=HubPlace("example/mechshift", "0123abc")))
    source = found["overlap_planning"]["source_data"]
    assert (source["source_type"], source["hf_repo"]) == ("hf_dataset", "example/mechshift")
    assert list(source["additional_details"]) == [*PLANNING, "revision"]
    assert source["additional_details"]["sudoku"] == "level easy, version 2, 500 prompts, fingerprint f00d"
    generated = results(log)
    assert generated["overlap_planning"]["source_data"]["source_type"] == "other"
    assert "hf_repo" not in generated["overlap_planning"]["source_data"]
    assert len(generated["task_dependent_shift"]["source_data"]["additional_details"]) == 10


def test_all_details_are_texts() -> None:
    log = written(a_record(pair=FOLDER), dataset=HubPlace("a/b", "c"), unofficial="it is partial")
    holders = [log["source_metadata"], log["eval_library"], log["model_info"]]
    holders += [one[part] for one in results(log).values() for part in ("source_data", "metric_config")]
    details = [text for holder in holders for text in holder["additional_details"].values()]
    assert details
    assert all(isinstance(text, str) and text for text in details)
    assert "UNOFFICIAL" in log["source_metadata"]["additional_details"]["caveats"]


def test_a_model_of_the_hub_is_known_by_the_record() -> None:
    pair = a_pair("tiny", mdm={"checkpoint": "lab/diffusion", "revision": "0123abc"})
    known = written(a_record(pair=pair), model=None)["model_info"]
    assert known["id"] == "lab/diffusion"
    assert known["additional_details"]["model_availability"] == "open_weights"
    assert known["additional_details"]["mdm_revision"] == "0123abc"
    with pytest.raises(UsageError, match="the record is of lab/diffusion"):
        written(a_record(pair=pair), model="other/model")


def test_a_directory_does_not_pass_for_a_model_of_the_hub() -> None:
    with pytest.raises(UsageError, match="give --model"):
        written(a_record(pair=FOLDER), model=None)


@pytest.mark.parametrize("model", ["tiny", "../x/y", "a/..", "a/b/c"])
def test_a_model_is_a_repository_of_the_hub(model: str) -> None:
    with pytest.raises(UsageError, match="is not a model of the Hub"):
        written(a_record(pair=FOLDER), model=model)


def test_what_the_record_does_not_tell_is_asked_for_together() -> None:
    with pytest.raises(UsageError, match="give --evaluator and --relationship, --made, --model"):
        evaluation_file(PublishedRecord(a_record(pair=FOLDER)), None)


def test_a_relationship_is_one_of_the_formats() -> None:
    publication = PublishedRecord(a_record(pair=FOLDER), made=DAY)
    with pytest.raises(UsageError, match="did you mean third_party"):
        evaluation_file(publication, Evaluator("A", "third-party"), MODEL)


def test_the_file_stands_where_the_store_wants_it_and_is_named_by_its_content() -> None:
    publication = PublishedRecord(a_record(pair=FOLDER), made=DAY)
    ((path, content),) = evaluation_file(publication, LAB, MODEL).items()
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(rf"data/mechshift/example/tiny/{uuid}\.json", path)
    assert evaluation_file(publication, LAB, MODEL) == {path: content}
    other = a_record(pair=FOLDER, shift=number(0.26, 0.05))
    assert path not in evaluation_file(PublishedRecord(other, made=DAY), LAB, MODEL)
