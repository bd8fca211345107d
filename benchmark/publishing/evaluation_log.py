"""The part of the format of Every Eval Ever (arXiv 2606.14516) that is written, as types."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Relationship = Literal["first_party", "third_party", "collaborative", "other"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SourceMetadata(_Entry):
    """Who evaluated, and what not to read the results without."""

    source_name: str
    source_type: Literal["evaluation_run"] = "evaluation_run"
    source_organization_name: str
    evaluator_relationship: Relationship
    additional_details: dict[str, str]


class EvalLibrary(_Entry):
    """What the evaluation was run with."""

    name: str
    version: str
    additional_details: dict[str, str] | None = None


class ModelInfo(_Entry):
    """What was evaluated: the MDM, which the details tell apart from its ARM."""

    name: str
    id: str
    inference_engine: EvalLibrary
    additional_details: dict[str, str]


class SourceData(_Entry):
    """The examples: a repository of the Hub, or what the package itself generates."""

    dataset_name: str
    source_type: Literal["hf_dataset", "other"]
    hf_repo: str | None = None
    additional_details: dict[str, str]


class MetricConfig(_Entry):
    """A quantity: what it is and between which bounds it lies; unbounded ends are words, as JSON asks."""

    evaluation_description: str
    metric_id: str
    metric_name: str
    metric_unit: str
    lower_is_better: bool
    score_type: Literal["continuous"] = "continuous"
    min_score: float | Literal["-Infinity"]
    max_score: float | Literal["Infinity"]
    additional_details: dict[str, str]


class ConfidenceInterval(_Entry):
    """Both bounds of an interval, and how it was computed."""

    lower: float
    upper: float
    confidence_level: float
    method: str


class Uncertainty(_Entry):
    """An interval, and the number of resamples it was drawn with, where it was drawn."""

    confidence_interval: ConfidenceInterval
    num_bootstrap_samples: int | None = None


class ScoreDetails(_Entry):
    """The number, with its uncertainty if it has an interval."""

    score: float
    uncertainty: Uncertainty | None = None


class EvaluationResult(_Entry):
    """One number: of what, on which data."""

    evaluation_result_id: str
    evaluation_name: str
    source_data: SourceData
    metric_config: MetricConfig
    score_details: ScoreDetails


class EvaluationLog(_Entry):
    """A file of Every Eval Ever: all numbers of one model from one source."""

    schema_version: str
    evaluation_id: str
    evaluation_timestamp: str
    retrieved_timestamp: str
    source_metadata: SourceMetadata
    eval_library: EvalLibrary
    model_info: ModelInfo
    evaluation_results: tuple[EvaluationResult, ...]
