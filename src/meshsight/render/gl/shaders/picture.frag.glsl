// A picture of the frame's size, already exposed and encoded.
uniform sampler2D picture;
in vec2 v_pixel;
out vec4 color;

void main() {
    color = texelFetch(picture, ivec2(v_pixel), 0);
}
