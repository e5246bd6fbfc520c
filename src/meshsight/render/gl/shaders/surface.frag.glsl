// What the surface at a sample is made of; shade.frag lights it. A zero normal marks a flat colour, which is not lit;
// zero roughness, to which targets are cleared, marks that nothing is there.
uniform sampler2D base_color_texture;
uniform sampler2D metallic_roughness_texture;
uniform sampler2D glow_texture;
uniform vec3 emissive;
in vec3 v_normal;
in vec2 v_uv;
in vec3 v_color;
flat in vec4 c_paint;
flat in vec4 c_gloss;
layout(location = 0) out vec4 albedo_metallic;
layout(location = 1) out vec4 normal_roughness;
#ifdef HAS_EMISSION
layout(location = 2) out vec4 emission;
#endif

#ifdef HAS_RECOLOURING
uniform vec2 recolouring;         // sixths of a turn of the hue, factor on the saturation

// The same as recolour.py.
vec3 recoloured(vec3 color) {
    float value = max(color.r, max(color.g, color.b));
    float chroma = value - min(color.r, min(color.g, color.b));
    float width = chroma > 0.0 ? chroma : 1.0;
    float hue = value == color.r ? (color.g - color.b) / width
              : value == color.g ? 2.0 + (color.b - color.r) / width : 4.0 + (color.r - color.g) / width;
    float saturation = min(recolouring.y * chroma / (value > 0.0 ? value : 1.0), 1.0);
    vec3 k = mod(vec3(5.0, 3.0, 1.0) + hue + recolouring.x, 6.0);
    return value * (1.0 - saturation * clamp(min(k, 4.0 - k), 0.0, 1.0));
}
#endif

void main() {
    vec3 albedo = c_paint.rgb * v_color;
#ifdef HAS_BASE_TEXTURE
    albedo *= texture(base_color_texture, v_uv).rgb;
#endif
#ifdef HAS_RECOLOURING
    albedo = recoloured(albedo);
#endif
    vec2 glossy = c_gloss.xy;
#ifdef HAS_GLOSS_TEXTURE
    glossy *= mix(vec2(1.0), texture(metallic_roughness_texture, v_uv).gb, c_gloss.zw);
#endif
    vec3 normal = normalize(v_normal);
    // Eight bits hold dark colours finely enough only on a curve: the square root is the cheapest.
    albedo_metallic = vec4(mix(sqrt(albedo), c_paint.rgb, c_paint.a), glossy.y);
    normal_roughness = vec4((gl_FrontFacing ? normal : -normal) * (1.0 - c_paint.a), clamp(glossy.x, 0.06, 1.0));
#ifdef HAS_EMISSION
    vec3 glow = emissive;
#ifdef HAS_GLOW_TEXTURE
    glow *= texture(glow_texture, v_uv).rgb;
#endif
    emission = vec4(glow, 0.0);
#endif
}
