"""meshsight turns 3D models into object detectors that work on real photographs."""

__version__ = "0.1.0"
