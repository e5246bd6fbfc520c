// Lights what surface.frag left in the surface buffer: metallic-roughness shading (glTF 2.0, appendix B), Lambert and
// GGX under suns, point lights and an environment. Once a pixel, but once a sample where its samples see different things.
//
// Software OpenGL runs both sides of every `if`, but leaves a loop that no pixel of a block needs: hence loops that run
// once or never.
#define CONSTANT flat in
#include constants
#include tone
#include equirect
#define PI 3.14159265

uniform sampler2D albedo_metallic;
uniform sampler2D normal_roughness;
uniform sampler2D surface_depth;
#ifdef HAS_EMISSION
uniform sampler2D emission;
#endif
uniform sampler2D environment;
uniform sampler2DShadow shadow_atlas;
uniform sampler2D background;
in vec2 v_place;
in vec2 v_ray;
out vec4 color;
#ifdef HAS_LENS
#include lens
uniform vec4 wide;                 // fx, fy, cx, cy of the surface buffer
in vec2 v_pixel;
#endif

vec2 ray_xy;       // the ray through the pixel, at depth 1
vec2 place;        // of the pixel in the surface buffer, in 0..1

struct Surface {
    vec3 position;
    vec3 normal;
    vec3 view;
    float n_dot_v;
    vec3 diffuse;
    vec3 f0;
    vec2 split;        // what of the light around is reflected: f0 * x + y
    vec3 bounces;      // factor for light that leaves the microfacets after several bounces
    float roughness;
    float alpha;
};

// Cook-Torrance with GGX, Schlick's Fresnel and the fast height-correlated Smith term of Hammon (GDC 2017).
vec3 reflect_light(Surface surface, vec3 light) {
    vec3 middle = normalize(light + surface.view);
    float n_dot_l = max(dot(surface.normal, light), 0.0);
    float n_dot_h = max(dot(surface.normal, middle), 0.0);
    float v_dot_h = max(dot(surface.view, middle), 0.0);
    float squared = surface.alpha * surface.alpha;
    float base = n_dot_h * n_dot_h * (squared - 1.0) + 1.0;
    float distribution = squared / (PI * base * base);
    float sides = mix(2.0 * n_dot_l * surface.n_dot_v, n_dot_l + surface.n_dot_v, surface.alpha);
    float rest = 1.0 - v_dot_h;
    float rest2 = rest * rest;
    vec3 fresnel = surface.f0 + (1.0 - surface.f0) * (rest2 * rest2 * rest);
    vec3 specular = fresnel * surface.bounces * (0.5 * distribution / max(sides, 1e-4));
    return ((1.0 - fresnel) * surface.diffuse / PI + specular) * n_dot_l;
}

// The quadratic form of render/irradiance.py written out, with x^2 = 1 - y^2 - z^2: for each colour the factors of
// (x, y, z, 1) and of (xy, yz, zx, z^2), then for all three that of y^2.
vec3 irradiance_at(vec3 n) {
    vec4 linear = vec4(n, 1.0);
    vec4 square = n.xyzz * n.yzxz;
    vec3 sum = vec3(dot(c_irradiance[0], linear), dot(c_irradiance[1], linear), dot(c_irradiance[2], linear));
    sum += vec3(dot(c_irradiance[3], square), dot(c_irradiance[4], square), dot(c_irradiance[5], square));
    return max(sum + c_irradiance[6].xyz * (n.y * n.y), 0.0);
}

// Karis's analytic fit of the split sum's second factor ("Physically based shading on mobile", 2014).
vec2 split_sum(float roughness, float n_dot_v) {
    vec4 fit = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float bias = min(fit.x * fit.x, exp2(-9.28 * n_dot_v)) * fit.x + fit.y;
    return vec2(-1.04, 1.04) * bias + fit.zw;
}

// The environment's part: order-2 irradiance, and radiance from the pyramid of blurred maps.
vec3 ambient_light(Surface surface) {
    vec3 direction = c_env_from_cam * reflect(-surface.view, surface.normal);
    vec3 radiance = textureLod(environment, equirect_uv(direction), 4.0 * surface.roughness).rgb;
    vec3 reflectance = (surface.f0 * surface.split.x + surface.split.y) * surface.bounces;
    vec3 scattered = irradiance_at(surface.normal) / PI * surface.diffuse * (1.0 - reflectance);
    return c_gains.a * (scattered + radiance * reflectance);
}

#if NUM_SHADOWS > 0
// Percentage-closer filtering. Sideways of the light's frustum there is nothing that could cast a shadow; behind it
// there may well be a receiver, so its depth is clamped.
float sunlit(int sun, Surface surface) {
    vec3 place = c_shadow_from_cam[sun] * vec4(surface.position + surface.normal * c_shadow.x, 1.0);
    vec3 unit = 0.5 * place + 0.5;
    vec2 middle = vec2((float(sun) + unit.x) / float(MAX_SUNS), unit.y);
    float depth = min(unit.z, 0.99999);
    float lit = 0.5 * texture(shadow_atlas, vec3(middle - c_shadow.yz, depth))
        + 0.5 * texture(shadow_atlas, vec3(middle + c_shadow.yz, depth));
    return all(lessThan(abs(place.xy), vec2(1.0))) ? lit : 1.0;
}
#endif

#ifdef HAS_LAMPS
#include lamps
#endif

