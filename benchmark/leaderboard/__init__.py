"""Tables and files made of records."""
