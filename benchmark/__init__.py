"""How a pair is run: loading, decoding, circuits, comparison, records."""
