// Spot and area lights, and point lights beyond the first few, as small lamps: see render/lamps.py. Camera's frame.
layout(std140) uniform LampBlock {
    vec4 lamp_count;                               // how many; width and height of half a texel of their atlas
    vec4 lamp_shadow_texels[MAX_LAMP_SHADOWS];     // size of a texel at distance 1
    mat4 lamp_shadow_from_cam[MAX_LAMP_SHADOWS];
    vec4 lamp_position[MAX_LAMPS];                 // and area of the cell over pi
    vec4 lamp_intensity[MAX_LAMPS];                // and column of its shadow, or -1
    vec4 lamp_axis[MAX_LAMPS];
    vec4 lamp_cone[MAX_LAMPS];                     // outer cosine, 1 / softness, whether it is a cell of an area
};
uniform sampler2DShadow lamp_atlas;

float lamplit(int column, Surface surface) {
    mat4 shadow_from_cam = lamp_shadow_from_cam[column];
    float away = (shadow_from_cam * vec4(surface.position, 1.0)).w;
    vec3 lifted = surface.position + surface.normal * (1.5 * lamp_shadow_texels[column].x * away);
    vec4 clip = shadow_from_cam * vec4(lifted, 1.0);
    vec3 unit = 0.5 * clip.xyz / clip.w + 0.5;
    vec2 middle = vec2((float(column) + unit.x) / float(MAX_LAMP_SHADOWS), unit.y);
    float depth = min(unit.z, 0.99999);
    float lit = 0.5 * texture(lamp_atlas, vec3(middle - lamp_count.yz, depth))
        + 0.5 * texture(lamp_atlas, vec3(middle + lamp_count.yz, depth));
    bool is_inside = clip.w > 0.0 && all(lessThan(abs(clip.xy), vec2(clip.w)));
    return is_inside ? lit : 1.0;
}

vec3 lamp_light(Surface surface) {
    vec3 radiance = vec3(0.0);
    for (int i = 0; i < int(lamp_count.x); ++i) {
        vec3 towards = lamp_position[i].xyz - surface.position;
        float squared = max(dot(towards, towards), 1e-6);
        vec3 light = towards * inversesqrt(squared);
        float cosine = -dot(light, lamp_axis[i].xyz);
        vec4 cone = lamp_cone[i];
        float ramp = clamp((cosine - cone.x) * cone.y, 0.0, 1.0);
        float share = mix(ramp * ramp * (3.0 - 2.0 * ramp), max(cosine, 0.0), cone.z);
        int column = int(lamp_intensity[i].w);
        float lit = column >= 0 ? lamplit(column, surface) : 1.0;
        // A cell of an area is reflected as wide as it is seen (after Karis, SIGGRAPH 2013), or the cells would show.
        Surface wide = surface;
        wide.alpha = min(surface.alpha + sqrt(lamp_position[i].w / squared), 1.0);
        radiance += lamp_intensity[i].rgb * (lit * share / (squared + lamp_position[i].w)) * reflect_light(wide, light);
    }
    return radiance;
}
