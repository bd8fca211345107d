"""How a run is carried out: its plan, its cells on disk, and what it tells while it works."""
