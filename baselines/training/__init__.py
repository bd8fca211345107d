"""The recipe of the reference pairs."""
