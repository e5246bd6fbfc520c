"""Parts of the Pascal VOC format: folders and annotations."""
