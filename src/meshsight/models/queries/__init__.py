"""Networks that predict a set of objects through queries, one file each; `detectors/query.py` holds one of them."""
