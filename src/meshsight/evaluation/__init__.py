"""Step 8 of the walk: detections and truth become an EvalReport. Pure functions on numpy arrays."""
