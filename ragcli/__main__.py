"""python -m ragcli."""

import sys

from ragcli.cli import main

if __name__ == "__main__":
    sys.exit(main())
