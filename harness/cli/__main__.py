"""`python -m harness.cli`: the same as the console script `floodgate`."""

from harness.cli.app import main

if __name__ == "__main__":
    main()
