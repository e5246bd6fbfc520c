// One colour, already encoded: no light, exposure or tone curve touches it.
uniform vec3 encoded_color;
out vec4 color;

void main() {
    color = vec4(encoded_color, 1.0);
}
