"""The `cycles` renderer: Blender's path tracer, in a process of its own. Needs `meshsight blender install`."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

Device = Literal["auto", "cpu", "optix", "cuda", "hip", "metal", "oneapi"]


class Spec(VariantSpec):
    """Traces light with Cycles: reflections, soft shadows, light from surface to surface; seconds an image."""

    kind: Literal["cycles"] = "cycles"
    samples: int = Field(default=16, ge=1, le=1 << 20)
    """Light paths for each pixel. Labels are always those of the pixel's centre, however few there are."""
    adaptive_threshold: float = Field(default=0.0, ge=0, le=1)
    """Noise at which a pixel is done before it has all its samples; 0 gives all pixels all samples. Below about 64
    samples it gains nothing."""
    denoiser: Literal["none", "oidn"] = "oidn"
    """Intel's Open Image Denoise, which comes with Blender, or the noise as it is."""
    denoiser_quality: Literal["fast", "balanced", "high"] = "balanced"
    """On a processor `high` costs as much as a few samples more, and `balanced` next to nothing."""
    denoiser_prefilter: Literal["none", "fast", "accurate"] = "none"
    """Whether the colours and normals that guide the denoiser are denoised first; needless without motion or focus."""
    max_bounces: int = Field(default=4, ge=0, le=64)
    """How often a path goes on from surface to surface."""
    device: Device = "auto"
    """What computes: `auto` takes the first GPU that Cycles finds, else the processor."""
    threads: int = Field(default=0, ge=0)
    """Threads on the processor; 0 takes as many as the process is given: one for each worker of `generate`."""
    environment_map_px: int = Field(default=256, ge=4, le=8192)
    """Width of the map by which light from the environment is sampled. A small one is made at once for each frame; a
    large one finds small bright suns sooner."""
    sun_angle_deg: float = Field(default=0.5, ge=0, le=180)
    """Width of suns in the sky, which softens their shadows; the real one's is 0.53."""
    cache_mb: int = Field(default=1024, ge=16)
    """Memory for meshes, and the same again for textures and environments, that stay loaded between frames."""
    blender: str | None = None
    """A Blender program, or a Python that has bpy; nothing takes `MESHSIGHT_BLENDER`, else the installed one."""
    recycle_frames: int = Field(default=1000, ge=1)
    """Frames after which a new Blender is started, since bpy's memory grows."""
    recycle_growth_mb: int = Field(default=2048, ge=64)
    """Growth at which a new one is started before that."""
    stall_seconds: float = Field(default=300.0, gt=0)
    """A Blender that shows no progress for so long is stopped, and the frame begun again."""
