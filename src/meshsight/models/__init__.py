"""Steps 6 and 7 of the walk: networks, their losses and their decoding."""
