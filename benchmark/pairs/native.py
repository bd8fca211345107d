"""A checkpoint in an unmodified native `transformers` class, with nothing lost on the way."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from logging import CRITICAL
from typing import Any, cast

import torch
from safetensors import safe_open
from transformers import GenerationConfig, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from ...errors import PairError, is_out_of_memory, printable, unknown
from .backbones import Backbone
from .check_name import of_check
from .checkpoint import Checkpoint
from .families import CLASSES, VARIANTS, family_of, read_backbone
from .families.family import Family, Variant
from .spec import LoaderSpec
from .spread import DeviceByPart, check_accelerate, devices_of
from .words import in_either

DROPPED = frozenset(field.name for field in fields(cast(Any, PreTrainedConfig))) | {
    "model_type",
    "auto_map",
    "torch_dtype",
    "attn_implementation",
    "experts_implementation",
    "is_causal",
    "quantization_config",
}
"""Keys of config.json that say how a checkpoint is loaded, attends and returns its results: ours to say."""

PROPERTIES = frozenset({"rope_scaling"})
"""Settings that a class has as properties."""

DTYPES = {torch.float32, torch.bfloat16, torch.float16}

MOST_LAYERS = 1_000
"""Layers of the deepest model that is taken: several times those of any published one."""
MOST = 2**24
"""And of anything else that config.json counts: heads, widths, rows, positions, experts."""

LAYER_TYPES = {"full_attention", "sliding_attention"}
"""Kinds of layer that follow the 4-D mask."""


@dataclass(frozen=True)
class Loading:
    """Which parameters a load did not fill, did not use, or found in another shape."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]


def load_backbone(checkpoint: Checkpoint, loader: LoaderSpec, place: torch.device | DeviceByPart) -> Backbone:
    """The checkpoint's backbone on a device or several: evaluation mode, no parameter requiring a gradient.

    Raises PairError for an unsupported class, a parameter missing, left over or of another shape, a declared
    renaming without an effect, and a value of config.json (rotary base, tied head, norm epsilon) that the
    loaded model does not have.
    """
    with of_check("class"):
        kind = native_type(checkpoint, loader)
    with of_check("configuration"):
        config = native_config(checkpoint, loader)
        # Before loading, which would allocate whatever config.json asks for.
        _check_extent(checkpoint, loader)
    with of_check("parameters"):
        model, loading = _load(checkpoint, loader, kind, config, place)
        _check_parameters(checkpoint, kind, loading)
        _check_key_map(checkpoint, loader, model)
    with of_check("configuration"):
        _check_config(checkpoint, model)
        _check_dtype(checkpoint, model)
    model.requires_grad_(False).train(False)
    devices = devices_of(place)
    return read_backbone(model.to(devices[0]) if len(devices) == 1 else model)  # type: ignore[arg-type]


def native_type(checkpoint: Checkpoint, loader: LoaderSpec) -> str:
    """The native `model_type` that the checkpoint loads as. Raises PairError when there is none."""
    if loader.native is not None and loader.native not in CLASSES:
        raise unknown("native class", loader.native, CLASSES)
    published, variant = checkpoint.config.get("model_type"), _variant(checkpoint)
    kind = loader.native or (str(published) if variant is None else variant.native)
    if kind not in CLASSES:
        raise PairError(
            f"{checkpoint.name} is a {published!r} model, which has no backbone reader",
            f"supported are pre-norm transformers: {', '.join((*CLASSES, *VARIANTS))}",
        )
    if checkpoint.config.get("quantization_config"):
        raise PairError(f"{checkpoint.name} is quantised", "name the unquantised checkpoint")
    return kind


def native_config(checkpoint: Checkpoint, loader: LoaderSpec) -> Any:
    """The native class's configuration, from config.json alone. Raises PairError where it is not one's.

    transformers makes attributes of all keys: those that would replace an attribute or a method of the class,
    and are none of its settings, are left out.
    """
    kind = native_type(checkpoint, loader)
    native: Any = CLASSES[kind]
    written, variant = _written(checkpoint), _variant(checkpoint)
    dropped = DROPPED.union(loader.dropped_keys, variant.dropped if variant is not None else ())
    if written.get("sliding_window") is False:
        dropped |= {"sliding_window"}  # RND1's way to say that there is none
    made: Any = native.config_class
    settings = {field.name for field in fields(made)}.union(PROPERTIES, *made.attribute_map.items())
    kept = {
        key: value
        for key, value in written.items()
        if key not in dropped and (key in settings or not (key.startswith("_") or hasattr(made, key)))
    }
    _check_bounds(checkpoint, native)
    wrong = f"config.json of {checkpoint.name} is not that of a {kind} model"
    with _refusing(wrong, "declare another native class, or the keys to drop"), quiet():
        config = made(**kept)
    _check_numbers(checkpoint, config, family_of(CLASSES[kind]))
    _check_rotary(checkpoint, config, family_of(CLASSES[kind]).rotary.get(kind, ()))
    _check_layers(checkpoint, config)
    return config


