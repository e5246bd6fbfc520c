"""Bodies that fall until they rest: convex parts of meshes, and a world of mujoco's around them."""
