"""Single changes of a valid submission, each with what it has to be refused for.

Whoever changes a file also writes the manifest anew, so that it is not the manifest alone that tells.
"""

import copy
import json
import os
import re
import socket
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mechshift.benchmark.record.files import as_bytes, read_model, write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.store import Seal, digest_of
from mechshift.benchmark.submission.manifest import Manifest, describe_files

Change = Callable[[Path], Path | None]
"""Changes the folder of a submission; gives another path to be validated in its place, if any."""

TASK = "agreement"


@dataclass(frozen=True)
class Tampering:
    """A change, and the check, the words and the place of the finding that it has to give."""

    name: str
    change: Change
    check: str
    phrase: str
    place: str = ""


def write_manifest(folder: Path) -> None:
    """Write the digests of the files as they are, as whoever changed them would."""
    manifest = read_model(folder / "manifest.json", Manifest)
    write_model(manifest.model_copy(update={"files": describe_files(folder)}), folder / "manifest.json")


def rounded(content: Any, share: float) -> Any:
    """The content with every number that is no whole one larger by that share."""
    if isinstance(content, dict):
        return {name: rounded(value, share) for name, value in content.items()}
    if isinstance(content, list):
        return [rounded(value, share) for value in content]
    whole = not isinstance(content, float) or content == int(content)
    return content if whole else content * (1 + share)


def cell_file(folder: Path, name: str, suffix: str = "", task: str = TASK) -> Path:
    """The content of a cell, or with `suffix` another of its files."""
    found = [path for path in (folder / "cells" / task).glob(f"{name}.*") if path.suffix != ".seal"]
    return found[0].with_suffix(suffix or found[0].suffix)


def seal_anew(folder: Path, name: str, everything: bool = True) -> None:
    """Make the digests of a changed cell consistent: its seal, the record, and the seals of what needs it.

    Without `everything`, those that need it are left as they are.
    """
    file = cell_file(folder, name)
    digest = digest_of(file)
    change_seal(file, digest=digest)
    content = json.loads((folder / "record.json").read_text())
    for task in content["tasks"]:
        if task["task"] == TASK:
            task["cells"][name]["digest"] = digest
    write_model(Record.model_validate_json(json.dumps(content)), folder / "record.json")
    for path in (folder / "cells" / TASK).glob("*.seal") if everything else ():
        needs = json.loads(path.read_text())["needs"]
        if name in needs:
            change_seal(path, needs={**needs, name: digest})
    write_manifest(folder)


def change_seal(file: Path, **changes: Any) -> None:
    """Write other values into the seal of a cell's content, and its checksum."""
    path = file.with_suffix(".seal")
    seal = Seal.model_validate_json(path.read_text())
    path.write_text(seal.model_copy(update=changes).sealed().model_dump_json(indent=1) + "\n")


def every_tampering() -> Iterator[Tampering]:
    """All of them but the changes of single values of a record, which are made from a record at hand."""
    yield from _texts()
    yield from _manifests()
    yield from _cards()
    yield from _folders()
    yield from _seals()
    yield from _pools()
    yield from _prompts()
    yield from _entropies()
    yield from _effects()
    yield from _arrays()
    yield from _whole_cells()
    yield from _archives()


# Values of a record


def record_classes(content: dict[str, Any]) -> dict[str, tuple[str | int, ...]]:
    """The first place of every kind of value in a record.

    Places in lists are one kind, and so are members, rankings, and the overlaps at all sizes.
    """
    found: dict[str, tuple[str | int, ...]] = {}
    for place in _leaves(content, ()):
        kind = written(place)
        if ".comparison." in kind:
            kind = re.sub(r"\.(arm|mdm)\.", ".member.", kind)
            kind = re.sub(r"\.(absolute|signed)\.", ".ranking.", kind)
            kind = re.sub(r"\.(compared|curve\[\d+\])\.", ".overlap.", kind)
        found.setdefault(re.sub(r"\[\d+\]", "[]", kind), place)
    return found


