"""`python -m textrnn.cli` is the command `textrnn`."""

from textrnn.cli import main

main()
