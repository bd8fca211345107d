"""Results in the format of Every Eval Ever (arXiv 2606.14516), a shared store of evaluation results."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import cast, get_args
from uuid import UUID

from ...errors import NotComputable, UsageError, unknown
from ..record.lines import LINES
from ..record.missing import Missing
from ..record.number import Number
from ..record.provenance import PairProvenance
from ..record.quantity import Definition
from ..record.record import Record
from ..record.summary import LEVEL
from ..tables.cells import plain
from .evaluation_log import (
    ConfidenceInterval,
    EvalLibrary,
    EvaluationLog,
    EvaluationResult,
    MetricConfig,
    ModelInfo,
    Relationship,
    ScoreDetails,
    SourceData,
    SourceMetadata,
    Uncertainty,
)
from .publication import HUB_ID, PublishedRecord, RowValue, called, caveats, row_values, suite_id

VERSION = "0.3.0"
"""Of the format that is written."""


@dataclass(frozen=True)
class Evaluator:
    """Who made the run, and how they relate to the model."""

    name: str
    relationship: str

    def related(self) -> Relationship:
        """The relationship as the format has it. Raises UsageError for another word."""
        if self.relationship not in get_args(Relationship):
            raise unknown("relationship", self.relationship, get_args(Relationship))
        return cast(Relationship, self.relationship)


def evaluation_file(
    publication: PublishedRecord, evaluator: Evaluator | None, model: str | None = None
) -> dict[str, bytes]:
    """The file of a record by its path, `data/mechshift/ORG/MODEL/UUID.json`; its UUID is of its content.

    `model` is the Hub's id of the MDM, by default the one that the record names. Raises as `evaluation_log`.
    """
    log = evaluation_log(publication, evaluator, model)
    content = (log.model_dump_json(indent=1, exclude_none=True) + "\n").encode()
    # In the form of a random one, which the store asks for, but the same whenever the file is.
    name = UUID(bytes=hashlib.sha256(content).digest()[:16], version=4)
    return {f"data/mechshift/{log.model_info.id}/{name}.json": content}


def evaluation_log(
    publication: PublishedRecord, evaluator: Evaluator | None, model: str | None = None
) -> EvaluationLog:
    """The quantities of a pair's row, each as one result; those that are missing are in the source's details.

    Raises UsageError where the evaluator, the day or the model's id is not known, and NotComputable where
    every quantity is missing.
    """
    record = publication.record
    model_id = model or _hub_id(record)
    lacking = {
        "--evaluator and --relationship": evaluator is None,
        "--made": publication.made is None,
        "--model": model_id is None,
    }
    if evaluator is None or publication.made is None or model_id is None:
        absent = ", ".join(option for option, missing in lacking.items() if missing)
        raise UsageError(
            "Every Eval Ever asks who made the run, when, and of which model of the Hub, and the record does "
            "not tell",
            f"give {absent}",
        )
    _check_model(record, model_id)
    values = list(row_values(record))
    results = tuple(_result(publication, value) for value in values if isinstance(value.value, Number))
    if not results:
        raise NotComputable("the record has no number in its row", "name a record that has one")
    made = datetime.combine(publication.made, time(), UTC)
    timestamp = str(int(made.timestamp()))
    return EvaluationLog(
        schema_version=VERSION,
        evaluation_id=f"mechshift/{model_id}/{timestamp}",
        evaluation_timestamp=publication.made.isoformat(),
        retrieved_timestamp=timestamp,
        source_metadata=_source(publication, evaluator, values),
        eval_library=_library(record),
        model_info=_model(record, model_id),
        evaluation_results=results,
    )


def _hub_id(record: Record) -> str | None:
    """The Hub's id of the MDM; None for a directory, of which a record keeps the last two folders."""
    # Only what was loaded from the Hub has a revision; by its name alone a directory could pass for an id.
    return record.pair.mdm.checkpoint if record.pair.mdm.revision else None


def _check_model(record: Record, model_id: str) -> None:
    if not HUB_ID.fullmatch(model_id):
        raise UsageError(f"{model_id!r} is not a model of the Hub", "write it ORG/NAME with --model")
    recorded = _hub_id(record)
    if recorded not in (None, model_id):
        raise UsageError(
            f"the numbers are to be those of {model_id}, and the record is of {recorded}", "leave out --model"
        )


def _source(publication: PublishedRecord, evaluator: Evaluator, values: list[RowValue]) -> SourceMetadata:
    record = publication.record
    details = {
        "protocol": called(record.protocol),
        "status": publication.status,
        "caveats": ". ".join(caveats(publication)),
        **({"url": publication.url} if publication.url else {}),
        **{
            f"missing {value.quantity.name}": plain(value.value.missing)
            for value in values
            if isinstance(value.value, Missing)
        },
    }
    return SourceMetadata(
        source_name="mechshift",
        source_organization_name=plain(evaluator.name),
        evaluator_relationship=evaluator.related(),
        additional_details=details,
    )


