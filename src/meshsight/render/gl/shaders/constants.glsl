// What every pixel needs and none changes. It travels as flat varyings, because software OpenGL reads these for nothing, but
// checks the bounds of every number that it reads from a uniform: a third of a picture's time.
CONSTANT mat3 c_env_from_cam;
CONSTANT vec4 c_irradiance[7];
CONSTANT vec4 c_gains;
CONSTANT vec2 c_depth;             // 1 / z = x + y * depth
#if NUM_SUNS > 0
CONSTANT vec3 c_sun_direction[NUM_SUNS];
CONSTANT vec3 c_sun_irradiance[NUM_SUNS];
#endif
#if NUM_SHADOWS > 0
CONSTANT vec3 c_shadow;
CONSTANT mat4x3 c_shadow_from_cam[NUM_SHADOWS];
#endif
#if NUM_POINT_LIGHTS > 0
CONSTANT vec3 c_point_position[NUM_POINT_LIGHTS];
CONSTANT vec3 c_point_intensity[NUM_POINT_LIGHTS];
#endif