def _variant(checkpoint: Checkpoint) -> Variant | None:
    return VARIANTS.get(str(checkpoint.config.get("model_type")))


def _written(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """The settings of the model in config.json, of a model of texts and images those for texts."""
    variant = _variant(checkpoint)
    if variant is None or variant.text is None:
        return checkpoint.config
    inner = checkpoint.config.get(variant.text)
    if not isinstance(inner, dict):
        raise PairError(
            f"config.json of {checkpoint.name} is that of a model of texts and images, and its "
            f"{variant.text} is {inner!r}",
            "copy the config.json that belongs to these weights, or the whole checkpoint again",
        )
    return inner


def native_model(checkpoint: Checkpoint, loader: LoaderSpec) -> PreTrainedModel:
    """The native class with new parameters on the device that is torch's default. Raises PairError."""
    config = native_config(checkpoint, loader)
    config._attn_implementation = loader.kernel
    native = CLASSES[native_type(checkpoint, loader)]
    wrong = f"config.json of {checkpoint.name} makes no {native.__name__}"
    with _refusing(wrong, "correct config.json, or declare the keys to drop"), quiet():
        return native(config)


@contextmanager
def _refusing(wrong: str, remedy: str) -> Iterator[None]:
    """PairError for whatever transformers raises, which depends on the value that it meets and where."""
    try:
        yield
    except Exception as error:
        if isinstance(error, PairError) or is_out_of_memory(error):
            raise
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PairError(f"{wrong}: {said}", remedy) from error


def _check_bounds(checkpoint: Checkpoint, native: Any) -> None:
    """Before anything is built: configurations and classes go from layer to layer, and would never end."""
    settings = _written(checkpoint)
    for name in family_of(native).counts:
        most = MOST_LAYERS if name == "num_hidden_layers" else MOST
        for written in (name, native.config_class.attribute_map.get(name, name)):
            value = settings.get(written)
            if isinstance(value, int | float) and value > most:
                raise PairError(
                    f"config.json of {checkpoint.name} says {written} = {value}, "
                    f"and at most {most:,} are taken",
                    "correct it, or copy the config.json that belongs to these weights",
                )


def _check_numbers(checkpoint: Checkpoint, config: Any, family: Family) -> None:
    """The native classes take values that fail only when they run, or never."""
    values: dict[str, Any] = {name: getattr(config, name, None) for name in family.counts}
    values = {name: value for name, value in values.items() if value is not None}
    if getattr(config, "rope_parameters", None):
        values["rope_theta"] = config.rope_parameters.get("rope_theta")
    for name, value in values.items():
        if not (isinstance(value, int | float) and 0 < value < math.inf):
            written = name if name in _written(checkpoint) else config.attribute_map.get(name, name)
            raise PairError(
                f"config.json of {checkpoint.name} says {written} = {value!r}",
                "correct it: a positive number is needed",
            )
    chosen, experts = values.get("num_experts_per_tok", 1), values.get("num_experts", math.inf)
    if chosen > experts:
        raise PairError(
            f"config.json of {checkpoint.name} has {experts} experts, of which a token passes {chosen}",
            "correct num_experts_per_tok: it is at most num_experts",
        )


def _check_rotary(checkpoint: Checkpoint, config: Any, needed: tuple[str, ...]) -> None:
    """A class that takes a number for granted fails where it runs, or divides by it."""
    for name in needed:
        value = config.rope_parameters.get(name)
        least = 1 if name == "original_max_position_embeddings" else 0
        if not (isinstance(value, int | float) and least <= value < math.inf):
            raise PairError(
                f"config.json of {checkpoint.name} says {name} = {value!r} in rope_parameters",
                f"correct it: a number of {least} or more is needed",
            )


def _check_layers(checkpoint: Checkpoint, config: Any) -> None:
    other = set(getattr(config, "layer_types", None) or ()) - LAYER_TYPES
    if other:
        raise PairError(
            f"{checkpoint.name} has layers of {', '.join(sorted(map(str, other)))}",
            "only layers of attention under a mask have the circuit graph measured here",
        )


def _check_extent(checkpoint: Checkpoint, loader: LoaderSpec) -> None:
    """Whether the files can hold the class at all: else memory would be asked for what is not there.

    No dtype has less than a byte a parameter. On the device `meta` parameters have shapes and no memory.
    """
    with torch.device("meta"):
        needed = sum(parameter.numel() for parameter in native_model(checkpoint, loader).parameters())
    held = sum(file.stat().st_size for file in checkpoint.weights)
    if needed > held:
        raise PairError(
            f"config.json of {checkpoint.name} is that of a model of {needed:,} parameters, and its weights "
            f"are {held:,} bytes",
            "copy the config.json that belongs to these weights, or the whole checkpoint again",
        )


def _load(
    checkpoint: Checkpoint, loader: LoaderSpec, kind: str, config: Any, place: torch.device | DeviceByPart
) -> tuple[PreTrainedModel, Loading]:
    native: Any = CLASSES[kind]
    family, declared = family_of(native), dict(loader.key_map)
    wrong = f"{checkpoint.name} does not load as {native.__name__}"
    remedy = "copy or download the checkpoint again, or declare another native class"
    apart = None
    if not isinstance(place, torch.device) and len(devices_of(place)) > 1:
        check_accelerate()
        apart = {name: str(device) for name, device in place.items()}
    with _refusing(wrong, remedy), quiet():
        model, info = native.from_pretrained(
            checkpoint.directory,
            config=config,
            dtype=loader.precision,
            attn_implementation=loader.kernel,
            experts_implementation="eager",  # the only one with a gradient on every device
            # On one device it is put afterwards, for which accelerate need not be there.
            device_map=apart,
            # Declared ones go first, as the family's own would take their names away, and in their place.
            key_mapping={**declared, **dict(family.key_map), **declared} or None,
            use_safetensors=True,
            local_files_only=True,
            generation_config=GenerationConfig(),  # that of the checkpoint is not read
            # Reported instead of raised, so that one error can name everything that is wrong.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    variant = _variant(checkpoint)
    beside = () if variant is None else variant.beside
    missing = sorted(info["missing_keys"])
    unexpected = sorted(name for name in info["unexpected_keys"] if not name.startswith(beside))
    reshaped = sorted(str(name) for name, *_ in info["mismatched_keys"])
    return model, Loading(tuple(missing), tuple(unexpected), tuple(reshaped))


def _check_parameters(checkpoint: Checkpoint, kind: str, loading: Loading) -> None:
    found = (
        ("lacks", loading.missing),
        ("has besides", loading.unexpected),
        ("has in another shape", loading.reshaped),
    )
    complaints = [f"it {verb} {_some(names)}" for verb, names in found if names]
    if complaints:
        raise PairError(
            f"the weights of {checkpoint.name} are not those of {CLASSES[kind].__name__}: "
            + "; ".join(complaints),
            "declare the native class whose parameters these are, or a key map; "
            "if config.json is not this checkpoint's own, copy the right one",
        )


def _check_key_map(checkpoint: Checkpoint, loader: LoaderSpec, model: PreTrainedModel) -> None:
    """`transformers` passes over a renaming away from a name that the class has, and over one of nothing."""
    native, names = set(model.state_dict()), _stored_names(checkpoint)
    for pattern, replacement in loader.key_map:
        renamed = {name: re.sub(pattern, replacement, name, count=1) for name in names}
        changed = {name: new for name, new in renamed.items() if new != name}
        if not changed:
            raise _idle(checkpoint, pattern, "and there is no such name")
        wrong = next((name for name, new in changed.items() if name in native and new not in native), None)
        if wrong is not None:
            kind = type(model).__name__
            raise _idle(checkpoint, pattern, f"and {kind} has {wrong}, but no {changed[wrong]}")
        names = list(renamed.values())


def _stored_names(checkpoint: Checkpoint) -> list[str]:
    names: list[str] = []
    for file in checkpoint.weights:
        with safe_open(file, framework="pt") as stored:
            names += stored.keys()
    return names


def _idle(checkpoint: Checkpoint, pattern: str, found: str) -> PairError:
    return PairError(
        f"the declared key map renames {pattern!r} in the weights of {checkpoint.name}, {found}",
        "leave it out of the key map, or correct it",
    )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(printable, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _check_config(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    """Compares what the modules hold with the file: a lost value gives plausible wrong logits."""
    backbone = read_backbone(model)
    tied = backbone.head.weight is backbone.embedding.weight
    found = {"tie_word_embeddings": float(tied), **family_of(model).held(model)}
    declared = dict(_written(checkpoint))
    declared |= declared.get("rope_parameters") or {}  # where transformers 5 writes the rotary base
    for key, value in found.items():
        asked = declared.get(key)
        if asked is not None and not math.isclose(asked, value, rel_tol=1e-6):
            raise PairError(
                f"config.json of {checkpoint.name} says {key} = {asked}, and the loaded model has {value}",
                f"do not drop or override {key}"
                if key != "tie_word_embeddings"
                else "correct config.json: the checkpoint's head and embedding decide whether they are tied",
            )


def _check_dtype(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    if model.dtype not in DTYPES:
        raise PairError(
            f"{checkpoint.name} is stored as {str(model.dtype).removeprefix('torch.')}",
            f"run it at another precision: {in_either('dtype')} float32, or precision in its entry",
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the progress bars and warnings of `transformers`, and restores them."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
