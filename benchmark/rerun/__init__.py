"""Cells of a submission computed again from the weights."""
