"""One file a lexical index."""
