"""What `--against` compares, in words: units, which way is more, and the recipe settings that move it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One number that is compared.

    Attributes:
        key: its name in the JSON.
        title: its name for people.
        meaning: how to read its values.
        unit: written after values; empty for shares.
        more, less: what the first side is when its number is higher or lower; `{}` stands for by how much.
        raise_it, lower_it: what to change in a recipe.
        least_spread: standard deviations below this are treated as this: differences that nobody would see.
        is_ratio: compared by factors, through logarithms.
        is_count: whole numbers.
        digits: after the decimal point.
    """

    key: str
    title: str
    meaning: str = ""
    unit: str = ""
    more: str
    less: str
    raise_it: str
    lower_it: str
    least_spread: float
    is_ratio: bool = False
    is_count: bool = False
    digits: int = 2


IMAGE_ATTRIBUTES = (
    Attribute(
        key="brightness",
        title="brightness",
        meaning="Mean luma, from 0 (black) to 1 (white).",
        more="{} brighter",
        less="{} darker",
        raise_it="Raise `sensor.exposure_ev` (+1 doubles the light), or `environment.strength`.",
        lower_it="Lower `sensor.exposure_ev` (-1 halves the light), or `environment.strength`.",
        least_spread=0.01,
    ),
    Attribute(
        key="contrast",
        title="contrast",
        meaning="Standard deviation of the luma.",
        more="{} higher in contrast",
        less="{} lower in contrast",
        raise_it="Harder light helps: more of `lights.suns.count` and `lights.suns.irradiance`, less "
        "`environment.strength`; and busier `backgrounds`.",
        lower_it="Softer light helps: less of `lights.suns.count` and `lights.suns.irradiance`, more "
        "`environment.strength`; and calmer `backgrounds`.",
        least_spread=0.01,
    ),
    Attribute(
        key="blur_px",
        title="blur",
        meaning="Width of edges: 0 is a perfect step; thin lines and sharpening lie below.",
        unit="px",
        more="{} blurrier",
        less="{} sharper",
        raise_it="Raise `sensor.blur_sigma_px`.",
        lower_it="Lower `sensor.blur_sigma_px`; sharper textures and `backgrounds` help too.",
        least_spread=0.05,
    ),
    Attribute(
        key="noise",
        title="noise",
        meaning="Standard deviation in flat places, in levels of 255.",
        unit="levels",
        more="{} noisier",
        less="{} cleaner",
        raise_it="Raise `sensor.shot_noise` and `sensor.read_noise`.",
        lower_it="Lower `sensor.shot_noise` and `sensor.read_noise`; compression (`sensor.jpeg_quality`) hides noise.",
        least_spread=0.1,
    ),
    Attribute(
        key="saturation",
        title="saturation",
        meaning="Mean distance from grey.",
        unit="CIELAB",
        more="{} more colourful",
        less="{} paler",
        raise_it="More colourful `backgrounds`, and more of `materials.saturation` and "
        "`distractors.materials.saturation`.",
        lower_it="Paler `backgrounds` (photographs, say), and less of `materials.saturation` and "
        "`distractors.materials.saturation`.",
        least_spread=0.5,
        digits=1,
    ),
    Attribute(
        key="warmth",
        title="warmth (blue to yellow)",
        meaning="Mean b*: below 0 blue, above it yellow.",
        unit="CIELAB b*",
        more="{} yellower",
        less="{} bluer",
        raise_it="Lower `lights.suns.temperature_k`, or widen `sensor.white_balance`.",
        lower_it="Raise `lights.suns.temperature_k`, or widen `sensor.white_balance`.",
        least_spread=0.5,
        digits=1,
    ),
    Attribute(
        key="tint",
        title="tint (green to magenta)",
        meaning="Mean a*: below 0 green, above it magenta.",
        unit="CIELAB a*",
        more="{} more magenta",
        less="{} greener",
        raise_it="Other `backgrounds` and environments help; `sensor.white_balance` moves it a little.",
        lower_it="Other `backgrounds` and environments help; `sensor.white_balance` moves it a little.",
        least_spread=0.5,
        digits=1,
    ),
)

