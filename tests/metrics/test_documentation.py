"""The examples in the docstrings run, every public function has one, and importing costs numpy alone."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mechshift import metrics

MODULES = sorted({module.name for module in pkgutil.iter_modules(metrics.__path__)} - {"inputs"})


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"mechshift.metrics.{name}"))
    assert result.failed == 0
    assert result.attempted > 0


def test_public_functions_show_an_example() -> None:
    public = {name: getattr(metrics, name) for name in metrics.__all__}
    functions = {name: thing for name, thing in public.items() if inspect.isfunction(thing)}
    assert [name for name, thing in functions.items() if ">>>" not in (thing.__doc__ or "")] == []


def test_the_worked_example_of_the_guide_runs() -> None:
    guide = Path(__file__).parents[2] / "docs" / "metrics.md"
    result = doctest.testfile(str(guide), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 0


def test_every_public_name_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in metrics.__all__ if not re.search(rf"`{name}\b", page)] == []


def test_import_needs_numpy_only() -> None:
    heavy = "{'torch', 'scipy', 'sklearn', 'transformers', 'mechshift.benchmark', 'mechshift.tasks'}"
    program = f"import sys, mechshift.metrics; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
