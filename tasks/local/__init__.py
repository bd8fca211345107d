"""Suite `local`: the answer follows from a pattern near the place where it is asked for."""
