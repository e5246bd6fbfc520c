"""What the `raycast` renderer is made of: Embree for the rays, numpy for the light."""
