"""What a data set is like, in numbers: of its images, its labels, and of two sets beside each other."""
