// The inverse of core/lens.py: Newton's method from the solution without the tangential part, which a table holds.
uniform vec4 lens_radial;          // k1, k2, k3, radius of the field
uniform vec2 lens_tangential;      // q
uniform vec4 lens_intrinsics;      // fx, fy, cx, cy of the image
uniform float lens_table_end;      // the table's last distance
uniform sampler2D lens_table;      // by how much a point is further from the axis than it is seen

// The point at depth 1 that is seen at a pixel, and 1; or 0 as the last number where there is none.
vec3 undistorted(vec2 pixel) {
    vec2 seen = (pixel - lens_intrinsics.zw) / lens_intrinsics.xy;
    float size = float(textureSize(lens_table, 0).x);
    float along = clamp(length(seen) / lens_table_end, 0.0, 1.0);
    vec2 point = seen * textureLod(lens_table, vec2((along * (size - 1.0) + 0.5) / size, 0.5), 0.0).r;
    vec2 q = lens_tangential;
    vec2 residual = vec2(0.0);
    for (int i = 0; i < 5; ++i) {
        float squared = dot(point, point);
        float factor = 1.0 + squared * (lens_radial.x + squared * (lens_radial.y + squared * lens_radial.z));
        float slope = lens_radial.x + squared * (2.0 * lens_radial.y + 3.0 * squared * lens_radial.z);
        factor += 2.0 * dot(q, point);
        residual = seen - factor * point - q * squared;
        vec2 along_both = factor + 2.0 * slope * point * point + 4.0 * q * point;
        float across = 2.0 * (slope * point.x * point.y + q.x * point.y + q.y * point.x);
        vec2 turned = along_both.yx * residual - across * residual.yx;
        point += i < 4 ? turned / (along_both.x * along_both.y - across * across) : vec2(0.0);
        float distance = length(point);
        point *= distance > lens_radial.w ? lens_radial.w / distance : 1.0;
    }
    bool is_seen = max(abs(residual.x), abs(residual.y)) < 1e-5 * (1.0 + length(seen));
    return vec3(point, is_seen ? 1.0 : 0.0);
}
