"""One file for each data set format; nothing else names it."""
