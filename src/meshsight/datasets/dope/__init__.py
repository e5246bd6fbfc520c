"""Parts of the DOPE format: files, habits of their authors, corners, objects."""
