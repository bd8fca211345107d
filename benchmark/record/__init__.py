"""The types at the file boundary, the protocol, and how records are written and read."""
