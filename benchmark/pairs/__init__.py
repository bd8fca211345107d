"""Loading two checkpoints as one pair, and the checks that catch a wrong declaration."""
