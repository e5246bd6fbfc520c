#include frame
uniform mat4 cam_from_object;
uniform float instance_id;
#ifdef OWN_CLIP
uniform mat4 region_from_cam;
#endif
in vec3 in_position;
flat out float c_instance_id;
invariant gl_Position;

void main() {
    vec4 position = cam_from_object * vec4(in_position, 1.0);
#ifdef OWN_CLIP
    gl_Position = region_from_cam * position;
#else
    gl_Position = clip_from_cam * position;
#endif
    c_instance_id = instance_id;
}