OBJECT_ATTRIBUTES = (
    Attribute(
        key="box_scale",
        title="box scale",
        unit="of the image's side",
        more="{} larger boxes",
        less="{} smaller boxes",
        raise_it="Raise `placement.apparent_size` (or `camera.framing`), or bring the camera nearer.",
        lower_it="Lower `placement.apparent_size` (or `camera.framing`), or move the camera away.",
        least_spread=0.05,
        is_ratio=True,
        digits=3,
    ),
    Attribute(
        key="box_aspect",
        title="box aspect",
        unit="width / height",
        more="{} wider boxes for their height",
        less="{} narrower boxes for their height",
        raise_it="Turn objects as they are found: `placement.tilt_deg` and `camera.elevation_deg`.",
        lower_it="Turn objects as they are found: `placement.tilt_deg` and `camera.elevation_deg`.",
        least_spread=0.05,
        is_ratio=True,
    ),
    Attribute(
        key="center_x",
        title="place across the image",
        unit="of the width",
        more="{} further right",
        less="{} further left",
        raise_it="Change `camera.jitter` or the placement.",
        lower_it="Change `camera.jitter` or the placement.",
        least_spread=0.02,
    ),
    Attribute(
        key="center_y",
        title="height in the image",
        unit="of the height, downwards",
        more="{} further down",
        less="{} further up",
        raise_it="Change `camera.elevation_deg`, `camera.jitter` or the placement.",
        lower_it="Change `camera.elevation_deg`, `camera.jitter` or the placement.",
        least_spread=0.02,
    ),
)

COUNT_ATTRIBUTE = Attribute(
    key="objects_per_image",
    title="objects in an image",
    more="{} more objects in an image",
    less="{} fewer objects in an image",
    raise_it="Raise `count`.",
    lower_it="Lower `count`.",
    least_spread=0.2,
    is_count=True,
    digits=1,
)

ATTRIBUTES = (*IMAGE_ATTRIBUTES, *OBJECT_ATTRIBUTES, COUNT_ATTRIBUTE)


def amount(attribute: Attribute, value: float) -> str:
    """Returns a value with its unit."""
    return f"{value:.{attribute.digits}f} {attribute.unit}".rstrip()


def describe(attribute: Attribute, difference: float, interval: tuple[float, float] | None) -> str:
    """Returns a difference as a sentence without a subject: "0.18 brighter (95 %: 0.12 to 0.24)".

    Args:
        attribute: what differs.
        difference: first - second, or first / second for ratios.
        interval: its ends, or None when it is not known.
    """
    if attribute.is_ratio:
        is_more, size = difference >= 1, max(difference, 1 / difference)
        ends = None if interval is None else sorted(end if is_more else 1 / end for end in interval)
        by = f"{size:.2f} times"
    else:
        is_more, size = difference >= 0, abs(difference)
        ends = None if interval is None else sorted(end if is_more else -end for end in interval)
        by = _with_short_unit(attribute, size)
    words = (attribute.more if is_more else attribute.less).format(by)
    digits = 2 if attribute.is_ratio else attribute.digits
    return words if ends is None else f"{words} (95 %: {ends[0]:.{digits}f} to {ends[1]:.{digits}f})"


def describe_variety(ours: float, real: float, least: float) -> str:
    """Returns what to say of two standard deviations; nothing where they are alike.

    Renders that vary less than the photographs leave some of them out; more variety does less harm.

    Args:
        ours: standard deviation of the renders.
        real: that of the photographs.
        least: smaller ones count as this.
    """
    ratio = max(ours, least) / max(real, least)
    if ratio < 0.6:
        return f"Yours vary only {ratio:.2f} times as much: widen the range."
    return f"Yours vary {ratio:.1f} times as much." if ratio > 1.7 else ""


def _with_short_unit(attribute: Attribute, size: float) -> str:
    unit = attribute.unit.partition(" ")[0] if attribute.unit.startswith(("px", "levels", "CIELAB")) else ""
    return f"{size:.{attribute.digits}f} {unit}".rstrip()
