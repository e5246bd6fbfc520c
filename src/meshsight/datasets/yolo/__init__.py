"""Parts of the YOLO format: layouts and rows."""
