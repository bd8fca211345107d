"""What is measured: pure functions on numpy arrays, usable on anybody's edge scores."""
