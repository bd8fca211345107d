"""Two records of one protocol: what differs between them, and by how much more than chance."""
