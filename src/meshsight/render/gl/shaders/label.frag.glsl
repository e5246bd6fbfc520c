// Id and planar depth of the nearest surface at the pixel centre; alone in a one-byte target the id saturates to 255.
flat in float c_instance_id;
out vec2 id_and_depth;

void main() {
    id_and_depth = vec2(c_instance_id, 1.0 / gl_FragCoord.w);
}
