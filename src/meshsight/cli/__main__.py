"""`python -m meshsight.cli`, the same as `meshsight`."""

from meshsight.cli.main import main

main()