def _library(record: Record) -> EvalLibrary:
    environment = record.environment
    details = {
        name: plain(getattr(environment, name))
        for name in ("python", "torch", "transformers", "numpy", "device")
    }
    return EvalLibrary(name="mechshift", version=plain(environment.mechshift), additional_details=details)


def _model(record: Record, model_id: str) -> ModelInfo:
    pair = record.pair
    return ModelInfo(
        name=plain(pair.name),
        id=model_id,
        inference_engine=EvalLibrary(name="transformers", version=plain(record.environment.transformers)),
        additional_details={
            "deployment_type": "self_deployed",
            "model_availability": "open_weights" if pair.mdm.revision else "unknown",
            **{name: plain(text) for name, text in _pair_details(pair)},
        },
    )


def _role(pair: PairProvenance) -> str:
    if pair.line is not None:
        return f"a line beside a pair: {LINES[pair.line.name]}"
    return "control: the ARM trained further" if pair.control else "MDM post-trained from the ARM"


def _pair_details(pair: PairProvenance) -> Iterator[tuple[str, str]]:
    yield "role", _role(pair)
    yield "confounds", "; ".join(pair.confounds) or "none declared"
    yield "attention", pair.mdm.attention
    yield "dtype", pair.mdm.dtype
    for role, member in (("mdm", pair.mdm), ("arm", pair.arm)):
        yield f"{role}_checkpoint", member.checkpoint
        yield f"{role}_weights_sha256", member.digest
        if member.revision is not None:
            yield f"{role}_revision", member.revision


def _result(publication: PublishedRecord, value: RowValue) -> EvaluationResult:
    record = publication.record
    number, quantity = value.value, value.quantity
    assert isinstance(number, Number), "missing values have no result"
    whole = suite_id(record.protocol, value.quantity.suite or "all")
    return EvaluationResult(
        evaluation_result_id=f"{whole}/{quantity.name}",
        evaluation_name=f"mechshift/{whole}",
        source_data=_source_data(publication, value.quantity.suite),
        metric_config=_metric_config(value),
        score_details=ScoreDetails(score=number.value, uncertainty=_uncertainty(record, value, number)),
    )


def _source_data(publication: PublishedRecord, suite: str | None) -> SourceData:
    tasks = [task for task in publication.record.results if suite in (None, task.suite)]
    details = {
        task.task: f"level {plain(task.level)}, version {task.version}, {task.pool.common} prompts, "
        f"fingerprint {plain(task.pool.fingerprint)}"
        for task in tasks
    }
    dataset = publication.dataset
    if dataset is None:
        return SourceData(dataset_name="mechshift", source_type="other", additional_details=details)
    if dataset.revision is not None:
        details["revision"] = dataset.revision
    return SourceData(
        dataset_name="mechshift", source_type="hf_dataset", hf_repo=dataset.id, additional_details=details
    )


def _metric_config(value: RowValue) -> MetricConfig:
    definition = value.quantity.definition
    return MetricConfig(
        evaluation_description=" ".join(each.text for each in _definitions(value)),
        metric_id=f"mechshift.{value.quantity.name}",
        metric_name=value.quantity.label,
        metric_unit=definition.unit or "none",
        # The format wants a direction. Two models that are more alike are not better, so that where the
        # quantity has none this one is not to be read, and the details say so.
        lower_is_better=definition.regression == "higher",
        min_score="-Infinity" if definition.low is None else definition.low,
        max_score="Infinity" if definition.high is None else definition.high,
        additional_details=_reading(value),
    )


def _definitions(value: RowValue) -> list[Definition]:
    """What the quantity is; of a mean over a suite's tasks also what it is the mean of."""
    own = value.quantity.definition
    return [own] if own.mean_of is None else [own, own.mean_of]


def _reading(value: RowValue) -> dict[str, str]:
    definition = value.quantity.definition
    said = {
        "larger": definition.larger,
        "range": definition.range,
        "trap": " ".join(each.trap for each in _definitions(value) if each.trap),
    }
    if value.quantity.member == "ARM":
        said["measured on"] = "the ARM, which is not the model of this file"
    if definition.regression in (None, "either"):
        said["direction"] = "neither end is better; lower_is_better does not apply"
    return {name: text for name, text in said.items() if text}


def _uncertainty(record: Record, value: RowValue, number: Number) -> Uncertainty | None:
    if number.low is None or number.high is None:
        return None
    counted = value.quantity.definition.counted
    of_task = (
        "Wilson's interval of each task"
        if counted
        else "bootstrap of each task over its templates, or over groups of prompts where these are under ten"
    )
    return Uncertainty(
        confidence_interval=ConfidenceInterval(
            lower=number.low,
            upper=number.high,
            confidence_level=LEVEL,
            method=f"{of_task}, combined over tasks by MOVER; the tasks are taken as given",
        ),
        num_bootstrap_samples=None if counted else record.protocol.statistics.resamples,
    )
