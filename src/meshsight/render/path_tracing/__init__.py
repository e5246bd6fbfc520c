"""This side of the path tracer: a scene as plain numbers for Blender, and its passes back to a frame."""
