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
    return _draw_picture(spec, size_hw, assets, rng)


def _draw_picture(
    spec: ProceduralBackgrounds | PhotographBackgrounds,
    size_hw: tuple[int, int],
    assets: AssetSource,
    rng: np.random.Generator,
) -> BackgroundPicture:
    if isinstance(spec, PhotographBackgrounds):
        ref = draw_file(spec.files, rng)
        height, width = assets.image(ref).shape[:2]
    else:
        # A painting has no true proportions, so its crop may be stretched; it need not be painted here to be measured.
        ref, (height, width) = draw_background_picture(spec, rng), size_hw
    return BackgroundPicture(
        ref=ref,
        crop=draw_crop((height, width), size_hw, sample(spec.zoom, rng), rng),
        is_flipped=bool(rng.random() < spec.flip_probability),
    )


def draw_crop(
    picture_hw: tuple[int, int], image_hw: tuple[int, int], zoom: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Draws a crop, xyxy in 0..1 of the picture, that has the image's aspect: 1/zoom of the largest such crop."""
    aspect = (image_hw[1] / image_hw[0]) / (picture_hw[1] / picture_hw[0])
    width, height = min(1.0, aspect) / zoom, min(1.0, 1.0 / aspect) / zoom
    left, top = rng.uniform(0.0, 1.0 - width), rng.uniform(0.0, 1.0 - height)
    return left, top, left + width, top + height
