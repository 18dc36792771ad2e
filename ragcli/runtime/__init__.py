"""One file a way to turn a prompt into a completion."""
