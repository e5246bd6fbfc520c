"""What the doctor looks for, one family a file; see `datasets/inspection/checking.py`."""
