"""What the sensor does to one frame."""

from meshsight.records.scene import Rgb, SensorDraw
from meshsight.specs.ranges import AnyDistribution
from meshsight.specs.sensor import SensorSpec
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.sampling import describe, sample


def draw_sensor(spec: SensorSpec, draws: Draws) -> SensorDraw:
    """Draws the values of every stage, each from its own stream."""
    sigma = _draw("blur_sigma_px", spec.blur_sigma_px, draws)
    motion = round(_draw("motion_px", spec.motion_px, draws))
    return SensorDraw(
        exposure_ev=_draw("exposure_ev", spec.exposure_ev, draws),
        white_balance=_draw_white_balance(spec.white_balance, draws),
        salt=_draw("salt", spec.salt, draws),
        blur_sigma_px=sigma,
        blur_kernel_px=0 if spec.blur_width is None else 2 * int(0.5 * spec.blur_width * sigma) + 1,
        motion_px=motion,
        motion_angle_deg=_draw("motion_angle_deg", spec.motion_angle_deg, draws) if motion > 0 else 0.0,
        shot_noise=_draw("shot_noise", spec.shot_noise, draws),
        read_noise=_draw("read_noise", spec.read_noise, draws),
        black_level=_draw("black_level", spec.black_level, draws),
        black_std=_draw("black_std", spec.black_std, draws),
        bits=8 if spec.bits is None else round(_draw("bits", spec.bits, draws)),
        baseline=round(_draw("baseline", spec.baseline, draws)),
        jpeg_quality=_draw_jpeg(spec, draws),
        seed=int(draws.stream("sensor.seed").integers(0, 2**31)),
    )


def _draw(name: str, distribution: AnyDistribution | None, draws: Draws) -> float:
    path = f"sensor.{name}"
    return 0.0 if distribution is None else draws.number(path, path, distribution, draws.stream(path))


def _draw_white_balance(distribution: AnyDistribution | None, draws: Draws) -> Rgb:
    if distribution is None:
        return 1.0, 1.0, 1.0
    draws.note("sensor.white_balance", f"sensor.white_balance {describe(distribution)} for red and for blue")
    rng = draws.stream("sensor.white_balance")
    return sample(distribution, rng), 1.0, sample(distribution, rng)


def _draw_jpeg(spec: SensorSpec, draws: Draws) -> int | None:
    rng = draws.stream("sensor.jpeg_quality")
    if spec.jpeg_quality is None or rng.random() >= spec.jpeg_probability:
        return None
    draws.note("sensor.jpeg_quality", f"sensor.jpeg_quality {describe(spec.jpeg_quality)}")
    return round(sample(spec.jpeg_quality, rng))
