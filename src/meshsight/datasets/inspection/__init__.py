"""The doctor of data sets: what is wrong with one, and what has one right repair."""
