"""Steps 3 and 4 of the walk: what is true in an image, and the folders and formats that keep it."""
