"""A trained run as a patch network; torch is imported only when it is opened."""

EXTRA = "train"
