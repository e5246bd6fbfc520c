"""Step 1 of the walk: a scene recipe and a frame number become a Scene; nothing is rendered and no clock is read."""
