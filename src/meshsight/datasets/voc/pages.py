"""One Pascal VOC annotation: an XML file, read and written.

Pixels are counted from 1 and boxes include their last pixel, so that x from 1 to 1 is one pixel wide (VOC2012
development kit, section 9): our half-open box (x1, y1, x2, y2) is (x1 + 1, y1 + 1, x2, y2), exactly.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

from meshsight.core.errors import DataError
from meshsight.records.sample import Box, ObjectLabel, Sample, StatedVisibility

UNKNOWN_SOURCE = "Unknown"
CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True, kw_only=True)
class VocObject:
    """One object; the box is half-open xyxy in pixels, not yet checked."""

    name: str
    box: Box
    is_difficult: bool
    stated: StatedVisibility | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VocPage:
    """What an annotation says of an image.

    Attributes:
        image_names: what the file name of the image may be, likeliest first.
        size_hw: None when it is not given, or zero.
        source: name of the data base, or None.
        objects: in the order of the file.
    """

    image_names: tuple[str, ...]
    size_hw: tuple[int, int] | None
    source: str | None
    objects: tuple[VocObject, ...]


class _Guard(ET.TreeBuilder):
    """Builds a tree, but not of a file that could declare entities, which may grow without limit."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a DOCTYPE, which no annotation needs; remove it")


def read_page(file: Path) -> VocPage:
    """Reads an annotation.

    Raises:
        DataError: it is no XML, has a DOCTYPE, or an object lacks its name or box.
    """
    root = _parse(file)
    named = (_last_part(root.findtext(key, "")) for key in ("filename", "path"))
    database = root.findtext("source/database", "").strip()
    return VocPage(
        image_names=tuple(name for name in named if name),
        size_hw=_size_hw(root),
        source=database if database not in ("", UNKNOWN_SOURCE) else None,
        objects=tuple(
            _read_object(element, f"{file}: object {number}")
            for number, element in enumerate(root.findall("object"), start=1)
        ),
    )


def read_names(file: Path) -> set[str]:
    """Returns the class names of an annotation; see `read_page`."""
    elements = enumerate(_parse(file).findall("object"), start=1)
    return {_name(element, f"{file}: object {number}") for number, element in elements}


def page_text(sample: Sample, image: str, names: Sequence[str]) -> str:
    """Returns the annotation of a sample.

    Args:
        sample: one whose `stated` has no other fields than the two flags.
        image: file name of the image.
        names: class names as they are written, by class id.
    """
    height, width = sample.size_hw
    return (
        "<annotation>\n"
        "\t<folder>JPEGImages</folder>\n"
        f"\t<filename>{escape(image)}</filename>\n"
        f"\t<source>\n\t\t<database>{escape(sample.source or UNKNOWN_SOURCE)}</database>\n\t</source>\n"
        f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
        "\t<segmented>0</segmented>\n"
        + "".join(_object_text(label, names[label.class_id]) for label in sample.objects)
        + "</annotation>\n"
    )


def with_flags(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Says in VOC's two flags what is known of an object's visibility; what is not known stays out."""
    counts, stated = label.pixels, label.stated
    if counts is not None:
        flags = StatedVisibility(is_truncated=counts.inside < counts.full, is_occluded=counts.visible < counts.inside)
    elif stated is not None:
        flags = StatedVisibility(is_truncated=_is_truncated(stated), is_occluded=_is_occluded(stated))
    else:
        return label
    return replace(label, stated=flags if flags != StatedVisibility() else None)


def _is_truncated(stated: StatedVisibility) -> bool | None:
    if stated.is_truncated is not None or stated.truncation is None:
        return stated.is_truncated
    return stated.truncation > 0


def _is_occluded(stated: StatedVisibility) -> bool | None:
    if stated.is_occluded is not None or stated.occlusion_level not in (0, 1, 2):
        return stated.is_occluded
    return stated.occlusion_level > 0


def _parse(file: Path) -> ET.Element:
    try:
        return ET.fromstring(file.read_bytes(), parser=ET.XMLParser(target=_Guard()))
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such annotation") from error
    except (ET.ParseError, ValueError, LookupError, OSError) as error:
        raise DataError(f"{file}: cannot be read as XML: {error}") from error


def _last_part(path: str) -> str:
    return path.strip().replace("\\", "/").rpartition("/")[2]


def _size_hw(root: ET.Element) -> tuple[int, int] | None:
    height, width = (root.findtext(f"size/{side}", "").strip() for side in ("height", "width"))
    is_given = height.isdecimal() and width.isdecimal() and int(height) > 0 and int(width) > 0
    return (int(height), int(width)) if is_given else None


def _read_object(element: ET.Element, where: str) -> VocObject:
    flags = StatedVisibility(is_truncated=_flag(element, "truncated"), is_occluded=_flag(element, "occluded"))
    return VocObject(
        name=_name(element, where),
        box=_box(element, where),
        is_difficult=bool(_flag(element, "difficult")),
        stated=flags if flags != StatedVisibility() else None,
    )


def _name(element: ET.Element, where: str) -> str:
    name = element.findtext("name", "").strip()
    if not name:
        raise DataError(f"{where}: no class name in <name>")
    return name


def _flag(element: ET.Element, key: str) -> bool | None:
    return {"1": True, "0": False}.get(element.findtext(key, "").strip())


def _box(element: ET.Element, where: str) -> Box:
    sides = element.find("bndbox")
    texts = [sides.findtext(corner, "") if sides is not None else "" for corner in CORNERS]
    try:
        return _one_less(texts[0]), _one_less(texts[1]), float(texts[2]), float(texts[3])
    except ValueError as error:
        raise DataError(f"{where}: <bndbox> needs the four numbers {', '.join(CORNERS)}") from error


def _object_text(label: ObjectLabel, name: str) -> str:
    stated = label.stated or StatedVisibility()
    x1, y1, x2, y2 = label.box
    sides = zip(CORNERS, (_one_more(x1), _one_more(y1), _in_words(x2), _in_words(y2)), strict=True)
    return (
        f"\t<object>\n\t\t<name>{escape(name)}</name>\n"
        "\t\t<pose>Unspecified</pose>\n"
        + _flag_text("truncated", stated.is_truncated)
        + _flag_text("occluded", stated.is_occluded)
        + _flag_text("difficult", label.is_ignored)
        + "\t\t<bndbox>\n"
        + "".join(f"\t\t\t<{corner}>{side}</{corner}>\n" for corner, side in sides)
        + "\t\t</bndbox>\n\t</object>\n"
    )


def _flag_text(key: str, flag: bool | None) -> str:
    return "" if flag is None else f"\t\t<{key}>{int(flag)}</{key}>\n"


def _one_less(text: str) -> float:
    side = float(text)
    return side - 1 if side.is_integer() else float(Decimal(text.strip()) - 1)


def _one_more(side: float) -> str:
    return str(int(side) + 1) if side.is_integer() else str(Decimal(repr(side)) + 1)


def _in_words(side: float) -> str:
    return str(int(side)) if side.is_integer() else repr(side)
