// What label.frag draws, with the slope of 1 / z: over a triangle it is linear in the picture, so that the depth of a ray
// between the samples is exact.
flat in float c_instance_id;
out vec4 id_and_slope;

void main() {
    float inverse = gl_FragCoord.w;
    id_and_slope = vec4(c_instance_id, inverse, dFdx(inverse), dFdy(inverse));
}
