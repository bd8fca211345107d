"""Whether a submission is what it says: every check that needs no model, and all faults at once."""
