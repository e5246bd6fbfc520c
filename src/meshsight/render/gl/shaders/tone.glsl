// The arithmetic of render/tone.py.
const float SHOULDER = 0.7;

vec3 tone_curve(vec3 light) {
    vec3 over = max(light - SHOULDER, 0.0) / (1.0 - SHOULDER);
    return min(light, SHOULDER) + (1.0 - SHOULDER) * over / (1.0 + over);
}

vec3 encode_srgb(vec3 light) {
    vec3 curve = 1.055 * pow(max(light, 0.0031308), vec3(1.0 / 2.4)) - 0.055;
    return mix(curve, 12.92 * light, lessThanEqual(light, vec3(0.0031308)));
}

vec3 developed(vec3 radiance, vec3 gain) {
    return encode_srgb(tone_curve(max(radiance * gain, 0.0)));
}
