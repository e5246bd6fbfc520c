"""Parts of the formats of ball patches: the circle, and the text in PNG files."""
