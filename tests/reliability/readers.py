"""Every reader of what comes from outside, and the valid files that it is given changed."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from reliability import valid_files as valid
from reliability.outside import Reader

from build.boards import write_manifest
from build.mutations import Form
from mechshift import api
from mechshift.benchmark.board.table import BoardView, board_table
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.files import read_declaration
from mechshift.benchmark.contrast.tolerances import read_tolerances, write_tolerances
from mechshift.benchmark.forecast.weights import examine_weights
from mechshift.benchmark.interchange.eap_ig import load_graph, save_graph
from mechshift.benchmark.interchange.kept import load_kept
from mechshift.benchmark.interchange.mib import SHARES, load_circuits
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.pairs import tokens
from mechshift.benchmark.pairs.checkpoint import Checkpoint, find_checkpoint, find_description
from mechshift.benchmark.pairs.entry import Listed, entry_text, read_entries
from mechshift.benchmark.pairs.loading import load_member, tokenizer_digest
from mechshift.benchmark.pairs.spec import MemberSpec
from mechshift.benchmark.record import protocol
from mechshift.benchmark.record.draws import read_draws, write_draws
from mechshift.benchmark.record.files import read_model, read_untrusted, write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.robustness import Robustness
from mechshift.benchmark.record.strict import read_strict_json
from mechshift.benchmark.run.plan import KINDS, kind_named
from mechshift.benchmark.run.store import read_seal
from mechshift.benchmark.submission.archive import opened
from mechshift.benchmark.submission.attestation import (
    AttestedCell,
    digests_of,
    found_status,
    make_attestation,
)
from mechshift.benchmark.submission.card import card_names, card_on_board, check_card
from mechshift.benchmark.submission.manifest import Manifest
from mechshift.benchmark.submission.placing import find_card
from mechshift.benchmark.submission.tree import read_tree
from mechshift.benchmark.tables.reported import read_reported
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.validation.validate import validate

BASELINES = Path(__file__).parents[2] / "baselines"
CPU = torch.device("cpu")


def readers() -> dict[str, Reader]:
    """All of them by name."""
    every = (*_records(), *_submissions(), *_cells(), *_settings(), *_interchange(), *_checkpoints())
    return {reader.name: reader for reader in every}


# Records, and what lies beside them


def _records() -> Iterator[Reader]:
    yield Reader("record", "json", "r.json", valid.records, partial(read_model, kind=Record), write_model)
    yield Reader("record-gz", "json.gz", "r.json.gz", valid.packed_records, partial(read_model, kind=Record))
    yield Reader(
        "record-of-a-stranger",
        "json",
        "r.json",
        valid.records,
        partial(read_untrusted, kind=Record),
        write_model,
    )
    yield Reader("record-shown", "json", "r.json", valid.records, _shown)
    robustness = partial(valid.file_of, BASELINES / "reference" / "tiny", "record.robustness.json")
    yield Reader(
        "robustness", "json", "r.json", robustness, partial(read_untrusted, kind=Robustness), write_model
    )
    yield Reader("draws", "safetensors", "draws.safetensors", _draws, read_draws, write_draws)
    yield Reader("anything", "text", "x.bin", _of_every_kind, api.read)


def _shown(path: Path) -> None:
    """A record as tables, a page, a verdict and a report have it."""
    record = read_model(path, Record)
    render(record)
    pair_page(PairPage(record, path))
    api.verdict(path, cells=False)
    api.report(path, cells=False)


def _draws() -> list[bytes]:
    return valid.part("draws.safetensors")


def _of_every_kind() -> list[bytes]:
    seeds = valid.records()[:1], valid.graphs()[:1], valid.cells(KINDS[2])[:1]
    return [each for found in seeds for each in found]


# Submissions and boards


def _submissions() -> Iterator[Reader]:
    yield Reader("submission", "zip", f"{valid.NAME}.zip", valid.archive, _unpacked)
    yield Reader("manifest", "json", "manifest.json", partial(valid.part, "manifest.json"), _manifest)
    yield Reader("card", "toml", "card.toml", partial(valid.part, "card.toml"), _card)
    yield Reader(
        "attestation",
        "json",
        f"attestations/{valid.NAME}.json",
        _attestations,
        _standing,
        beside=lambda folder: shutil.copytree(valid.submission(), folder / valid.NAME),
    )
    yield Reader(
        "board",
        "json",
        f"{valid.NAME}/record.json",
        partial(valid.part, "record.json"),
        _boarded,
        beside=lambda folder: shutil.copytree(valid.submission(), folder / valid.NAME),
        around=lambda folder: write_manifest(folder / valid.NAME),
        names=(valid.NAME, "outside"),
    )
    yield Reader(
        "validated",
        "json",
        f"{valid.NAME}/record.json",
        partial(valid.part, "record.json"),
        _validated,
        beside=lambda folder: shutil.copytree(valid.submission(), folder / valid.NAME),
        around=lambda folder: write_manifest(folder / valid.NAME),
    )


@contextmanager
def _small_v2() -> Iterator[None]:
    """The protocol that boards take is that of the valid submission."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(protocol._PROTOCOLS, "v2", valid.PROTOCOL)
        yield


