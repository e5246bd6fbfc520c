"""What the doctor looks for in the label files of one format, before a reader refuses or mends it.

A check is a file named after its format; it holds its `FAULTS` and `build(spec)`, which returns a `LabelFileCheck`.
"""
