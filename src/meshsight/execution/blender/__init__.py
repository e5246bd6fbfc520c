"""Blender in a process of its own: found, started, spoken to over a pipe, watched, and started anew."""
