#include frame
uniform mat4 cam_from_object;
uniform float instance_id;
in vec3 in_position;
flat out float c_instance_id;
invariant gl_Position;

void main() {
    vec4 position = cam_from_object * vec4(in_position, 1.0);
    gl_Position = clip_from_cam * position;
    c_instance_id = instance_id;
}
