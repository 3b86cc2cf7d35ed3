"""Makes `python -m hbcd` the command line."""

import sys

from hbcd.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
