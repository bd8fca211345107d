"""Valid files of every kind that is read from outside, made by the package's own writers."""

import atexit
import gzip
import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch

from build.checkpoints import split_weights, write_checkpoint
from build.library import library_edges, library_graph, library_nodes
from build.records import a_record, a_task
from build.submissions import CARD, MADE, SMALL, write_run
from build.tokenizers import byte_pairs_tokenizer
from mechshift.benchmark.contrast.tolerances import calibrate, write_tolerances
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.plan import Kind
from mechshift.benchmark.submission.placing import put_zip
from mechshift.benchmark.submission.write import Request, submit

NAME = "2026-11-29-small-v2"

PROTOCOL = SMALL.changed(tasks=SMALL.tasks[:1])
"""Of one task. Where submissions are read it has to be what v2 is."""

TASK = PROTOCOL.tasks[0].name


@cache
def place() -> Path:
    """A folder for all of them, which is taken away at the end of the process."""
    folder = tempfile.mkdtemp(prefix="mechshift-valid-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def run() -> Path:
    """The record of a run of one task, beside its cells."""
    return write_run(place() / "run", PROTOCOL)


@cache
def submission() -> Path:
    """The folder of its submission, with cells in reduced form."""
    card = place() / "card.toml"
    card.write_text(CARD)
    return submit(run(), place() / "board", Request(size=1.0, made=MADE, card=card)).path


def part(name: str) -> list[bytes]:
    """A file at the top of the submission."""
    return [(submission() / name).read_bytes()]


@cache
def archive() -> list[bytes]:
    """The submission as a zip archive, of whose cells the smallest are kept."""
    small, packed = place() / "few" / NAME, place() / f"{NAME}.zip"
    shutil.copytree(
        submission(), small, ignore=lambda _, names: [n for n in names if n.startswith(("s", "t"))]
    )
    put_zip(small, packed)
    return [packed.read_bytes()]


def cells(kind: Kind) -> list[bytes]:
    """Cells of a kind: those of the run, and those that the submission keeps otherwise."""
    found = [*_of_kind(run().parent, kind), *_of_kind(submission(), kind)]
    return list(dict.fromkeys(found))


def _of_kind(folder: Path, kind: Kind) -> list[bytes]:
    paths = sorted((folder / "cells").glob(f"*/{kind.name}.*.{kind.suffix}"))
    return [path.read_bytes() for path in paths]


def seals() -> list[bytes]:
    """Seals of cells that were reduced, and of others."""
    return [next((folder / "cells" / TASK).glob("scores-arm.*.seal")).read_bytes() for folder in _folders()]


def _folders() -> tuple[Path, Path]:
    return run().parent, submission()


def records() -> list[bytes]:
    """The record of the run, and one with all that records may have."""
    full = place() / "full.json"
    write_model(full_record(), full)
    return [run().read_bytes(), full.read_bytes()]


def full_record() -> Record:
    """Of two tasks, in whose summary all is there."""
    return a_record(tasks=(a_task("ioi"), a_task("countdown")))


def packed_records() -> list[bytes]:
    """The same, compressed."""
    return [gzip.compress(each, mtime=0) for each in records()]


def tolerances() -> list[bytes]:
    """What three reruns of a pair came to."""
    paths = [place() / f"{seed}.json" for seed in range(3)]
    for seed, path in enumerate(paths):
        write_model(full_record().model_copy(update={"protocol": V2.reseeded(seed)}), path)
    write_tolerances(calibrate(paths), place() / "tolerances.toml")
    return [(place() / "tolerances.toml").read_bytes()]


PAIRS = b"""\
[small]
about = "A pair of nobody's"
source = "https://example.org"
confounds = ["none known"]
precision = "float32"
controls = ["small-continued"]

[small.arm]
path = "arm"
licence = "Apache-2.0"

[small.mdm]
hub = "nobody/mdm"
revision = "main"
shift = true
attention = "block:32"
mask_token = "[MASK]"
native = "llama"
dropped_keys = ["auto_map"]

[small.mdm.key_map]
"^model\\\\." = ""

[small-continued]
about = "The same, trained further"
precision = "float32"
control = true
kept = false

[small-continued.arm]
path = "arm"

[small-continued.mdm]
path = "control"
shift = true
attention = "causal"
mask_token = 3
"""


def graphs() -> list[bytes]:
    """Graphs of the EAP-IG library as JSON, with and without scores."""
    return [json.dumps(library_graph(1, 2, scored=scored)).encode() for scored in (True, False)]


def tensor_graphs() -> list[bytes]:
    """The same as the library's `.pt`."""
    content = library_graph(1, 2)
    sources = library_nodes(1, 2)[:-1]
    destinations = [*(f"a0.h{head}<{letter}>" for letter in "qkv" for head in range(2)), "m0", "logits"]
    scores, kept = torch.zeros(len(sources), len(destinations)), torch.zeros(len(sources), len(destinations))
    for name in library_edges(1, 2):
        source, destination = name.split("->")
        at = sources.index(source), destinations.index(destination)
        scores[at], kept[at] = content["edges"][name]["score"], content["edges"][name]["in_graph"]
    whole = {
        "cfg": content["cfg"],
        "src_nodes": sources,
        "dst_nodes": destinations,
        "edges_scores": scores,
        "edges_in_graph": kept.bool(),
        "nodes_in_graph": torch.ones(len(sources), dtype=torch.bool),
    }
    return [_saved(whole), _saved({name: each for name, each in whole.items() if name != "edges_scores"})]


def _saved(content: Any) -> bytes:
    written = io.BytesIO()
    torch.save(content, written)
    return written.getvalue()


@cache
def checkpoint(kind: str = "llama") -> Path:
    """A small random model with its tokenizer."""
    return write_checkpoint(place() / kind, kind, layers=1, positions=32)


@cache
def sharded() -> Path:
    """The same, its weights in two files behind an index."""
    folder = place() / "sharded"
    shutil.copytree(checkpoint(), folder)
    split_weights(folder)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, **json.loads(index.read_text())}))
    return folder


@cache
def byte_pairs() -> Path:
    """A model whose tokenizer is of byte pairs and was published before tokenizer.json."""
    folder = place() / "byte-pairs"
    shutil.copytree(checkpoint("gpt2"), folder)
    tokenizer = byte_pairs_tokenizer(["the first word and a second one"] * 3, 280)
    tokenizer.backend_tokenizer.model.save(str(folder))
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "mask_token_id": 3}))
    return folder


@cache
def described_tokenizer() -> Path:
    """A model whose tokenizer is of byte pairs, as it is published now."""
    folder = place() / "described"
    shutil.copytree(checkpoint(), folder)
    tokenizer = byte_pairs_tokenizer(["the first word and a second one"] * 3, 280, mask_token="[MASK]")
    tokenizer.save_pretrained(folder)
    return folder


def file_of(folder: Path, name: str) -> list[bytes]:
    """A file of a folder."""
    return [(folder / name).read_bytes()]
