"""One file a way to encode text as unit vectors."""
