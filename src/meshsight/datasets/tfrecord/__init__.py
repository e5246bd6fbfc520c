"""Parts of the TFRecord format: files, folds, and the two sets of fields."""
