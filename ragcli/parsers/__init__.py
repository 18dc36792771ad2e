"""One file a format: SUFFIXES and parse(raw, name) -> Parsed."""
