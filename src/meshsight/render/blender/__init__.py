"""Scripts that run inside Blender, or a Python that has `bpy`, and nowhere else.

They import nothing of meshsight and meshsight imports nothing of them: bpy is under the GPL, so the two only talk over
a pipe (see docs/blender.md). Each script's folder is its import path; here is only what makes them part of the package.
"""
