"""Textured objects and plain shapes made by code: real-world size, z up, origin at the centre of the bounding box."""
