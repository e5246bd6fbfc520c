"""Files that hold images: each file here is a kind of container, named by the suffixes that it opens."""
