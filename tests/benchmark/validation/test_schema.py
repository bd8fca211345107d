"""A submission of another schema is refused for that, and not for every field that it lacks."""

from collections.abc import Callable
from pathlib import Path

from build.tampering import write_manifest
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import SCHEMA, Record
from mechshift.benchmark.validation.validate import validate


def test_a_record_of_an_older_schema_is_one_finding(submission: Callable[..., Path]) -> None:
    folder = submission()
    record = read_model(folder / "record.json", Record).model_dump_json()
    older = record.replace(f'"schema_version":{SCHEMA}', f'"schema_version":{SCHEMA - 1}')
    assert older != record
    (folder / "record.json").write_text(older.replace('"read":"plan"', '"stride":2'))
    write_manifest(folder)
    found = [each for each in validate(folder) if each.check == "record"]
    assert [each.problem for each in found] == [
        f"it is a record of schema {SCHEMA - 1} under protocol v2@3, "
        f"and this version of mechshift reads schema {SCHEMA}"
    ]
    assert found[0].remedy.startswith("run the pair again")
