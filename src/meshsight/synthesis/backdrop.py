"""The background of one frame: which picture, and which part of it."""

import numpy as np

from meshsight.records.scene import AssetSource, Background, BackgroundPicture, PlainBackground
from meshsight.specs.surroundings import (
    BackgroundSpec,
    EnvironmentBackground,
    PhotographBackgrounds,
    PlainBackgrounds,
    ProceduralBackgrounds,
)
from meshsight.synthesis.colors import color_from_hsv
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_background_picture, draw_file
from meshsight.synthesis.sampling import describe, sample, sample_index


def draw_background(
    specs: tuple[BackgroundSpec, ...], size_hw: tuple[int, int], assets: AssetSource, draws: Draws
) -> Background:
    """Chooses a kind of background by weight, and draws one.

    Raises:
        AssetError: a picture is missing or unreadable.
    """
    rng = draws.stream("background")
    index = sample_index(tuple(spec.weight for spec in specs), rng)
    spec, randomiser = specs[index], f"backgrounds[{index}] {specs[index].kind}"
    draws.note("background", randomiser)
    if isinstance(spec, EnvironmentBackground):
        return None
    if isinstance(spec, PlainBackgrounds):
        tinted = {"hue_deg": spec.hue_deg, "saturation": spec.saturation, "brightness": spec.brightness}
        hue, saturation, brightness = (sample(distribution, rng) for distribution in tinted.values())
        origin = ", ".join(f"{name} {describe(distribution)}" for name, distribution in tinted.items())
        draws.note("background.color", f"{randomiser}: {origin}")
        return PlainBackground(color=color_from_hsv(hue, saturation, brightness))
    draws.note("background.ref", randomiser)
    draws.note("background.crop", f"{randomiser}: zoom {describe(spec.zoom)}")
    draws.note("background.is_flipped", f"{randomiser}: flip_probability {spec.flip_probability:g}")
    draws.note("background.quarter_turns", f"{randomiser}: turn_probability {spec.turn_probability:g}")
    draws.note("background.rotation_deg", f"{randomiser}: rotation_deg {describe(spec.rotation_deg)}")
    return _draw_picture(spec, size_hw, assets, rng, draws)


def _draw_picture(
    spec: ProceduralBackgrounds | PhotographBackgrounds,
    size_hw: tuple[int, int],
    assets: AssetSource,
    rng: np.random.Generator,
    draws: Draws,
) -> BackgroundPicture:
    if isinstance(spec, PhotographBackgrounds):
        ref = draw_file(spec.files, rng)
        height, width = assets.image_size_hw(ref)
    else:
        # A painting has no true proportions, so its crop may be stretched; it need not be painted here to be measured.
        ref, (height, width) = draw_background_picture(spec, rng), size_hw
    turns = _draw_turns(spec, draws)
    if turns % 2:
        height, width = width, height
    rotation_deg = sample(spec.rotation_deg, draws.stream("background.rotation"))
    return BackgroundPicture(
        ref=ref,
        quarter_turns=turns,
        crop=draw_crop((height, width), size_hw, sample(spec.zoom, rng), rotation_deg, rng),
        rotation_deg=rotation_deg,
        is_flipped=bool(rng.random() < spec.flip_probability),
    )


def _draw_turns(spec: ProceduralBackgrounds | PhotographBackgrounds, draws: Draws) -> int:
    rng = draws.stream("background.turns")
    return int(rng.integers(1, 4)) if rng.random() < spec.turn_probability else 0


def draw_crop(
    picture_hw: tuple[int, int],
    image_hw: tuple[int, int],
    zoom: float,
    rotation_deg: float,
    rng: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Draws a crop, xyxy in 0..1 of the picture, that has the image's aspect: 1/zoom of the largest such crop.

    One that is turned about its middle by an angle is smaller still where its corners would leave the picture.
    """
    aspect = (image_hw[1] / image_hw[0]) / (picture_hw[1] / picture_hw[0])
    width, height = min(1.0, aspect) / zoom, min(1.0, 1.0 / aspect) / zoom
    c, s = abs(np.cos(np.deg2rad(rotation_deg))), abs(np.sin(np.deg2rad(rotation_deg)))
    tall = picture_hw[0] / picture_hw[1]
    around = np.array([width * c + height * tall * s, width / tall * s + height * c])
    reach = np.maximum(around, (width, height)) if rotation_deg else np.array([width, height])
    shrink = 1.0 / max(1.0, float(reach.max()))
    (width, height), (wide, high) = (width * shrink, height * shrink), reach * shrink
    left = rng.uniform(0.0, max(1.0 - wide, 0.0)) + 0.5 * (wide - width)
    top = rng.uniform(0.0, max(1.0 - high, 0.0)) + 0.5 * (high - height)
    return float(left), float(top), min(float(left + width), 1.0), min(float(top + height), 1.0)
