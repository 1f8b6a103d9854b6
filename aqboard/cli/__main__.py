"""`python -m aqboard.cli`, for where the `aqboard` script is not on the path."""

from aqboard.cli import main

main()
