"""One file a vector index."""