def _boarded(path: Path) -> None:
    with _small_v2():
        board_table(path.parents[1], BoardView(), "text")


def _validated(path: Path) -> None:
    """Nothing is raised of what a submission holds: it is all told."""
    with _small_v2():
        found = validate(path.parent)
    assert all(each.check and each.problem for each in found)


def _unpacked(path: Path) -> None:
    with opened(path) as (folder, findings):
        assert (folder is None) == bool(findings)
        assert all(each.place.startswith(path.name) and each.problem for each in findings)
        if folder is not None:
            read_tree(folder)
    find_card(path)


def _manifest(path: Path) -> None:
    found, faults = read_strict_json(path, Manifest)
    assert (found is None) == bool(faults)


def _card(path: Path) -> None:
    problems, shown = check_card(path), card_on_board(path)
    card_names(path)
    assert problems or shown.problem is None


def _attestations() -> list[bytes]:
    folder = valid.submission()
    record = read_model(folder / "record.json", Record)
    cells = record.results[0].cells
    attested = AttestedCell(
        task=valid.TASK,
        name="effects-arm",
        key=cells["effects-arm"].key,
        digest=cells["effects-arm"].digest,
        deviation=0.0,
        tolerance=0.0,
        circuits=None,
    )
    made = make_attestation(folder, record, [attested], "A", _when(), record.environment)
    return [made.model_dump_json().encode()]


def _when() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def _standing(path: Path) -> None:
    board = path.parents[1]
    record = read_model(board / valid.NAME / "record.json", Record)
    standing = found_status(valid.NAME, digests_of(board / valid.NAME), record, board)
    # Without the keys of a board none counts, however valid.
    assert standing.status == "self-reported"
    assert standing.refused


# Cells


def _cells() -> Iterator[Reader]:
    for kind in KINDS:
        if kind.member != "mdm":
            form: Form = "json" if kind.suffix == "json" else "safetensors"
            name = f"cell-{kind.stage}"
            yield Reader(name, form, f"c.{kind.suffix}", partial(valid.cells, kind), kind.load, kind.save)
    kept = partial(_of_kinds, "circuit-arm", "scores-arm")
    yield Reader("kept", "safetensors", "c.safetensors", kept, load_kept)
    declared = partial(_of_kinds, "scores-arm", "sweep-arm")
    yield Reader("declaration", "safetensors", "c.safetensors", declared, read_declaration)
    yield Reader("seal", "json", "c.seal", valid.seals, lambda path: read_seal(path.with_suffix(".json")))


def _of_kinds(*names: str) -> list[bytes]:
    return [each for name in names for each in valid.cells(kind_named(name))]


# Files that users write


def _settings() -> Iterator[Reader]:
    yield Reader("pairs", "toml", "pairs.toml", lambda: [valid.PAIRS], read_entries, _write_pairs)
    yield Reader("tolerances", "toml", "tolerances.toml", valid.tolerances, read_tolerances, write_tolerances)
    reported = partial(valid.file_of, BASELINES, "reported.toml")
    yield Reader("reported", "toml", "reported.toml", reported, read_reported)


def _write_pairs(pairs: dict[str, Listed], path: Path) -> None:
    path.write_text("".join(entry_text(name, listed.entry) for name, listed in pairs.items()))


