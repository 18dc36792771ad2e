"""One file a reranker."""
