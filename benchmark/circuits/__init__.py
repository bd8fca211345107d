"""Edge attribution and the running of circuits on unmodified `transformers` models."""