vec3 direct_light(Surface surface) {
    vec3 radiance = vec3(0.0);
#if NUM_SUNS > 0
    for (int i = 0; i < NUM_SUNS; ++i) {
        vec3 light = c_sun_irradiance[i] * reflect_light(surface, c_sun_direction[i]);
#if NUM_SHADOWS > 0
        light *= i < NUM_SHADOWS ? sunlit(i, surface) : 1.0;
#endif
        radiance += light;
    }
#endif
#if NUM_POINT_LIGHTS > 0
    for (int i = 0; i < NUM_POINT_LIGHTS; ++i) {
        vec3 towards = c_point_position[i] - surface.position;
        float squared = max(dot(towards, towards), 1e-6);
        radiance += c_point_intensity[i] / squared * reflect_light(surface, towards * inversesqrt(squared));
    }
#endif
#ifdef HAS_LAMPS
    radiance += lamp_light(surface);
#endif
    return radiance;
}

Surface make_surface(vec4 paint, vec4 shape, float depth) {
    Surface surface;
    vec3 ray = vec3(ray_xy, 1.0);
    surface.position = ray / (c_depth.x + c_depth.y * depth);
    surface.normal = normalize(shape.xyz);
    surface.view = -normalize(ray);
    surface.n_dot_v = max(dot(surface.normal, surface.view), 1e-3);
    vec3 albedo = paint.rgb * paint.rgb;
    surface.roughness = shape.w;
    surface.alpha = surface.roughness * surface.roughness;
    surface.f0 = mix(vec3(0.04), albedo, paint.a);
    surface.diffuse = albedo * (1.0 - paint.a);
    surface.split = split_sum(surface.roughness, surface.n_dot_v);
    // Turquin, "Practical multiple scattering compensation for microfacet models", 2019.
    surface.bounces = 1.0 + surface.f0 * (1.0 / (surface.split.x + surface.split.y) - 1.0);
    return surface;
}

vec3 look_of(vec4 paint, vec4 shape, float depth, vec3 emitted) {
    Surface surface = make_surface(paint, shape, depth);
    vec3 radiance = emitted + ambient_light(surface) + direct_light(surface);
    bool is_flat = dot(shape.xyz, shape.xyz) < 0.5;
    return is_flat ? paint.rgb : developed(radiance, c_gains.rgb);
}

// In the middle of the pixel a bilinear read is the mean of its samples.
vec3 look_of_pixel(vec4 shape) {
    vec3 emitted = vec3(0.0);
#ifdef HAS_EMISSION
    emitted = textureLod(emission, place, 0.0).rgb;
#endif
    vec4 paint = textureLod(albedo_metallic, place, 0.0);
    return look_of(paint, shape, textureLod(surface_depth, place, 0.0).r, emitted);
}

// The colour of one sample, and 1; or all zeros where it sees the background.
vec4 look_of_sample(ivec2 texel) {
    vec4 shape = texelFetch(normal_roughness, texel, 0);
    vec3 emitted = vec3(0.0);
#ifdef HAS_EMISSION
    emitted = texelFetch(emission, texel, 0).rgb;
#endif
    vec4 paint = texelFetch(albedo_metallic, texel, 0);
    vec3 look = look_of(paint, shape, texelFetch(surface_depth, texel, 0).r, emitted);
    return shape.w > 0.0 ? vec4(look, 1.0) : vec4(0.0);
}

vec3 background_color() {
#ifdef HAS_PICTURE
    return texture(background, v_place).rgb;
#else
    vec2 direction = equirect_uv(c_env_from_cam * normalize(vec3(ray_xy, 1.0)));
    return developed(c_gains.a * textureLod(background, direction, 0.0).rgb, c_gains.rgb);
#endif
}

void main() {
    const int num_samples = SAMPLES_PER_SIDE * SAMPLES_PER_SIDE;
    ivec2 first = ivec2(gl_FragCoord.xy) * SAMPLES_PER_SIDE;
    ray_xy = v_ray;
    place = v_place;
    vec2 between = vec2(0.5);
#ifdef HAS_LENS
    // The samples around the place where the surface buffer, which a pinhole sees, shows the pixel's ray.
    ray_xy = undistorted(v_pixel).xy;
    vec2 texel = ray_xy * wide.xy + wide.zw - 0.5 * float(SAMPLES_PER_SIDE - 1);
    first = ivec2(floor(texel));
    between = SAMPLES_PER_SIDE == 1 ? vec2(0.5) : texel - floor(texel);
    place = (vec2(first) + 0.5 + between * float(SAMPLES_PER_SIDE - 1)) / vec2(textureSize(normal_roughness, 0));
#endif
    vec4 shape = textureLod(normal_roughness, place, 0.0);
    bool is_smooth = dot(shape.xyz, shape.xyz) > 0.98;
    bool is_empty = shape.w == 0.0;
    vec4 sum = vec4(0.0);
    int pixel_looks = is_smooth ? 1 : 0;
    for (int i = 0; i < pixel_looks; ++i) {
        sum = vec4(look_of_pixel(shape), 1.0);
    }
    int sample_looks = is_smooth || is_empty ? 0 : num_samples;
    for (int i = 0; i < sample_looks; ++i) {
        ivec2 step = ivec2(i % SAMPLES_PER_SIDE, i / SAMPLES_PER_SIDE);
#ifdef HAS_LENS
        vec2 share = SAMPLES_PER_SIDE == 1 ? vec2(1.0) : mix(1.0 - between, between, vec2(step));
        float weight = share.x * share.y;
#else
        float weight = 1.0 / float(num_samples);
#endif
        sum += weight * look_of_sample(first + step);
    }
    int background_looks = sum.a < 1.0 ? 1 : 0;
    for (int i = 0; i < background_looks; ++i) {
        sum.rgb += (1.0 - sum.a) * background_color();
    }
    color = vec4(sum.rgb, 1.0);
}
