"""The shader programs, GLSL 3.30; a package only so that installing brings them along."""
