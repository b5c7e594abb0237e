"""`python -m include.command_line`: the command `cofi` where the package is not installed."""

from include.command_line.main import run

if __name__ == "__main__":
    run()
