"""Where detectors come from; `opening.py` chooses among them."""
