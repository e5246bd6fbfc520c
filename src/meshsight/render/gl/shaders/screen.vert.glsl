// One triangle over the whole image at the far plane; v_pixel is the image position in pixels.
uniform vec2 size;
in vec2 in_position;
out vec2 v_pixel;

void main() {
    v_pixel = (0.5 * in_position + 0.5) * size;
    gl_Position = vec4(in_position, 1.0, 1.0);
}
