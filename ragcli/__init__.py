"""ragcli: ask a folder, get answers whose citations resolve to file, page, line and characters."""

__version__ = "0.1.0"
