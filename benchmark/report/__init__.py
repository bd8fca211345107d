"""What was measured of pairs and what can be stated of them, as a document in Markdown."""
