// What is the same for every draw of a frame. Directions and positions are in the camera's frame (x right, y down, z forward).
// All members are made of vec4, so that the layout is plain: see frame_block.py.
layout(std140) uniform FrameBlock {
    mat4 clip_from_cam;
    mat4 env_from_cam;
    vec4 irradiance[7];        // 27 coefficients, see shade.frag
    vec4 gains;                // rgb: exposure and white balance; a: strength of the environment
    vec4 intrinsics;           // fx, fy, cx, cy
    vec4 view;                 // width and height in pixels, near and far in metres
    vec4 shadow;               // lift along the normal in metres; width and height of half a texel of the atlas
    mat4 shadow_from_cam[MAX_SUNS];
    vec4 sun_direction[MAX_SUNS];
    vec4 sun_irradiance[MAX_SUNS];
    vec4 point_position[MAX_POINT_LIGHTS];
    vec4 point_intensity[MAX_POINT_LIGHTS];
};
