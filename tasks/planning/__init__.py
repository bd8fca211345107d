"""Suite `planning`: the answer needs the whole prompt, or its own end, before its first token."""
