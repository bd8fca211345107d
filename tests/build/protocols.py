"""Protocols with so little work that a test is quick."""

from typing import Any

from mechshift.benchmark.record.protocol import QUICK, V2, Protocol


def small_protocol(**changes: Any) -> Protocol:
    """The leaderboard's protocol on a pool of twelve examples, with few groups, resamples and splits."""
    few = {"pool": 12, "minimum": 4, "groups": 6, "resamples": 30, "splits": 3, "steps": 5}
    return V2.changed(**{**few, **changes})


def small_quick(**changes: Any) -> Protocol:
    """The protocol `quick` on few examples and budgets: seconds on the reference pair."""
    few = {
        "pool": 8,
        "minimum": 4,
        "candidates": 3,
        "beside_examples": 4,
        "resamples": 20,
        "splits": 2,
        "components": 4,
        "steps": 2,
    }
    return QUICK.changed(**{**few, "grid": (0.001, 0.1, 1.0), **changes})
