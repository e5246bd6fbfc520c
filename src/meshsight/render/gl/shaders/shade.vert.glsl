// One triangle over the whole image: its place in 0..1, and the ray through it at depth 1.
#include frame
#define CONSTANT flat out
#include constants
in vec2 in_position;
out vec2 v_place;
out vec2 v_ray;
#ifdef HAS_LENS
out vec2 v_pixel;
#endif

void main() {
    gl_Position = vec4(in_position, 0.0, 1.0);
    v_place = 0.5 * in_position + 0.5;
#ifdef HAS_LENS
    v_pixel = v_place * view.xy;
#endif
    v_ray = (v_place * view.xy - intrinsics.zw) / intrinsics.xy;
    c_env_from_cam = mat3(env_from_cam);
    c_irradiance = irradiance;
    c_gains = gains;
    c_depth = vec2(1.0 / view.z, 1.0 / view.w - 1.0 / view.z);
#if NUM_SUNS > 0
    for (int i = 0; i < NUM_SUNS; ++i) {
        c_sun_direction[i] = sun_direction[i].xyz;
        c_sun_irradiance[i] = sun_irradiance[i].rgb;
    }
#endif
#if NUM_SHADOWS > 0
    c_shadow = shadow.xyz;
    for (int i = 0; i < NUM_SHADOWS; ++i) {
        c_shadow_from_cam[i] = mat4x3(shadow_from_cam[i]);
    }
#endif
#if NUM_POINT_LIGHTS > 0
    for (int i = 0; i < NUM_POINT_LIGHTS; ++i) {
        c_point_position[i] = point_position[i].xyz;
        c_point_intensity[i] = point_intensity[i].rgb;
    }
#endif
}