# Files of other programs


def _interchange() -> Iterator[Reader]:
    yield Reader("eap-ig-json", "json", "g.json", valid.graphs, load_graph, _save_graph)
    yield Reader("eap-ig-pt", "pt", "g.pt", valid.tensor_graphs, load_graph)
    yield Reader(
        "mib",
        "json",
        "ioi_small/0.001.json",
        lambda: valid.graphs()[1:],
        lambda path: load_circuits(path.parent),
        beside=_eight_more,
        names=("ioi_small",),
    )


def _save_graph(circuit: Circuit, path: Path) -> None:
    scores = None if circuit.about.get("scores") == "none" else circuit.scores
    save_graph(path, circuit.graph, circuit.edges, int(circuit.about["d_model"]), scores)


def _eight_more(folder: Path) -> None:
    """MIB's other circuits, of no edges."""
    (folder / "ioi_small").mkdir()
    content = json.loads(valid.graphs()[1])
    for entry in content["edges"].values():
        entry["in_graph"] = False
    for share in SHARES[1:]:
        (folder / "ioi_small" / f"{share:g}.json").write_text(json.dumps(content))


# Checkpoints


def _checkpoints() -> Iterator[Reader]:
    of = _of_checkpoint
    yield of("config", "json", "config.json", valid.checkpoint, _loaded)
    yield of("config-gpt2", "json", "config.json", partial(valid.checkpoint, "gpt2"), _loaded)
    yield of("config-qwen3-moe", "json", "config.json", partial(valid.checkpoint, "qwen3_moe"), _loaded)
    yield of("index", "json", "model.safetensors.index.json", valid.sharded, _loaded)
    yield of("weights", "safetensors", "model.safetensors", valid.checkpoint, _loaded)
    yield of("tokenizer", "json", "tokenizer.json", valid.checkpoint, _tokenized)
    yield of("tokenizer-of-byte-pairs", "json", "tokenizer.json", valid.described_tokenizer, _tokenized)
    yield of("tokenizer-config", "json", "tokenizer_config.json", valid.described_tokenizer, _tokenized)
    yield of("tokenizer-vocabulary", "json", "vocab.json", valid.byte_pairs, _tokenized)
    yield of("tokenizer-merges", "text", "merges.txt", valid.byte_pairs, _tokenized)


_CHECKPOINT = ("outside", "config.json", "mask token", "the ARM's parameter")
"""What messages about a checkpoint name: its folder, or what of it is wrong."""


def _of_checkpoint(
    name: str, form: Form, file: str, folder: Callable[[], Path], read: Callable[[Path], Any]
) -> Reader:
    def beside(place: Path) -> None:
        shutil.copytree(folder(), place, dirs_exist_ok=True)

    seeds = lambda: valid.file_of(folder(), file)  # noqa: E731
    return Reader(name, form, file, seeds, read, beside=beside, names=_CHECKPOINT)


def _found(path: Path) -> tuple[MemberSpec, Checkpoint]:
    spec = MemberSpec(str(path.parent), place="directory")
    return spec, find_checkpoint(spec, offline=True)


def _loaded(path: Path) -> None:
    """A member, and the same weights as a dry run looks at them."""
    spec, checkpoint = _found(path)
    member = load_member(spec, checkpoint, "arm", 2, CPU)
    assert examine_weights(checkpoint, member, spec.loader, torch.float32) == checkpoint.digest()


def _tokenized(path: Path) -> None:
    """All that is asked of a tokenizer before a model is run."""
    described = find_description(MemberSpec(str(path.parent), place="directory"), offline=True)
    tokenizer = tokens.load_tokenizer(described)
    if tokenizer is None:
        return
    mask_id = tokens.find_mask_id(None, tokenizer, described.config)
    tokens.is_ordinary(mask_id, tokenizer)
    tokens.named_mask_ids(tokenizer, described.config)
    tokens.text_tokens(tokenizer)
    tokens.check_same_tokens(tokenizer, tokenizer, mask_id)
    tokens.check_control_tokens(tokenizer, tokenizer, mask_id)
    tokens.tokens_of_one(tokenizer, tokenizer, mask_id)
    tokenizer_digest(tokenizer)
    assert len(tokenizer)
