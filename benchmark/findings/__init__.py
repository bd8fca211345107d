"""What a checker found, and how it is told: as text, JSON, JUnit XML, on GitHub."""
