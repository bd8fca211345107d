"""`python -m mechshift`: the same as the command `mechshift`."""

from .benchmark.cli.main import main

if __name__ == "__main__":
    main()
