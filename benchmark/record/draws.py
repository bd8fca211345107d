"""The resampled values behind a record's intervals, kept beside it: with them records are compared in pairs.

All records of a protocol are resampled with one seed. On the same examples the r-th resample of two records
is then of the same prompts, and what both owe to the luck of the prompts cancels in the difference.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ...errors import NotComputable
from ...files import replacing
from ...metrics.inputs import Floats
from .number import Number
from .record import Record
from .task_record import TaskRecord

Draws = Mapping[str, Floats]
"""By the place of a number in its record, such as `ioi/compared.edge.normalised`: its draws, [resamples]."""

FORMAT = "draws 1"
KEY = "mechshift"
STEPS = 65_534
"""Into how many steps the range of a number's draws is divided in the file: 16 bits, one code for no value.

Rounding moves a draw by at most 1/131,068 of that range, far less than other resamples would.
"""
COARSE_STEPS = 4_094
"""The same in submissions, where rounding moves a draw by at most 1/8,188 of the range.

Finer steps are noise to a packer: with all of `STEPS` the draws of a submission took half as much again.
"""
LARGEST_DRAWS = 32 * 2**20
"""Bytes of the largest file of draws that is read; those of a whole protocol take one MiB."""

MOST_RESAMPLES = 10_000
"""Resamples of the most that are read; protocols have a thousand."""

_NONE = -32_768
_DTYPES = {"codes": "I16", "least": "F64", "step": "F64"}


def take_draws(record: Record) -> dict[str, Floats]:
    """The draws of every number of a record that has them at hand."""
    found: dict[str, Floats] = {}

    def keep(place: str, number: Number) -> Number:
        if number.draws is not None:
            found[place] = number.draws
        return number

    for task in record.tasks:
        for _, place, content in _contents(task):
            map_numbers(content, place, keep)
    return found


def with_draws(record: Record, draws: Draws) -> Record:
    """The record with those draws at its numbers. Places that it does not have are passed over."""

    def add(place: str, number: Number) -> Number:
        return number.drawn(draws[place]) if place in draws else number

    tasks = tuple(
        task.model_copy(
            update={name: map_numbers(content, place, add) for name, place, content in _contents(task)}
        )
        for task in record.tasks
    )
    return record.model_copy(update={"tasks": tasks})


def find_numbers(task: TaskRecord) -> Iterator[tuple[str, Number]]:
    """Every number of a task's comparison and reads, with its place in the record, as `Draws` has them."""
    for _, place, content in _contents(task):
        yield from numbers_in(content, place)


def _contents(task: TaskRecord) -> Iterator[tuple[str, str, BaseModel]]:
    """What of a task's record has numbers with draws: its name, what their places begin with, and itself."""
    yield "comparison", f"{task.task}/", task.comparison
    for name in ("stages", "function", "causality"):
        content = getattr(task, name)
        if content is not None:  # what the protocol does not ask for
            yield name, f"{task.task}/{name}", content


def numbers_in(
    content: BaseModel | Mapping[Any, Any] | tuple[Any, ...], place: str
) -> Iterator[tuple[str, Number]]:
    """Every number in the content, with its place behind the given one."""
    inner: Iterable[tuple[str, Any]]
    if isinstance(content, tuple):
        inner = ((f"{place}[{index}]", each) for index, each in enumerate(content))
    else:
        fields = content if isinstance(content, Mapping) else vars(content)
        inner = ((_inner(place, name), each) for name, each in fields.items())
    for where, each in inner:
        if isinstance(each, Number):
            yield where, each
        elif isinstance(each, BaseModel | dict | tuple):
            yield from numbers_in(each, where)


