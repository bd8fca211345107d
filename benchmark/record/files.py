"""Reading and writing of records and other typed JSON."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import NotComputable
from ...files import write_text

M = TypeVar("M", bound=BaseModel)


def write_model(content: BaseModel, path: Path) -> None:
    """Write a model as JSON, whole or not at all. Raises OutputError where that fails."""
    write_text(path, content.model_dump_json(indent=1) + "\n")


def read_model(path: Path, kind: type[M]) -> M:
    """Read a model from JSON. Raises NotComputable, with the first thing that is wrong, for anything else."""
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotComputable(f"{path} cannot be read: {error}", "name a file that mechshift wrote") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise NotComputable(
            f"{path} is no {kind.__name__.lower()} of this version: {place}: {first['msg']}",
            "make it again with this version of mechshift",
        ) from error
