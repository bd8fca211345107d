"""The commands `mechshift circuits export` and `import`: what runs keep, in the files of other tools."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError
from .options import JsonOption, of_output
from .output import print_json

if TYPE_CHECKING:
    from ..circuits.circuit import Circuit

app = typer.Typer(no_args_is_help=True, help="Exchange circuits and scores with other tools.")


class Form(StrEnum):
    """Whose files are written."""

    eap_ig = "eap-ig"
    mib = "mib"


class WhichMember(StrEnum):
    """Whose circuit is meant."""

    arm = "arm"
    mdm = "mdm"


class By(StrEnum):
    """What edges are ranked by."""

    absolute = "absolute"
    signed = "signed"


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A run's circuit or scores (*.safetensors), or its RECORD.")],
    task: Annotated[str | None, typer.Argument(help="The task, if FILE is a record.")] = None,
    member: Annotated[WhichMember | None, typer.Argument(help="The member, if FILE is a record.")] = None,
    *,
    to: Annotated[Form, of_output(help="The EAP-IG library's graph, or MIB's nine circuits.")],
    out: Annotated[Path, of_output(help="The file to write; for MIB a new folder named TASK_MODEL.")],
    d_model: Annotated[
        int | None, of_output(min=1, help="The model's width, which is not in FILE unless imported.")
    ] = None,
    by: Annotated[
        By | None,
        of_output(help="How MIB's edges are ranked: absolute (for CMD; the default) or signed (for CPR)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a circuit with its scores as the EAP-IG library's JSON, or scores as MIB's nine circuits.

    Of a record the circuit of one member on one task is meant, which lies beside it in the folder of cells.
    Prints path and number of edges of what was written.

    Example: mechshift circuits export results/tiny-v2.json ioi mdm --to mib --d-model 128 --out ioi_tiny
    """
    if by is not None and to is Form.eap_ig:
        raise UsageError("--by ranks edges, but EAP-IG's graph has all of them", "leave it out")
    from ..interchange.eap_ig import save_graph
    from ..interchange.kept import load_kept
    from ..interchange.mib import SHARES, save_circuits

    kept = load_kept(_meant(file, task, member))
    width = _width(kept, d_model)
    if to is Form.eap_ig:
        save_graph(out, kept.graph, kept.edges, width, kept.scores)
        _tell([_described(out, kept.size)], as_json)
        return
    sizes = save_circuits(out, kept.graph, kept.scores, width, by.value if by else "absolute")
    paths = [out / f"{share:g}.json" for share in SHARES]
    _tell([_described(path, size) for path, size in zip(paths, sizes, strict=True)], as_json)


def _meant(file: Path, task: str | None, member: WhichMember | None) -> Path:
    """The file itself, or of a record the cell with the member's circuit on the task."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder", "name a file, or a record with a task and a member")
    from ..interchange.content import content_of

    content = content_of(file)
    if content == "graph":
        raise UsageError(
            f"{file} is a graph of the EAP-IG library already", "read it with mechshift circuits import"
        )
    # Cells with circuits and scores are safetensors, so other JSON can only be a record.
    if content == "json":
        return _of_record(file, task, member)
    if task is not None:
        raise UsageError(
            f"{file} is not a record, and a task can be named only with a record", "leave it out"
        )
    return file


def _of_record(file: Path, task: str | None, member: WhichMember | None) -> Path:
    from ..record.files import read_model
    from ..record.record import Record
    from ..run.plan import kind_name
    from ..run.store import find_cell

    if task is None or member is None:
        raise UsageError(
            f"{file} is JSON, as a record is, and a record has a circuit for each task and member",
            "name task and member of the record, such as ioi mdm",
        )
    return find_cell(file, read_model(file, Record), task, kind_name("circuit", member.value))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="EAP-IG's graph (*.json, *.pt), or MIB's folder of nine.")],
    out: Annotated[Path, of_output(help="The file to write (*.safetensors); for a folder, a new folder.")],
    as_json: JsonOption = False,
) -> None:
    """Read another tool's circuit, scores or nine circuits, check them, and write them as runs keep circuits.

    Prints path and number of edges of what was written.

    Example: mechshift circuits import graph.json --out circuit.safetensors
    """
    from ..interchange.eap_ig import load_graph
    from ..interchange.mib import SHARES, keep_circuits, load_circuits

    if file.is_dir():
        circuits = load_circuits(file)
        keep_circuits(circuits, out)
        paths = [out / f"{share:g}.safetensors" for share in SHARES]
        _tell([_described(path, one.size) for path, one in zip(paths, circuits, strict=True)], as_json)
        return
    circuit = load_graph(file)
    circuit.save(out)
    _tell([_described(out, circuit.size)], as_json)


def _width(kept: "Circuit", given: int | None) -> int:
    """The model's width as given, or as the file that was imported had it."""
    if given is not None:
        return given
    known = str(kept.about.get("d_model"))
    if not re.fullmatch("[1-9][0-9]{0,8}", known):
        raise UsageError(
            "other tools' graphs state the model's width, which a run does not keep",
            "give --d-model, the hidden_size of the model's config.json",
        )
    return int(known)


def _described(path: Path, edges: int) -> dict[str, Any]:
    return {"path": str(path), "edges": edges}


def _tell(written: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(written)
        return
    for one in written:
        print(f"{one['path']}: {one['edges']} edges in the circuit")
