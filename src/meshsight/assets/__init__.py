"""Where meshes, pictures and light come from: files, objects made by code, procedural pictures (before step 1)."""
