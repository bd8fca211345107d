"""What every figure needs: matplotlib, which is not installed unless it is asked for."""

from .errors import UsageError


def require_matplotlib() -> None:
    """Raises UsageError where matplotlib, which draws every figure, is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            "figures are drawn by matplotlib, which is not installed",
            'in a clone: pip install -c constraints.txt ".[plots]"',
        ) from error
