import sys

import pytest

from mechshift.drawing import require_matplotlib
from mechshift.errors import UsageError


def test_figures_need_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    require_matplotlib()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="drawn by matplotlib, which is not installed") as found:
        require_matplotlib()
    assert ".[plots]" in found.value.remedy
