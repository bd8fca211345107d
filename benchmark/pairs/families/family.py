"""What has to be known of a family of models, so that nothing else has to know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import nn
from transformers import PreTrainedModel

from ..backbones import Backbone


@dataclass(frozen=True)
class Variant:
    """What is published under a `model_type` of its own and is a native class all the same.

    `native` is that class's `model_type`; `dropped` are keys of config.json that it has in another form or
    not at all. `mdm`: whether only MDMs are published under it. Of a model of texts and images `text` is the
    key of config.json under which the settings for texts are, and `beside` is how names of parameters begin
    that texts do not pass.
    """

    native: str
    dropped: frozenset[str] = frozenset()
    mdm: bool = True
    text: str | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """One module tree: which native classes have it, and where in it everything is.

    `classes`: native class by `model_type`; `variants`: what else loads as one of them, by published
    `model_type`. `key_map`: names of published parameters that the classes do not know, patterns and
    replacements. `counts`: what a configuration counts, by the name that its class gives it. `rotary`:
    numbers of `rope_parameters` that a class, by `model_type`, takes without looking whether they are there.

    `read` makes the view of a model that everything else works on. `held` tells what the modules hold of the
    numbers in config.json, by key: a value that is lost on the way gives plausible wrong logits.
    `set_key_value` puts other key and value maps into a layer, with one head for each query head; None where
    heads are never grouped.
    """

    classes: Mapping[str, type[PreTrainedModel]]
    read: Callable[[PreTrainedModel], Backbone]
    held: Callable[[PreTrainedModel], dict[str, float]]
    counts: tuple[str, ...]
    variants: Mapping[str, Variant] = field(default_factory=dict)
    key_map: tuple[tuple[str, str], ...] = ()
    rotary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    set_key_value: Callable[[PreTrainedModel, int, nn.Linear, nn.Linear], None] | None = None
