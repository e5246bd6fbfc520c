"""The CV-Bench generator's config.json by its own names, with the example values of its README."""

from pydantic import Field

from meshsight.presets._settings import Settings

BASE_EXPOSURE = 40.0

Amount = float | tuple[float, float]


class Thing(Settings):
    """A model: an object with its label, or a distractor."""

    model: str
    label: str | None = None
    size: float = Field(default=1.0, gt=0)
    multiplicity: int = Field(default=1, ge=0)


class InputSettings(Settings):
    """What there is."""

    object: tuple[Thing, ...] = Field(default=(Thing(model="builtin:duck", label="duck", size=3.0),), min_length=1)
    distractor: tuple[Thing, ...] = (
        Thing(model="builtin:can_cola", size=3.0),
        Thing(model="builtin:gear", size=3.0),
    )
    bg: tuple[str, ...] | None = None
    environment: tuple[str, ...] | str | None = None


class OutputSettings(Settings):
    """How much is wanted."""

    size_train: int = Field(default=100, ge=0)
    size_val: int = Field(default=10, ge=0)
    images: int | None = None
    just_merge: float = 0.8
    skew: float = Field(default=4.0, gt=0, alias="skew_angle:material")


class CameraSettings(Settings):
    """The lens."""

    lens_unit: str = "FOV"
    lens: float = 75.0
    sensor_width: float = 5.11
    sensor_height: float = 3.84
    clip_start: float = 0.01
    clip_end: float = 50.0


class LightSettings(Settings):
    """Three lamps."""

    temperature: Amount = 6500.0
    key_inc: Amount = 45.0
    key_azi: Amount = (0.0, 90.0)
    key_energy: Amount = 1000.0
    fill_energy: Amount = 1000.0
    back_energy: Amount = 1000.0


class RenderSettings(Settings):
    """How it is drawn."""

    camera: CameraSettings = CameraSettings()
    light: LightSettings = LightSettings()
    resolution_x: int = 640
    resolution_y: int = 360
    exposure: float = Field(default=BASE_EXPOSURE, gt=0)
    model_scale: float = Field(default=1.0, gt=0)


class RandomSettings(Settings):
    """What is drawn by lot."""

    distractors: int | tuple[int, int] = (0, 2)
    x_pos: Amount = (-0.5, 0.5)
    y_pos: Amount = (-0.5, 0.5)
    z_pos: Amount = (-0.2, 2.0)
    inc: Amount = (0.0, 90.0)
    azi: Amount = (0.0, 90.0)
    metallic: Amount | None = None
    roughness: Amount | None = None


class Stage(Settings):
    """What every stage of the chain has."""

    passthrough: bool = False


class Shot(Stage):
    """Struck pixels."""

    amount: float = 0.0


class Gaussian(Stage):
    """Blur."""

    radius: int = 1


class Motion(Stage):
    """Motion blur."""

    angle: float = 0.0
    length: float = 0.0


class Black(Stage):
    """Black level and its noise."""

    mean: float = 0.0
    stdev: float = 1.0


class Quant(Stage):
    """Levels."""

    baseline: float = 0.0
    bits: float = 32.0


class PostfxSettings(Settings):
    """The sensor's chain; what is absent does nothing."""

    shot: Shot | None = Shot(amount=0.05)
    gaussian: Gaussian | None = Gaussian(radius=2)
    motion: Motion | None = Motion(angle=10, length=3)
    black: Black | None = Black(mean=5, stdev=1)
    quant: Quant | None = Quant(baseline=0, bits=8)


NO_POSTFX = PostfxSettings(shot=None, gaussian=None, motion=None, black=None, quant=None)


class CvBenchSettings(Settings):
    """The container's config.json, with the example values of its README."""

    input: InputSettings = InputSettings()
    output: OutputSettings = OutputSettings()
    render: RenderSettings = RenderSettings()
    random: RandomSettings = RandomSettings()
    postfx: PostfxSettings = NO_POSTFX


WITHOUT_MEANING = frozenset(
    [
        "render.compute_bbox",
        "render.use_cycles",
        "render.samples",
        "render.use_cycles_denoising",
        "render.use_adaptive_sampling",
        "render.use_GPU",
        "render.use_fps_keypoints",
    ]
)
