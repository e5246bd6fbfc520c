"""HDF5 files with arrays of small images: member `X/000012.png` is row 12 of the data set `X`, as a lossless PNG."""

SUFFIXES = (".h5", ".hdf5")
EXTRA = "patches"
