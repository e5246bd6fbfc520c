// Metallic-roughness shading (glTF 2.0, appendix B): Lambert and GGX under suns, point lights and an environment.
#include frame
#include tone
#include equirect
#define PI 3.14159265

uniform sampler2D base_color_texture;
uniform sampler2D metallic_roughness_texture;
uniform sampler2D environment;
uniform sampler2DShadow shadow_atlas;
uniform vec3 base_color;
uniform vec2 roughness_metallic;
uniform vec2 is_from_texture;      // roughness, metallic
uniform vec3 emissive;
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
in vec3 v_color;
out vec4 color;

struct Point {
    vec3 normal;
    vec3 view;
    float n_dot_v;
    vec3 diffuse;      // albedo
    vec3 f0;
    float roughness;
    float alpha;
};

// Cook-Torrance with GGX, Schlick's Fresnel and the fast height-correlated Smith term of Hammon (GDC 2017).
vec3 reflect_light(Point point, vec3 light) {
    vec3 middle = normalize(light + point.view);
    float n_dot_l = max(dot(point.normal, light), 0.0);
    float n_dot_h = max(dot(point.normal, middle), 0.0);
    float v_dot_h = max(dot(point.view, middle), 0.0);
    float squared = point.alpha * point.alpha;
    float base = n_dot_h * n_dot_h * (squared - 1.0) + 1.0;
    float distribution = squared / (PI * base * base);
    float sides = mix(2.0 * n_dot_l * point.n_dot_v, n_dot_l + point.n_dot_v, point.alpha);
    float rest = 1.0 - v_dot_h;
    float rest2 = rest * rest;
    vec3 fresnel = point.f0 + (1.0 - point.f0) * (rest2 * rest2 * rest);
    vec3 specular = fresnel * (0.5 * distribution / max(sides, 1e-4));
    return ((1.0 - fresnel) * point.diffuse / PI + specular) * n_dot_l;
}

float irradiance_of(mat4 form, vec4 normal) {
    return max(dot(normal, form * normal), 0.0);
}

// The environment's part: order-2 irradiance, and the split sum with Karis's analytic fit of its second factor
// ("Physically based shading on mobile", 2014).
vec3 ambient_light(Point point) {
    vec4 normal = vec4(point.normal, 1.0);
    vec3 irradiance = vec3(
        irradiance_of(irradiance_red, normal), irradiance_of(irradiance_green, normal), irradiance_of(irradiance_blue, normal));
    vec3 direction = mat3(env_from_cam) * reflect(-point.view, point.normal);
    vec3 radiance = textureLod(environment, equirect_uv(direction), 4.0 * point.roughness).rgb;
    vec4 fit = point.roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float bias = min(fit.x * fit.x, exp2(-9.28 * point.n_dot_v)) * fit.x + fit.y;
    vec2 split = vec2(-1.04, 1.04) * bias + fit.zw;
    vec3 reflectance = point.f0 * split.x + split.y;
    return gains.a * (irradiance / PI * point.diffuse * (1.0 - reflectance) + radiance * reflectance);
}

// Percentage-closer filtering over 2 x 2 bilinear taps. Sideways of the light's frustum there is nothing to cast a shadow;
// behind it there may well be a receiver, so its depth is clamped.
float sunlit(int sun, vec3 normal) {
    vec3 place = (shadow_from_cam[sun] * vec4(v_position + normal * shadow_offset.x, 1.0)).xyz;
    vec3 unit = 0.5 * place + 0.5;
    float depth = min(unit.z, 0.99999);
    float lit = 0.0;
    vec2 low = vec2((float(sun) + unit.x) / float(MAX_LIGHTS), unit.y);
    lit += texture(shadow_atlas, vec3(low + shadow_offset.yz * vec2(-0.5, -0.5), depth));
    lit += texture(shadow_atlas, vec3(low + shadow_offset.yz * vec2(0.5, -0.5), depth));
    lit += texture(shadow_atlas, vec3(low + shadow_offset.yz * vec2(-0.5, 0.5), depth));
    lit += texture(shadow_atlas, vec3(low + shadow_offset.yz * vec2(0.5, 0.5), depth));
    bool is_inside = all(lessThan(abs(place.xy), vec2(1.0)));
    return is_inside ? 0.25 * lit : 1.0;
}

Point make_point() {
    Point point;
    vec3 normal = normalize(v_normal);
    point.normal = gl_FrontFacing ? normal : -normal;
    point.view = -normalize(v_position);
    point.n_dot_v = max(dot(point.normal, point.view), 1e-3);
    vec3 albedo = base_color * v_color;
#ifdef HAS_BASE_TEXTURE
    albedo *= texture(base_color_texture, v_uv).rgb;
#endif
    vec2 glossy = roughness_metallic;
#ifdef HAS_GLOSS_TEXTURE
    glossy *= mix(vec2(1.0), texture(metallic_roughness_texture, v_uv).gb, is_from_texture);
#endif
    point.roughness = clamp(glossy.x, 0.06, 1.0);
    point.alpha = point.roughness * point.roughness;
    point.f0 = mix(vec3(0.04), albedo, glossy.y);
    point.diffuse = albedo * (1.0 - glossy.y);
    return point;
}

void main() {
    Point point = make_point();
    vec3 radiance = emissive + ambient_light(point);
    int num_shadows = int(counts.x);
    int num_suns = int(counts.y);
    int num_points = int(counts.z);
    for (int i = 0; i < num_shadows; ++i) {
        float lit = sunlit(i, point.normal);
        radiance += lit * sun_irradiance[i].rgb * reflect_light(point, sun_direction[i].xyz);
    }
    for (int i = num_shadows; i < num_suns; ++i) {
        radiance += sun_irradiance[i].rgb * reflect_light(point, sun_direction[i].xyz);
    }
    for (int i = 0; i < num_points; ++i) {
        vec3 towards = point_position[i].xyz - v_position;
        float squared = max(dot(towards, towards), 1e-6);
        radiance += point_intensity[i].rgb / squared * reflect_light(point, towards * inversesqrt(squared));
    }
    color = vec4(developed(radiance), 1.0);
}
