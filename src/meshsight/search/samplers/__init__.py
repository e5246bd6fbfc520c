"""How the values of a sweep are chosen: one file each."""
