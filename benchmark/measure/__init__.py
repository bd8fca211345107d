"""What is measured of one member at a time."""
