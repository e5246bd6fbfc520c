"""Pictures made by code: each is a pure function of its family and seed, drawn anew wherever it is needed."""
