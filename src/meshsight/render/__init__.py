"""Step 2 of the walk: Scene -> Frame, by any of several renderers behind one interface."""
