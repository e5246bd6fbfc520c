"""`meshsight VERB`: the command line, a thin skin over `meshsight.workflows`."""