def write_draws(
    draws: Draws, path: Path, notes: Mapping[str, str] = MappingProxyType({}), steps: int = STEPS
) -> None:
    """Write draws as safetensors, whole or not at all: the same draws, the same bytes.

    `notes`: texts by name that are kept in the file's header (`read_note`), all in one entry: safetensors
    writes several in an order that is another each time. `steps`: of the range of a number's draws.
    Raises OutputError where that fails, ValueError for draws of different numbers of resamples.
    """
    places = sorted(draws)
    values = np.stack([draws[place] for place in places]) if places else np.zeros((0, 1))
    with np.errstate(all="ignore"):
        least = np.nanmin(values, axis=1, initial=np.inf)
        step = (np.nanmax(values, axis=1, initial=-np.inf) - least) / steps
        # All draws of one value: any step will do, as every code is 0.
        step[~(step > 0)] = 1.0
        step = _rounded(step)
        least[~np.isfinite(least)] = 0.0
        codes = np.rint((values - least[:, None]) / step[:, None]) - (STEPS // 2)
    kept = np.where(np.isnan(values), _NONE, codes).astype(np.int16)
    header: dict[str, Any] = {"format": FORMAT, "places": places} | ({"notes": dict(notes)} if notes else {})
    with replacing(path) as partial:
        save_file({"codes": kept, "least": least, "step": step}, partial, {KEY: json.dumps(header)})


def _rounded(step: Floats) -> Floats:
    """Steps of 24 binary digits, so that draws that were read are written as the same bytes again."""
    mantissa, exponent = np.frexp(step)
    return np.asarray(np.ldexp(np.rint(np.ldexp(mantissa, 24)), exponent - 24))


class PackedDraws(Mapping[str, Floats]):
    """Draws as their file has them, two bytes each, and read where they are asked for.

    A board holds those of thousands of records at once.
    """

    def __init__(
        self, places: Collection[str], codes: NDArray[np.int16], least: Floats, step: Floats
    ) -> None:
        """Of places in the order of the rows: codes [places, resamples], least and step [places]."""
        self._rows = {place: row for row, place in enumerate(places)}
        self._codes, self._least, self._step = codes, least, step

    def __getitem__(self, place: str) -> Floats:
        row = self._rows[place]
        # Element by element, so that every machine reads the same to the last bit.
        values = self._least[row] + (self._codes[row].astype(np.float64) + STEPS // 2) * self._step[row]
        values[self._codes[row] == _NONE] = np.nan
        return np.asarray(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def read_draws(path: Path, wanted: Collection[str] | None = None) -> dict[str, Floats]:
    """Read draws back, those of the `wanted` places or all.

    Raises NotComputable for a file that is missing, broken, too large, or holds anything else.
    """
    return dict(pack_draws(path, wanted))


def pack_draws(path: Path, wanted: Collection[str] | None = None) -> PackedDraws:
    """`read_draws`, as they are in the file; raises as it does."""
    try:
        places, tensors = _read(path)
    except (OSError, ValueError, RecursionError, SafetensorError) as error:
        raise NotComputable(
            f"{path} cannot be read: {error}", "name a file that mechshift wrote, or make it again"
        ) from error
    rows = [row for row, place in enumerate(places) if wanted is None or place in wanted]
    codes, least, step = (tensors[name][rows] for name in _DTYPES)
    return PackedDraws([places[row] for row in rows], codes, least, step)


def read_note(path: Path, name: str) -> str:
    """A text that was written with draws; empty where there is none. The draws must have been read before."""
    with safe_open(path, framework="numpy") as file:
        notes = json.loads(file.metadata()[KEY]).get("notes")
    text = notes.get(name, "") if isinstance(notes, dict) else ""
    return text if isinstance(text, str) else ""


def _read(path: Path) -> tuple[list[str], dict[str, NDArray[Any]]]:
    if not path.is_file():  # a pipe would be waited for
        raise ValueError("there is no such file")
    if (size := path.stat().st_size) > LARGEST_DRAWS:
        raise ValueError(f"it has {size:,} bytes, and draws at most {LARGEST_DRAWS:,}")
    with safe_open(path, framework="numpy") as file:
        header = json.loads((file.metadata() or {}).get(KEY, "{}"))
        if not isinstance(header, dict) or header.get("format") != FORMAT or set(file.keys()) != set(_DTYPES):
            raise ValueError(f"it holds no {FORMAT}")
        for name, dtype in _DTYPES.items():
            if file.get_slice(name).get_dtype() != dtype:
                raise ValueError(f"its {name} are not {dtype}")
        if (shape := file.get_slice("codes").get_shape())[1:] and shape[1] > MOST_RESAMPLES:
            raise ValueError(f"it has {shape[1]:,} resamples, and draws at most {MOST_RESAMPLES:,}")
        places, tensors = header.get("places"), {name: file.get_tensor(name) for name in _DTYPES}
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise ValueError("its places are no names")
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    number = (len(places),)
    if len(set(places)) != len(places) or (shapes["least"], shapes["step"]) != (number, number):
        raise ValueError("its places are not those of its draws")
    if len(shapes["codes"]) != 2 or shapes["codes"][0] != len(places):
        raise ValueError("its places are not those of its draws")
    with np.errstate(over="ignore"):
        reach = np.abs(tensors["least"]) + np.abs(tensors["step"]) * STEPS
    if not np.isfinite(reach).all():
        raise ValueError("its draws are not finite")
    return places, tensors


NumberChange = Callable[[str, Number], Number]


def map_numbers(content: Any, place: str, change: NumberChange) -> Any:
    """The content with every number in it changed; called with its place and the number."""
    if isinstance(content, Number):
        return change(place, content)
    if isinstance(content, BaseModel):
        fields = {name: map_numbers(value, _inner(place, name), change) for name, value in content}
        return content.model_copy(update=fields)
    if isinstance(content, tuple):
        return tuple(map_numbers(each, f"{place}[{index}]", change) for index, each in enumerate(content))
    if isinstance(content, dict):
        return {name: map_numbers(value, _inner(place, name), change) for name, value in content.items()}
    return content


def _inner(place: str, name: str) -> str:
    return f"{place}{name}" if place.endswith("/") else f"{place}.{name}"
