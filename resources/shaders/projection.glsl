// The ray of a pixel. `pixel` counts from the top left corner, pixel centres at .5.
const float FOCAL = 1.55;       // in halves of the shorter side
const float EYE_HALF_M = 0.032;

Ray flat_ray(vec2 pixel) {
    float half_side = 0.5 * min(u_resolution.x, u_resolution.y);
    vec2 screen = (pixel - 0.5 * u_resolution) / half_side * vec2(1.0, -1.0);
    return Ray(vec3(0.0), normalize(vec3(screen, -FOCAL)), screen, 1.0 / (half_side * FOCAL));
}

// theta is the longitude (0 ahead, positive to the right), phi the latitude.
Ray sphere_ray(vec2 pixel, float eye) {
    float theta = TAU * (pixel.x / u_resolution.x - 0.5);
    float phi = PI * (0.5 - pixel.y / u_resolution.y);
    vec3 dir = vec3(cos(phi) * sin(theta), sin(phi), -cos(phi) * cos(theta));
    // The eyes come together towards the poles, where no offset can be right all round.
    float merge = 1.0 - smoothstep(radians(60.0), radians(85.0), abs(phi));
    vec3 origin = eye * EYE_HALF_M * merge * vec3(cos(theta), 0.0, sin(theta));
    return Ray(origin, dir, vec2(0.0), PI / u_resolution.y);
}

Ray pixel_ray(vec2 pixel) {
    if (u_projection == 0) return flat_ray(pixel);
    if (u_projection == 1) return sphere_ray(pixel, 0.0);
    bool left = pixel.y < u_resolution.y;  // the left eye is on top
    return sphere_ray(left ? pixel : pixel - vec2(0.0, u_resolution.y), left ? -1.0 : 1.0);
}
