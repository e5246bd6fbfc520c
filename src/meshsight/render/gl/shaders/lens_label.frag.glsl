// Id and planar depth along the ray of each pixel, from samples of a pinhole picture: the nearest one's id, its plane's depth.
#include lens
uniform sampler2D wide_samples;
uniform vec4 wide;                 // fx, fy, cx, cy of the samples
uniform vec2 wide_size;            // samples that were drawn, along x and y
uniform vec2 origin;               // pixel of the image in the target's corner
out vec2 id_and_depth;

void main() {
    vec3 point = undistorted(gl_FragCoord.xy + origin);
    vec2 place = point.xy * wide.xy + wide.zw;
    bool is_drawn = point.z > 0.0 && all(greaterThanEqual(place, vec2(0.0))) && all(lessThan(place, wide_size));
    vec2 texel = floor(clamp(place, vec2(0.0), wide_size - 1.0));
    vec4 nearest = texelFetch(wide_samples, ivec2(texel), 0);
    float inverse = nearest.y + dot(nearest.zw, place - texel - 0.5);
    bool is_hit = is_drawn && nearest.y > 0.0;
    id_and_depth = is_hit ? vec2(nearest.x, 1.0 / clamp(inverse, 0.5 * nearest.y, 2.0 * nearest.y)) : vec2(0.0);
}
