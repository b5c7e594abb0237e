"""`python -m include.database.migrations URL`: creates cofi's tables, or brings them to the newest."""

import sys

from include.database.migrations import upgrade

if len(sys.argv) != 2:
    sys.exit("usage: python -m include.database.migrations sqlite:////folder/cofi.db|postgresql+psycopg://…")
upgrade(sys.argv[1])
