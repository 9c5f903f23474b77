// Linear light to what a screen shows: filmic curve, sRGB transfer, dither against banding.
vec3 filmic(vec3 x) {
    // A rational curve: gentle toe, straight middle, shoulder to white near 8.
    return clamp(x * (2.45 * x + 0.06) / (x * (2.38 * x + 0.66) + 0.13), 0.0, 1.0);
}

vec3 srgb(vec3 c) {
    return mix(c * 12.92, 1.055 * pow(max(c, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}

// The difference of neighbouring hashes: triangular, and weak in low frequencies.
float dither(ivec2 p) {
    return unit(pcg(p)) - unit(pcg(p + ivec2(1, 0)));
}

vec4 resolve(vec3 light, ivec2 p) {
    return vec4(srgb(filmic(max(light, 0.0))) + dither(p) / 255.0, 1.0);
}
