// The environment behind everything.
#include frame
#include tone
#include equirect
uniform sampler2D sky;
uniform vec4 intrinsics;   // fx, fy, cx, cy
in vec2 v_pixel;
out vec4 color;

void main() {
    vec3 direction = normalize(vec3((v_pixel - intrinsics.zw) / intrinsics.xy, 1.0));
    vec3 radiance = textureLod(sky, equirect_uv(mat3(env_from_cam) * direction), 0.0).rgb;
    color = vec4(developed(radiance * gains.a), 1.0);
}
