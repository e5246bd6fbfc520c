// The position is computed exactly as in label.vert, so that picture and label cover the same pixels.
#include frame
uniform mat4 cam_from_object;
uniform float normal_scale;        // 1 / scale of the object
uniform vec2 uv_scale;
uniform vec4 paint;                // linear base colour, or with a = 1 the flat colour already encoded
uniform vec4 gloss;                // roughness and metallic; whether each is multiplied by the texture
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in vec3 in_color;
out vec3 v_normal;
out vec2 v_uv;
out vec3 v_color;
flat out vec4 c_paint;
flat out vec4 c_gloss;
invariant gl_Position;

void main() {
    vec4 position = cam_from_object * vec4(in_position, 1.0);
    gl_Position = clip_from_cam * position;
    v_normal = mat3(cam_from_object) * in_normal * normal_scale;
    v_uv = in_uv * uv_scale;
    v_color = in_color;
    c_paint = paint;
    c_gloss = gloss;
}
