"""The page that `show` writes: drawn samples that can be narrowed down to one class, without a network."""

from pathlib import Path

import meshsight
from meshsight.core.files import write_text
from meshsight.core.images import RgbImage
from meshsight.plotting.page import Captioned, Gallery, Page, Paragraph, Section, render_page
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

EMPTY = "no object"


class PageMaker:
    """Gathers drawn samples, and writes them as one page."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._items: list[Captioned] = []
        self._num_objects = 0

    def add(self, sample: Sample, picture: RgbImage) -> None:
        """Adds one drawn sample."""
        labels = [label for label in sample.objects if not label.is_ignored]
        names = sorted({label.class_id for label in labels})
        tags = tuple(self._dataset.classes[class_id] for class_id in names) or (EMPTY,)
        objects = f"{len(labels)} object" + ("" if len(labels) == 1 else "s")
        self._items.append(Captioned(content=picture, caption=f"{sample.image} · {objects}", tags=tags))
        self._num_objects += len(labels)

    def write(self, path: Path) -> None:
        """Writes the page.

        Raises:
            StorageError: it cannot be written.
        """
        text = "Choose a class to see the images that show it. A click enlarges a picture."
        gallery = Gallery(items=tuple(self._items), min_width_px=300)
        page = Page(
            title=self._dataset.name,
            subtitle=f"{len(self._items):,} of {self._dataset.num_samples:,} images, {self._num_objects:,} objects",
            sections=(Section(title="Labels", blocks=(Paragraph(text=text), gallery)),),
            footer=f"meshsight {meshsight.__version__}",
        )
        write_text(path, render_page(page))
