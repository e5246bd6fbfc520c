"""Writes a data set of any kind in a format of your own, without installing it.

python examples/custom_format/write_a_data_set.py data/train boxes
"""

import sys
from pathlib import Path

from boxes_csv import Spec, build

from meshsight.workflows.reading import open_parts
from meshsight.workflows.writing import Written, write_dataset


def main(source: str, out: str) -> Written:
    """Writes every split of a data set, and says what the format could not hold."""
    written = write_dataset(open_parts(source).parts, Path(out), build(Spec(decimals=2)))
    print(f"{written.folder}: {sum(part.num_images for part in written.parts)} images; dropped: {written.dropped}")
    return written


if __name__ == "__main__":
    main(*sys.argv[1:])
