"""What a run would do and need, from configuration, file sizes and tokens, before a weight is loaded."""
