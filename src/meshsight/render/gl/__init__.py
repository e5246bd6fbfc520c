"""What the `raster` renderer is made of: OpenGL 3.3 through moderngl."""
