"""The asset doctor: what is wrong with a 3D model, one family of checks a file, and repairs that are beyond doubt."""
