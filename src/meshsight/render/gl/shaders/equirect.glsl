// Texture coordinates of a direction of the map's frame: see render/equirect.py.
vec2 equirect_uv(vec3 direction) {
    float azimuth = atan(direction.y, direction.x) * 0.15915494;
    return vec2(azimuth, acos(clamp(direction.z, -1.0, 1.0)) * 0.31830989);
}
