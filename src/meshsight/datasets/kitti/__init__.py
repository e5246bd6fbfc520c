"""Parts of the KITTI format: folders, rows, boxes in 3-D, calibrations."""
