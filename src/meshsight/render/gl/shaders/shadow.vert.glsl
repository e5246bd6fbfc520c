uniform mat4 shadow_from_object;
in vec3 in_position;

void main() {
    gl_Position = shadow_from_object * vec4(in_position, 1.0);
}
