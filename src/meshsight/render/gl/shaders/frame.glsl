// What is the same for every draw of a frame. Directions and positions are in the camera's frame (x right, y down, z forward).
// Vectors are vec4 and counts are floats so that the layout is plain: see lighting.py.
#define MAX_LIGHTS 4
layout(std140) uniform FrameBlock {
    mat4 clip_from_cam;
    mat4 env_from_cam;
    mat4 irradiance_red;
    mat4 irradiance_green;
    mat4 irradiance_blue;
    vec4 gains;            // rgb: exposure and white balance; a: strength of the environment
    vec4 counts;           // suns with shadow, all suns (those with shadow first), point lights
    vec4 shadow_offset;    // metres along the normal; width of one texel of the shadow atlas, and of its height
    mat4 shadow_from_cam[MAX_LIGHTS];
    vec4 sun_direction[MAX_LIGHTS];
    vec4 sun_irradiance[MAX_LIGHTS];
    vec4 point_position[MAX_LIGHTS];
    vec4 point_intensity[MAX_LIGHTS];
};
