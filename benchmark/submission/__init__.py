"""What is handed in to a board: the record of a run with the cells that it follows from."""
