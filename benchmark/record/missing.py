"""The value of what could not be computed."""

from pydantic import Field

from .protocol import Part


class Missing(Part):
    """A value that could not be computed, and why."""

    missing: str = Field(min_length=1)
