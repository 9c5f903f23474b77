// Linear light to what a screen shows: filmic curve, sRGB transfer, dither against banding.
vec3 filmic(vec3 x) {
    // Hable's curve shape with our own toe and shoulder, white at 6.
    const float A = 0.22, B = 0.30, C = 0.10, D = 0.20, E = 0.01, F = 0.30, WHITE = 6.0;
    vec3 y = (x * (A * x + C * B) + D * E) / (x * (A * x + B) + D * F) - E / F;
    float w = (WHITE * (A * WHITE + C * B) + D * E) / (WHITE * (A * WHITE + B) + D * F) - E / F;
    return clamp(y / w, 0.0, 1.0);
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