def _leaves(content: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    for step, value in inner:
        if isinstance(value, dict | list) and value:
            yield from _leaves(value, (*place, step))
        else:
            yield (*place, step)


def written(place: tuple[str | int, ...]) -> str:
    """A place as findings write it: `tasks[0].pool.common`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


ALTERNATIVES: dict[str, Any] = {
    "words": "symbols",
    "symbols": "words",
    "grouped": "ungrouped",
    "staggered": "left",
    "student": "percentile",
    "converge": 5,
    "patch": "zero",
    "local": "planning",
    "plan": "trajectory",
    "copy": "last",
    "confidence": "random",
    "task": 3,
    "eap-ig": "eap",
    "absolute": "positive",
}
"""Other values of texts of which not every one is allowed."""

TRUSTED = (
    "pair.confounds",
    "pair.arm.checkpoint",
    "pair.arm.revision",
    "pair.mdm.checkpoint",
    "pair.mdm.revision",
    "pair.ordinary_mask",
    "pair.movement",
    "environment.mechshift",
    "environment.python",
    "environment.platform",
    "environment.processor",
    "environment.threads",
)
"""What a record says that nothing in a submission can show to be wrong; docs/trust.md lists it."""

_DECLARED = "was not made as the record says: its"
_EXPECTED = (
    ("schema_version", "record", "this version of mechshift reads schema 7"),
    ("pair.name", "card", "it names pair 'small'"),
    ("pair.(control|mask_id|tokenizer)", "cells", f"{_DECLARED} tokenizer or mask token"),
    ("pair.(arm|mdm)", "cells", f"{_DECLARED} members"),
    ("pair.(layers|heads|kv_heads|edges)", "plausibility", "no graph of"),
    ("protocol.name", "protocol", "which this version does not know"),
    ("protocol.tasks", "protocol", "its tasks differ"),
    ("protocol.scoring.most", "record", "Input should be 5, 10, 20 or 40"),
    ("protocol", "protocol", "that differs from this version's"),
    (r"tasks\[\d\].task", "coverage", "is repeated or not in the protocol"),
    (r"tasks\[\d\].version", "plausibility", "it is version 3 of the task"),
    (r"tasks\[\d\].level", "coverage", "is of level"),
    (r"tasks\[\d\].cells.(circuit|comparison|function|causality)\S*.key", "cells", "its key is not that of"),
    (r"tasks\[\d\].cells.(circuit|comparison|function|causality)\S*.digest", "numbers", "the record says"),
    (r"tasks\[\d\].cells.\S+.key", "cells", "it is missing"),
    (r"tasks\[\d\].cells.\S+.digest", "cells", "is not what record.json was made of"),
    ("environment.(torch|transformers|device)", "cells", f"{_DECLARED} software"),
    ("environment.numpy", "cells", "its key is not that of"),
    ("failed", "record", "Input should be"),
    # Of all else the cells give another value.
    ("", "numbers", "the record says"),
)


def change_of_values(*places: tuple[str | int, ...]) -> Change:
    """The smallest change of values of a record, 10⁻⁶ of a number, and of the manifest to fit."""

    def change(folder: Path) -> None:
        content = json.loads((folder / "record.json").read_text())
        for place in places:
            target = content
            for step in place[:-1]:
                target = target[step]
            target[place[-1]] = _other(target[place[-1]], str(place[-1]))
        text = json.dumps(content)
        # A record that is none is left as JSON has it.
        with suppress(ValidationError):
            text = as_bytes(Record.model_validate_json(text)).decode()
        (folder / "record.json").write_text(text)
        write_manifest(folder)

    return change


def change_of_value(place: tuple[str | int, ...]) -> Tampering:
    """A change of one value of a record."""
    name = written(place)
    check, phrase = next(
        (check, phrase) for pattern, check, phrase in _EXPECTED if re.match(pattern.replace(".", r"\."), name)
    )
    return Tampering(name, change_of_values(place), check, phrase, name if check == "numbers" else "")


def _other(value: Any, name: str) -> Any:
    if value is None:
        return {"revision": "main", "circuit_edges": 7}.get(name, 0.5)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1e-6 * max(1.0, abs(value))
    if isinstance(value, list):
        return [*value, "another"]
    if re.fullmatch("[0-9a-f]{16,}", value):
        return ("0" if value[0] != "0" else "1") + value[1:]
    return ALTERNATIVES.get(value, f"{value}x")


# Texts that are no strict JSON

FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "record": (lambda folder: folder / "record.json", "record"),
    "manifest": (lambda folder: folder / "manifest.json", "manifest"),
    "pool": (lambda folder: cell_file(folder, "pool"), "cells"),
    "prompts": (lambda folder: cell_file(folder, "prompts"), "cells"),
    "entropies": (lambda folder: cell_file(folder, "entropies-arm"), "cells"),
    "seal": (lambda folder: cell_file(folder, "sweep-mdm", ".seal"), "cells"),
}

SPOILT: dict[str, tuple[Callable[[str], bytes], str]] = {
    "empty": (lambda text: b"", "it is no JSON"),
    "truncated": (lambda text: text[: len(text) // 2].encode(), "it is no JSON"),
    "with more behind": (lambda text: (text + "{}").encode(), "it is no JSON"),
    "with a byte order mark": (lambda text: b"\xef\xbb\xbf" + text.encode(), "it is no JSON"),
    "a pickle": (lambda text: b"\x80\x04cos\nsystem\n", "is not UTF-8"),
    "with invalid UTF-8": (lambda text: text.encode().replace(b'"', b'"\xc3', 1), "is not UTF-8"),
    "UTF-16": (lambda text: text.encode("utf-16"), "is not UTF-8"),
    "with NaN": (lambda text: _first_value(text, "NaN"), "NaN is not a number"),
    "with infinity": (lambda text: _first_value(text, "-Infinity"), "-Infinity is not a number"),
    "with a number beyond all": (lambda text: _first_value(text, "1e999"), "larger than any number"),
    "with absurd digits": (lambda text: _first_value(text, "7" * 9999), "a number has 9999 characters"),
    "with a list 10^5 deep": (lambda text: _first_value(text, "[" * 100_000 + "]" * 100_000), "64 levels"),
    "with objects 10^5 deep": (
        lambda text: _first_value(text, '{"a":' * 100_000 + "1" + "}" * 100_000),
        "64 levels",
    ),
    "with 10^6 values": (lambda text: _first_value(text, f"[{'1,' * 10**6}1]"), "100,000 values"),
    "with a name twice": (lambda text: _first_twice(text), "is there twice in one object"),
    "with a lone surrogate": (lambda text: text.replace('"', '"\\ud800', 1).encode(), "it is no JSON"),
    "a list": (lambda text: b"[]", "Input should be"),
    "null": (lambda text: b"null", "Input should be"),
}


_OF_CELLS = ("truncated", "with invalid UTF-8", "with NaN", "with a name twice", "with a list 10^5 deep")
"""What is done to the files of cells, all of which one function reads."""


def _first_value(text: str, value: str) -> bytes:
    """The text with another value behind its first name."""
    return re.sub(r'(": ?)("[^"]*"|[^\s,{\[]+|[{\[])', lambda found: found[1] + value, text, count=1).encode()


def _first_twice(text: str) -> bytes:
    name = re.search(r'"([^"]*)":', text)
    assert name is not None
    return text.replace("{", f'{{"{name[1]}": 0, ', 1).encode()


def _texts() -> Iterator[Tampering]:
    for kind, (place, check) in FILES.items():
        for name, (spoil, phrase) in SPOILT.items():
            if kind not in ("record", "manifest") and name not in _OF_CELLS:
                continue
            yield Tampering(f"{kind} {name}", _spoiling(place, spoil), check, phrase)
        if kind != "prompts":
            extra = _spoiling(place, lambda text: text.replace("{", '{"unheard_of": 1, ', 1).encode())
            yield Tampering(f"{kind} with another field", extra, check, "Extra inputs are not permitted")
            for field in _fields(kind):
                less = _spoiling(place, _without(field))
                yield Tampering(f"{kind} without {field}", less, check, "Field required")


def _fields(kind: str) -> tuple[str, ...]:
    return {
        "record": ("pair", "protocol", "tasks", "failed", "reductions", "summary", "environment"),
        "manifest": ("mechshift", "form", "step", "original_record", "changes", "files"),
        "pool": ("arm", "solved", "fingerprint"),
        "seal": ("inputs", "needs", "digest"),
        "entropies": ("components", "counts", "templates"),
    }[kind]


def _without(field: str) -> Callable[[str], bytes]:
    def change(text: str) -> bytes:
        content = json.loads(text)
        del content[field]
        return json.dumps(content).encode()

    return change


def _spoiling(place: Callable[[Path], Path], spoil: Callable[[str], bytes]) -> Change:
    def change(folder: Path) -> None:
        file = place(folder)
        file.write_bytes(spoil(file.read_text()))
        if file.name != "manifest.json":
            write_manifest(folder)

    return change


# The manifest and the card


def _manifests() -> Iterator[Tampering]:
    def edit(**changes: Any) -> Change:
        def change(folder: Path) -> None:
            path = folder / "manifest.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

        return change

    def of_files(edit_files: Callable[[dict[str, Any]], Any]) -> Change:
        def change(folder: Path) -> None:
            path = folder / "manifest.json"
            content = json.loads(path.read_text())
            edit_files(content["files"])
            path.write_text(json.dumps(content))

        return change

    zeros = "0" * 64
    entry = {"sha256": zeros, "bytes": 1}
    yield Tampering("manifest of another schema", edit(schema_version=2), "manifest", "reads schema 1")
    yield Tampering("manifest of another form", edit(form="shrunk"), "manifest", "'exact' or 'reduced'")
    yield Tampering("reduced without a step", edit(step=None), "manifest", "only reduced cells have a step")
    exact = edit(form="exact", step=None)
    yield Tampering("another step", edit(step=1 / 64), "manifest", f"step is {1 / 64}, and that of cells/")
    yield Tampering("no step of ours", edit(step=0.003), "manifest", "`mechshift submit` does not write")
    yield Tampering("reduced cells of an exact form", exact, "manifest", "is kept in reduced form")
    yield Tampering("a negative step", edit(step=-1.0), "manifest", "greater than 0")
    yield Tampering("reduced said to be exact", exact, "manifest", "the original record is not this one")
    yield Tampering("a digest in upper case", edit(original_record="A" * 64), "manifest", "match pattern")
    yield Tampering(
        "another digest of the record",
        of_files(lambda files: files["record.json"].update(sha256=zeros)),
        "manifest",
        "its SHA-256 is",
    )
    yield Tampering(
        "another size of the draws",
        of_files(lambda files: files["draws.safetensors"].update(bytes=7)),
        "manifest",
        "bytes, the manifest says 7",
    )
    yield Tampering(
        "a file less",
        of_files(lambda files: files.pop("record.json")),
        "manifest",
        "it is not in the manifest",
    )
    for name in ("cells/more.json", "/etc/passwd", "../../../etc/passwd", "\x1b[2J"):
        listing = of_files(lambda files, name=name: files.update({name: entry}))
        yield Tampering(f"manifest lists {name!r}", listing, "manifest", "it is missing")
    for name in ("card.toml", "manifest.json"):
        listing = of_files(lambda files, name=name: files.update({name: entry}))
        yield Tampering(f"manifest lists {name}", listing, "manifest", "which no manifest does")
    yield Tampering(
        "a size that is a text",
        of_files(lambda files: files["record.json"].update(bytes="7")),
        "manifest",
        "valid integer",
    )


def _cards() -> Iterator[Tampering]:
    def card(old: str, new: str) -> Change:
        def change(folder: Path) -> None:
            path = folder / "card.toml"
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new, 1))

        return change

    yield Tampering("card of another pair", card('"small"', '"large"'), "card", "it names pair 'large'")
    yield Tampering(
        "card of another date", card("2026-11-29", "2026-11-28"), "card", "its date is 2026-11-28"
    )
    yield Tampering("card with a text for a date", card("2026-11-29", '"today"'), "card", "valid date")
    yield Tampering("card without authors", card('"Ada Lovelace", "Grace Hopper"', ""), "card", "at least 1")
    yield Tampering("card with an empty contact", card("ada@example.org", ""), "card", "at least 1")
    yield Tampering("card that is not filled in", card("ada@", "FILL IN "), "card", "still to be filled in")
    yield Tampering("card with a line break", card("ada@", "ada\\n@"), "card", "match pattern")
    yield Tampering("card with another field", card("contact", "mail = 1\ncontact"), "card", "not permitted")
    yield Tampering("card without a field", card("licence", "license"), "card", "Field required")
    yield Tampering(
        "card with a name twice", card("contact", 'pair = "a"\ncontact'), "card", "cannot be read"
    )
    yield Tampering("card that is no TOML", card("[checkpoints]", "[["), "card", "cannot be read")
    yield Tampering("card that is deep", card('"small"', "[" * 100_000), "card", "cannot be read")
    yield Tampering("card that is large", card('"small"', f'"{"x" * 10**5}"'), "card", "65,536 bytes")
    yield Tampering("card with a long line", card('"small"', f'"{"x" * 501}"'), "card", "at most 500")

    def not_text(folder: Path) -> None:
        (folder / "card.toml").write_bytes(b'pair = "\xff"')

    yield Tampering("card with invalid UTF-8", not_text, "card", "cannot be read")


# What lies in the folder


def _folders() -> Iterator[Tampering]:
    parts = ("card.toml", "manifest.json", "record.json", "draws.safetensors")
    for name in parts:
        yield Tampering(
            f"without {name}", _changing(lambda f, name=name: (f / name).unlink()), "files", "missing"
        )
        for kind, put, phrase in _IN_PLACE:
            change = _changing(lambda f, name=name, put=put: put(f, f / name))
            yield Tampering(f"{kind} for {name}", change, "files", phrase)
    for cell in ("pool", "scores-arm", "sweep-mdm"):
        for suffix in ("", ".seal"):
            gone = _changing(lambda f, cell=cell, suffix=suffix: cell_file(f, cell, suffix).unlink())
            yield Tampering(f"without {cell}{suffix}", gone, "cells", "it is missing")
        for kind, put, phrase in _IN_PLACE:
            change = _changing(lambda f, cell=cell, put=put: put(f, cell_file(f, cell)))
            yield Tampering(f"{kind} for {cell}", change, "files", phrase)
    yield Tampering("cells elsewhere", _changing(_link_cells), "files", "it is a symbolic link", "cells")
    for name in ("notes.txt", "run.py", ".git/config", "cells.json", "\x1b[2J.json", "<script>.json", "a\nb"):
        more = _changing(lambda f, name=name: _put(f / name))
        yield Tampering(f"with {name!r}", more, "files", "it is no part of a submission", name)
    for name in ("cells/x", f"cells/{TASK}/pool.0000000000000000.json", "cells/ioi/pool.json"):
        more = _changing(lambda f, name=name: _put(f / name))
        yield Tampering(f"with {name}", more, "files", "", name)
    deep = _changing(lambda f: _put(f / "cells/a/b/c/d"))
    yield Tampering("with deep folders", deep, "files", "deeper than")
    many = _changing(lambda f: [_put(f / "cells" / str(number)) for number in range(2001)])
    yield Tampering("with 2,001 more files", many, "files", "at most 2,000 files")
    for name in ("record.json", "card.toml", "manifest.json"):
        check = name.partition(".")[0]
        huge = _changing(lambda f, name=name: os.truncate(f / name, 2**30))
        yield Tampering(
            f"{name} of a GiB", huge, check, "than" if name == "card.toml" else "it has more than"
        )
    huge = _changing(lambda f: os.truncate(f / "draws.safetensors", 2**30))
    yield Tampering("draws of a GiB", huge, "draws", "and draws at most")
    huge = _changing(lambda f: os.truncate(f / "draws.safetensors", 2**42))
    yield Tampering("draws of four TiB", huge, "files", "a submission has at most")
    for name in ("small", "2026-02-30-small", "2026-11-29", "tiny v2", "2026-11-29-\x1b[2J"):
        renamed = _renaming(name)
        yield Tampering(f"called {name!r}", renamed, "files", "a submission is called DATE-NAME")
    yield Tampering(
        "called by another date", _renaming("2026-11-28-small-v2"), "card", "its date is 2026-11-29"
    )


def _changing(change: Callable[[Path], Any]) -> Change:
    """A change of the files, with the manifest as it would be after it."""

    def changed(folder: Path) -> None:
        change(folder)
        if (folder / "manifest.json").is_file() and not (folder / "manifest.json").is_symlink():
            manifest = json.loads((folder / "manifest.json").read_text()) if _is_small(folder) else None
            if manifest is not None:
                manifest["files"] = {
                    name: entry for name, entry in manifest["files"].items() if _is_file(folder / name)
                }
                (folder / "manifest.json").write_text(json.dumps(manifest))

    return changed


def _is_small(folder: Path) -> bool:
    return (folder / "manifest.json").stat().st_size < 2**20


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")


def _link(folder: Path, path: Path) -> None:
    outside = folder.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def _link_cells(folder: Path) -> None:
    _link(folder, folder / "cells")


def _fifo(folder: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _socket(folder: Path, path: Path) -> None:
    path.unlink()
    # The path of a socket can only be short.
    before = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.fchdir(before)
        os.close(before)


_IN_PLACE = (
    ("a link", _link, "it is a symbolic link"),
    ("a FIFO", _fifo, "it is a FIFO"),
    ("a socket", _socket, "it is a socket"),
)


def _renaming(name: str) -> Change:
    return lambda folder: folder.rename(folder.parent / name)


# Cells


def _editing(name: str, edit: Callable[[Any], Any]) -> Change:
    """A change of a JSON cell, with all digests made consistent."""

    def change(folder: Path) -> None:
        file = cell_file(folder, name)
        content = json.loads(file.read_text())
        edited = edit(content)
        file.write_text(json.dumps(content if edited is None else edited, indent=1) + "\n")
        seal_anew(folder, name)

    return change


def _seals() -> Iterator[Tampering]:
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "another key": ({"key": "0" * 16}, "its key differ"),
        "another digest": ({"digest": "0" * 64}, "its content differ"),
        "no needs": ({"needs": {}}, "its needed cells differ"),
        "another version's needs": ({"needs": {"pool": "0" * 64}}, "its needed cells differ"),
    }
    inputs = {
        "method": (99, "its method differ"),
        "pair": ({}, "its members differ"),
        "task": ({"name": "ioi", "level": "abc", "version": 1}, "its task differ"),
        "protocol": ({}, "its protocol differ"),
        "tokens": ({}, "its tokenizer or mask token differ"),
        "software": ({"torch": "1.0"}, "its software differ"),
        "needs": ({}, "its needed cells differ"),
        "more": (1, "its more differ"),
    }
    for name, (values, phrase) in changes.items():
        yield Tampering(f"seal with {name}", _sealing(values), "cells", phrase)
    for name, (value, phrase) in inputs.items():
        yield Tampering(f"seal of another {name}", _sealing({}, {name: value}), "cells", phrase)

    def unsealed(folder: Path) -> None:
        path = cell_file(folder, "scores-arm", ".seal")
        path.write_text(path.read_text().replace('"seconds": ', '"seconds": 9'))
        write_manifest(folder)

    yield Tampering("seal with another time", unsealed, "cells", "its seal was changed")


def _sealing(values: dict[str, Any], inputs: dict[str, Any] | None = None) -> Change:
    def change(folder: Path) -> None:
        file = cell_file(folder, "scores-arm")
        seal = Seal.model_validate_json(file.with_suffix(".seal").read_text())
        change_seal(file, **values, inputs={**seal.inputs, **(inputs or {})})
        write_manifest(folder)

    return change


def _pools() -> Iterator[Tampering]:
    def solved(number: int, /, **changes: Any) -> Callable[[Any], None]:
        return lambda pool: pool["solved"][number].update(changes)

    def accuracy(member: str, **changes: int) -> Callable[[Any], None]:
        return lambda pool: pool[member].update(changes)

    def both(**changes: int) -> Callable[[Any], None]:
        return lambda pool: pool["arm"].update(changes) or pool["mdm"].update(changes)

    for name, edit, check, phrase in (
        ("fewer solved than common", accuracy("arm", solved=11), "pool", "one of them solves 11"),
        ("solved 0", accuracy("mdm", solved=0), "pool", "one of them solves 0"),
        ("more solved than tried", accuracy("arm", solved=24), "cells", "24 examples are solved of 23"),
        ("a negative number solved", accuracy("arm", solved=-1), "cells", "greater than or equal to 0"),
        ("members that tried others", accuracy("arm", tried=24), "pool", "the members tried 24 and 23"),
        ("too many tried", both(tried=99), "pool", "draws 3 rounds of 12"),
        ("no whole rounds", both(tried=22), "pool", "no whole rounds of 12"),
        ("a round too many", both(tried=35), "pool", "full a round before the last"),
        ("an index twice", solved(1, index=0), "pool", "each once"),
        ("another order of examples", solved(0, index=3), "pool", "each once"),
        ("a negative index", solved(0, index=-1), "cells", "greater than or equal to 0"),
        ("an index of 10^9", solved(11, index=10**9), "pool", "it has example 1000000000 of the stream"),
        ("a neighbour of an example", solved(3, index=7), "pool", "its fingerprint is not that"),
        ("another template", solved(0, template="another"), "pool", "its templates are not those"),
        ("no order", solved(0, order=[]), "pool", "has no order"),
        ("a negative order", solved(0, order=[-1]), "pool", "has no order"),
        ("a fraction for an index", solved(0, index=0.5), "cells", "valid integer"),
        (
            "another fingerprint",
            lambda p: p.update(fingerprint="0" * 64),
            "pool",
            "its fingerprint is not that",
        ),
        ("negative other forms", lambda p: p.update(other_form=-1), "pool", "is negative"),
        ("many other forms", lambda p: p.update(other_form=9), "pool", "21 examples are said to be solved"),
        ("a negative unfit", lambda p: p.update(unfit={"a": -1, "b": 2}), "pool", "is negative"),
        (
            "in place more than tried",
            lambda p: p.update(mdm_in_place={"solved": 1, "tried": 99}),
            "pool",
            "in place",
        ),
        ("an example less", lambda p: p.update(solved=p["solved"][:-1]), "pool", "is not full"),
        ("no example", lambda p: p.update(solved=[]), "numbers", ""),
        ("examples of the other half", lambda p: p["solved"].reverse(), "pool", "each once"),
    ):
        yield Tampering(f"pool with {name}", _editing("pool", edit), check, phrase)


def _prompts() -> Iterator[Tampering]:
    def first(**changes: Any) -> Callable[[Any], None]:
        return lambda prompts: prompts[0].update(changes)

    for name, edit, check, phrase in (
        ("an example of another pool", first(index=1), "cells", "are not those of the pool"),
        ("another template", first(template="x"), "cells", "are not those of the pool"),
        ("another order", lambda prompts: prompts.reverse(), "cells", "each once"),
        ("a token more", first(answer=["a", "b"]), "cells", "different numbers of tokens"),
        ("another token", first(answer=["f"]), "numbers", "the record says"),
        ("a negative index", first(index=-1), "cells", "greater than or equal to 0"),
        ("another field", first(score=1), "cells", "Extra inputs are not permitted"),
    ):
        yield Tampering(f"prompts with {name}", _editing("prompts", edit), check, phrase)


def _entropies() -> Iterator[Tampering]:
    first = "entropies-arm"

    def every(value: Any, *names: str) -> Callable[[Any], None]:
        """That value for every group of the components named, by default of those that are there."""

        def edit(entropies: Any) -> None:
            groups = len(entropies["counts"])
            entropies["components"] = {name: [value] * groups for name in names or entropies["components"]}

        return edit

    for name, edit, check, phrase in (
        ("an unknown component", every(0.5, "a9.h9"), "cells", "which are no components"),
        ("the input", every(0.5, "input"), "cells", "which are no components"),
        ("too many components", every(0.5, "a0.h0", "a0.h1", "m0", "m1"), "cells", "at most 3"),
        ("a value above 1", every(1.5), "cells", "lies in 0 to 1"),
        ("a value below 0", every(-0.5), "cells", "lies in 0 to 1"),
        ("another value", every(0.5), "numbers", "the record says"),
        ("nothing", lambda e: e.update(components={}), "numbers", "the record says"),
        ("a text", every("0.5x"), "cells", "valid number"),
        ("a group less", lambda e: e.update(counts=e["counts"][1:]), "cells", "another number"),
        ("another template", lambda e: e["templates"].__setitem__(0, "x"), "cells", "other templates"),
        ("other counts", lambda e: e["counts"].__setitem__(0, 9), "cells", "other templates"),
    ):
        yield Tampering(f"entropies with {name}", _editing(first, edit), check, phrase)


def _effects() -> Iterator[Tampering]:
    """Changes of a cell that submissions keep exactly."""

    def tensor(name: str, value: Callable[[Any], Any]) -> Change:
        return change_arrays("effects-arm", lambda tensors, _: tensors.update({name: value(tensors[name])}))

    for name, change, phrase in (
        ("other examples", tensor("examples", lambda a: a + 1), "pool's evaluation half"),
        ("an example less", tensor("examples", lambda a: a[1:].copy()), "its groups have shape"),
        ("other groups", tensor("groups", lambda a: a[::-1].copy()), "pool's evaluation half"),
        ("drops of a component less", tensor("drops", lambda a: a[:, 1:].copy()), "its drops have shape"),
        ("NaN", tensor("direct_clean", lambda a: a * float("nan")), "not finite"),
        ("no removed examples", tensor("removed", lambda a: 0 * a), "or none"),
        (
            "other templates",
            change_arrays("effects-arm", lambda _, header: header["templates"].__setitem__(0, "x")),
            "other templates",
        ),
    ):
        yield Tampering(f"effects with {name}", change, "cells", phrase)
    for name in ("direct_changed", "drops", "corrupted"):
        change = tensor(name, lambda a: a * abs(a))
        yield Tampering(f"effects with other {name}", change, "numbers", "the record says")


Arrays = dict[str, Any]


def change_arrays(
    name: str,
    edit: Callable[[Arrays, dict[str, Any]], None],
    consistent: bool = True,
    everything: bool = True,
) -> Change:
    """A change of the tensors or the header of a cell, with all digests made consistent if wanted."""

    def change(folder: Path) -> None:
        file = cell_file(folder, name)
        tensors = load_file(file)
        with safe_open(file, framework="numpy") as opened:
            header = json.loads(opened.metadata()["mechshift"])
        edit(tensors, header)
        save_file(tensors, file, {"mechshift": json.dumps(header)})
        if consistent:
            seal_anew(folder, name, everything)
        else:
            write_manifest(folder)

    return change


def _arrays() -> Iterator[Tampering]:
    """Changes of the cells of exact submissions, whose numbers are not packed."""

    def tensor(name: str, value: Callable[[Any], Any]) -> Callable[[Arrays, dict[str, Any]], None]:
        return lambda tensors, header: tensors.update({name: value(tensors[name])})

    def told(**changes: Any) -> Callable[[Arrays, dict[str, Any]], None]:
        return lambda tensors, header: header.update(changes)

    def at(place: Any, value: Any) -> Callable[[Any], Any]:
        def edit(found: Any) -> Any:
            found = copy.deepcopy(found)
            found[place] = value
            return found

        return edit

    def scaled(found: Any) -> Any:
        found = np.array(found)
        found.flat[3] *= 1 + 1e-6
        return found

    changed_score = tensor("score_sums", scaled)
    yield Tampering(
        "a score, its digest left",
        change_arrays("scores-arm", changed_score, consistent=False),
        "cells",
        "is not what record.json was made of",
    )
    yield Tampering(
        "a score, digests of its seal and record too",
        change_arrays("scores-arm", changed_score, everything=False),
        "cells",
        "its needed cells differ",
    )
    yield Tampering(
        "a score and all digests", change_arrays("scores-arm", changed_score), "numbers", "the record says"
    )
    huge = {"layers": 10**9, "heads": 2, "kv_heads": 1}
    for kind, first in (("scores-mdm", "score_sums"), ("sweep-arm", "circuits")):
        edits: tuple[tuple[str, Any, str, str], ...] = (
            ("swapped axes", lambda t, h: h["sources"].reverse(), "cells", "the names of its axes"),
            (
                "an axis with another name",
                lambda t, h: h["sources"].__setitem__(1, "a9.h9"),
                "cells",
                "names of its axes",
            ),
            ("a name too few", lambda t, h: h["destinations"].pop(), "cells", "the names of its axes"),
            ("another format", told(format="scores 99"), "cells", "it is a 'scores 99'"),
            ("10^9 layers", told(graph=huge), "cells", "it is of another graph"),
            ("negative layers", told(graph={**huge, "layers": -1}), "cells", "it is of another graph"),
            ("a fraction of layers", told(graph={**huge, "layers": 1.5}), "cells", "valid integer"),
            ("another field", told(more=1), "cells", "not permitted"),
            ("NaN", tensor(first, at((0, 0), float("nan"))), "cells", "is not finite"),
            ("infinity", tensor(first, at((0, 0), float("inf"))), "cells", "is not finite"),
            ("half precision", tensor(first, lambda a: a.astype(np.float16)), "cells", "not F64"),
            ("a value less", tensor(first, lambda a: a[..., :-1]), "cells", "have shape"),
            ("one axis less", tensor(first, lambda a: a.reshape(-1)), "cells", "have shape"),
            ("nothing", tensor(first, lambda a: a[..., :0]), "cells", ""),
            ("a tensor more", lambda t, h: t.update(more=np.zeros(3)), "cells", "it holds"),
            ("a tensor less", lambda t, h: t.pop("examples"), "cells", "it holds"),
            ("a negative example", tensor("examples", at(0, -1)), "cells", "is negative"),
            ("another example", tensor("examples", at(0, 1)), "cells", "are not those of the pool's"),
            ("an example of 10^9", tensor("examples", at(0, 10**9)), "cells", "are not those of the pool's"),
            (
                "an example twice",
                tensor("examples", lambda a: np.full_like(a, a[0])),
                "cells",
                "are not those",
            ),
            ("another template", lambda t, h: h["templates"].__setitem__(0, "x"), "cells", "templates"),
            ("no templates", told(templates=[]), "cells", "templates"),
            ("10^5 templates", told(templates=["x"] * 10**5), "cells", ""),
        )
        for name, edit, check, phrase in edits:
            yield Tampering(f"{kind} with {name}", change_arrays(kind, edit), check, phrase)
    yield from _of_scores(tensor, told, at)
    yield from _of_sweeps(tensor, at)
    yield from _of_runs(tensor, told, at)
    yield from _of_ablations(tensor, told, at)


def _of_scores(tensor: Any, told: Any, at: Any) -> Iterator[Tampering]:
    for name, edit, check, phrase in (
        ("another rule", told(integration={"rule": "left", "steps": 5}), "cells", "not the protocol's"),
        ("other steps", told(integration={"rule": "midpoint", "steps": 50}), "cells", "not the protocol's"),
        ("no steps", told(integration={"rule": "midpoint", "steps": 0}), "cells", "does not exist"),
        ("other counts", tensor("counts", lambda a: a + 1), "cells", "other numbers of examples"),
        ("a group of 10^12", tensor("groups", at(0, 10**12)), "cells", "other numbers of examples"),
        ("groups exchanged", tensor("groups", lambda a: a[::-1].copy()), "cells", ""),
        (
            "another metric of the clean run",
            tensor("clean", lambda a: a + 1e-3),
            "numbers",
            "the record says",
        ),
        (
            "another metric of the corrupted",
            tensor("corrupted", lambda a: a + 1e-3),
            "numbers",
            "the record says",
        ),
        ("all scores negative", tensor("score_sums", lambda a: -a), "numbers", ""),
        ("all scores 0", tensor("score_sums", lambda a: 0 * a), "numbers", ""),
        ("scores of 10^300", tensor("score_sums", lambda a: 1e300 * a), "numbers", ""),
        ("scores all alike", tensor("score_sums", lambda a: 0 * a + 1), "numbers", ""),
    ):
        yield Tampering(f"scores with {name}", change_arrays("scores-arm", edit), check, phrase)


def _of_sweeps(tensor: Any, at: Any) -> Iterator[Tampering]:
    for name, edit, check, phrase in (
        ("another circuit's metric", tensor("circuits", at((0, 1, 0), 9.0)), "numbers", "the record says"),
        ("a circuit's metric off by 10^-3", tensor("circuits", _shifted), "numbers", "the record says"),
        ("whole models that do more", tensor("whole", lambda a: a + 1), "cells", "is off the whole model by"),
        ("empty circuits that do more", tensor("empty", lambda a: a + 0.01), "numbers", "the record says"),
        ("empty circuits like the model", lambda t, h: t.update(empty=t["whole"]), "numbers", ""),
        ("all edges that do less", tensor("circuits", at((0, 2), 0.0)), "cells", "is off the whole model by"),
        (
            "more kept than there are",
            tensor("kept", at((0, 0), 10**6)),
            "cells",
            "a circuit has 1000000 edges",
        ),
        ("a negative number kept", tensor("kept", at((0, 0), -1)), "cells", "is negative"),
        ("many kept of few", tensor("kept", at((0, 0), 60)), "numbers", ""),
        (
            "one more kept",
            tensor("kept", lambda a: a + np.eye(*a.shape, dtype=a.dtype)),
            "numbers",
            "the record says",
        ),
        ("a budget less", _shorter, "cells", "it has 2 circuits, and the protocol's grid 3"),
        (
            "metrics of 10^300",
            lambda t, h: [t.update({n: 1e300 * t[n]}) for n in ("whole", "empty", "circuits")],
            "manifest",
            "the original record is not this one",
        ),
    ):
        yield Tampering(f"sweep with {name}", change_arrays("sweep-mdm", edit), check, phrase)


def _of_runs(tensor: Any, told: Any, at: Any) -> Iterator[Tampering]:
    def renamed(tensors: Arrays, header: dict[str, Any]) -> None:
        header["names"] = [name.replace("star-path", "ioi") for name in header["names"]]

    off = "is off what the sweep has of it by"
    for name, edit, check, phrase in (
        ("another circuit's metric", tensor("circuits", at((1, 0), 9.0)), "numbers", "the record says"),
        ("shuffled circuits that do more", tensor("shuffled", lambda a: a + 1), "numbers", "the record says"),
        ("an own circuit that does more", tensor("circuits", at(0, 9.0)), "cells", f"own circuit {off}"),
        ("whole models that do more", tensor("whole", lambda a: a + 1), "cells", f"whole model {off}"),
        ("empty circuits that do more", tensor("empty", lambda a: a + 1), "cells", f"empty circuit {off}"),
        ("another size", told(edges=12), "cells", "its circuits are of 12 edges"),
        ("a size that is none", told(edges=10**9), "cells", "more edges than the 1000000000 compared"),
        ("circuits of another task", renamed, "cells", "are not those of the task and of the record's"),
        (
            "a name less",
            lambda t, h: h["names"].pop(),
            "cells",
            "its circuits have shape",
        ),
        ("a shuffled circuit less", tensor("shuffled", lambda a: a[1:]), "cells", "it has 2 shuffled"),
        ("another example", tensor("examples", at(0, 1)), "cells", "are not those of the pool's"),
        ("an example beyond all", tensor("shuffled_at", at(0, 99)), "cells", "that it does not have"),
        ("NaN", tensor("circuits", at((0, 0), float("nan"))), "cells", "is not finite"),
        ("another template", lambda t, h: h["templates"].__setitem__(0, "x"), "cells", "templates"),
        ("a tensor less", lambda t, h: t.pop("kept"), "cells", "it holds"),
        ("another format", told(format="transfer 99"), "cells", "it is a 'transfer 99'"),
    ):
        yield Tampering(f"transfer with {name}", change_arrays("transfer-mdm", edit), check, phrase)


def _of_ablations(tensor: Any, told: Any, at: Any) -> Iterator[Tampering]:
    """Of the first set, the top early heads, the nodes stand first; of the random sets of MLPs last."""

    def sets(change: Callable[[list[str]], Any]) -> Any:
        return lambda tensors, header: header.update(names=change(header["names"]))

    off = "is off what the sweep has of it by"
    for name, edit, check, phrase in (
        ("another metric", tensor("without", at((0, 0), 9.0)), "numbers", "the record says"),
        ("other right answers", tensor("right", lambda a: ~a), "numbers", "the record says"),
        ("a whole member that is wrong", tensor("whole_right", lambda a: ~a), "numbers", "the record says"),
        ("whole models that do more", tensor("whole", lambda a: a + 1), "cells", f"whole model {off}"),
        ("empty circuits that do more", tensor("empty", lambda a: a + 1), "cells", f"empty circuit {off}"),
        ("late heads for early ones", tensor("nodes", at((0, 1), 2)), "cells", "are not the top ones"),
        ("a head that there is not", tensor("nodes", at((0, 2), 9)), "cells", "are not the top ones"),
        ("a layer that there is not", tensor("nodes", at((0, 1), 9)), "cells", "a layer that there is not"),
        (
            "a random MLP of its own",
            tensor("nodes", _another_layer),
            "cells",
            "that the protocol's seed draws",
        ),
        ("a node of no set", tensor("nodes", at((0, 0), 99)), "cells", "has no node"),
        ("sets in another order", sets(lambda names: names[::-1]), "cells", "are not those of the protocol"),
        ("a set of another name", sets(lambda names: ["x", *names[1:]]), "cells", "neither of the top nodes"),
        ("a name less", sets(lambda names: names[1:]), "cells", "have shape"),
        ("another example", tensor("examples", at(0, 1)), "cells", "are not those of the pool's"),
        ("another template", lambda t, h: h["templates"].__setitem__(0, "x"), "cells", "templates"),
        ("NaN", tensor("without", at((0, 0), float("nan"))), "cells", "is not finite"),
        ("another graph", told(graph={"layers": 3, "heads": 2, "kv_heads": 2}), "cells", "names of its axes"),
        ("a tensor less", lambda t, h: t.pop("right"), "cells", "it holds"),
        ("another format", told(format="ablation 99"), "cells", "it is a 'ablation 99'"),
    ):
        yield Tampering(f"ablation with {name}", change_arrays("ablation-mdm", edit), check, phrase)


def _another_layer(nodes: Any) -> Any:
    """The last node, of the last random set, in the next layer."""
    nodes = np.array(nodes)
    nodes[-1, 1] = (nodes[-1, 1] + 1) % 3
    return nodes


def _shifted(circuits: Any) -> Any:
    circuits = np.array(circuits)
    circuits[1, 1] += 1e-3
    return circuits


def _shorter(tensors: Arrays, header: dict[str, Any]) -> None:
    tensors.update(circuits=tensors["circuits"][:, 1:].copy(), kept=tensors["kept"][:, 1:].copy())


def _whole_cells() -> Iterator[Tampering]:
    def swapped(first: str, second: str, task: str = TASK, consistent: bool = False) -> Change:
        def change(folder: Path) -> None:
            one, other = cell_file(folder, first), cell_file(folder, second, task=task)
            contents = one.read_bytes(), other.read_bytes()
            one.write_bytes(contents[1])
            other.write_bytes(contents[0])
            write_manifest(folder)
            if consistent:
                seal_anew(folder, first)
                seal_anew(folder, second)

        return change

    made_of = "is not what record.json was made of"
    for stage in ("scores", "sweep", "entropies", "effects"):
        pair = f"{stage}-arm", f"{stage}-mdm"
        yield Tampering(f"{stage} of the members exchanged", swapped(*pair), "cells", made_of)
        others = swapped(pair[0], pair[0], task="star-path")
        yield Tampering(f"{stage} of the tasks exchanged", others, "cells", made_of)
        again = swapped(*pair, consistent=True)
        yield Tampering(
            f"{stage} of the members exchanged, all digests too", again, "numbers", "the record says"
        )
    off = "is off what the sweep has of it by"
    for stage in ("transfer", "ablation"):
        pair = f"{stage}-arm", f"{stage}-mdm"
        yield Tampering(f"{stage} of the members exchanged", swapped(*pair), "cells", made_of)
        again = swapped(*pair, consistent=True)
        yield Tampering(f"{stage} of the members exchanged, all digests too", again, "cells", off)
    yield Tampering(
        "scores for a sweep", swapped("scores-arm", "sweep-arm", consistent=True), "cells", "it is a 'sweep"
    )
    for kind, spoil, phrase in _SPOILT_ARRAYS:
        for name in ("scores-arm", "sweep-arm")[: 2 if kind == "truncated" else 1]:
            yield Tampering(f"{name} {kind}", _spoiling_arrays(name, spoil), "cells", phrase)


_SPOILT_ARRAYS: tuple[tuple[str, Callable[[bytes], bytes], str], ...] = (
    ("empty", lambda content: b"", "cannot be read"),
    ("truncated", lambda content: content[:-1], "cannot be read"),
    ("cut in half", lambda content: content[: len(content) // 2], "cannot be read"),
    (
        "with a header of 2^60 bytes",
        lambda content: (2**60).to_bytes(8, "little") + content[8:],
        "cannot be read",
    ),
    (
        "with a header of 90 MB",
        lambda content: (90 * 2**20).to_bytes(8, "little") + content[8:],
        "cannot be read",
    ),
    ("with a deep header", lambda content: _header(b'{"a":' * 100_000), "cannot be read"),
    ("with a shape of 2^62", lambda content: _header(_HUGE_SHAPE), "cannot be read"),
    (
        "with offsets beyond its end",
        lambda content: content.replace(b'"data_offsets":[0', b'"data_offsets":[9'),
        "cannot be read",
    ),
    ("a pickle", lambda content: b"\x80\x04cos\nsystem\n", "cannot be read"),
    ("JSON", lambda content: b"{}", "cannot be read"),
)

_HUGE_SHAPE = b'{"score_sums":{"dtype":"F64","shape":[4611686018427387904,2],"data_offsets":[0,0]}}'


def _header(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


def _spoiling_arrays(name: str, spoil: Callable[[bytes], bytes]) -> Change:
    def change(folder: Path) -> None:
        file = cell_file(folder, name)
        file.write_bytes(spoil(file.read_bytes()))
        seal_anew(folder, name)

    return change


# Archives


def pack(folder: Path, *more: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """The submission as a zip archive, with more members behind its own."""
    path = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
        for name, content in more:
            archive.writestr(name, content)
    return path


def _archives() -> Iterator[Tampering]:
    members: tuple[tuple[str, str, bytes, str], ...] = (
        ("an absolute path", "/tmp/mechshift-evil", b"x", "absolute path"),
        ("a path upwards", "../evil", b"x", "leads to another folder"),
        ("a path up from within", "2026-11-29-small-v2/../../evil", b"x", "leads to another folder"),
        ("a drive", "C:/evil", b"x", "absolute path"),
        ("backslashes", "..\\evil", b"x", "backslash"),
        ("an escape sequence", "2026-11-29-small-v2/\x1b[2J", b"x", "not printable"),
        ("a name that differs in case", "2026-11-29-small-v2/RECORD.json", b"x", "differs only in case"),
        ("a file for a folder", "2026-11-29-small-v2/cells", b"x", "one of its folders is a file"),
        ("an archive", "2026-11-29-small-v2/more.zip", b"x", "an archive in the archive"),
        ("a name that Windows shortens", "2026-11-29-small-v2/record.json.", b"x", "ends in a dot"),
        ("a bomb", "2026-11-29-small-v2/zeros", bytes(2**25), "are said to unpack to"),
        ("deep folders", "a/" * 40 + "b", b"x", "deeper than"),
    )
    for name, place, content, phrase in members:
        change = _packing((place, content))
        yield Tampering(f"archive with {name}", change, "archive", phrase)
    for name, mode, phrase in (
        ("a link", 0o120777, "it is a symbolic link"),
        ("a FIFO", 0o010644, "a device, a FIFO or a socket"),
        ("a device", 0o020644, "a device, a FIFO or a socket"),
    ):
        entry = zipfile.ZipInfo("2026-11-29-small-v2/more")
        entry.external_attr = mode << 16
        yield Tampering(f"archive with {name}", _packing((entry, b"/etc/passwd")), "archive", phrase)
    extra = _packing(("2026-11-29-small-v2/notes.txt", b"x"))
    yield Tampering("archive with another file", extra, "files", "it is no part of a submission")
    beside = _packing(("elsewhere/notes.txt", b"x"))
    yield Tampering("archive of two folders", beside, "files", "it is missing")

    def flipped(folder: Path) -> Path:
        path = pack(folder)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return path

    yield Tampering("archive with another bit", flipped, "archive", "it cannot be unpacked")


def _packing(member: tuple[str | zipfile.ZipInfo, bytes]) -> Change:
    return lambda folder: pack(folder, member)
