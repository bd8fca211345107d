"""What the benchmark itself costs, measured."""
