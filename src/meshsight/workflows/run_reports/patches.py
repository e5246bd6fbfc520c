"""The report of a patch network, on its validation sets or on what was held out."""

EXTRA = "train"
