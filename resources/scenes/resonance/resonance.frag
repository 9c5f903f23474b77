// Resonance: a round plate of standing waves hangs alight over a dark sea, which mirrors it.
// Metres; the eye is 1.7 m over the water, the plate 48 m ahead.

const float EYE_M = 1.7;
const vec3 PLATE = vec3(0.0, 19.4, -48.0);
const float PLATE_R = 16.8;
const float PITCH = 0.235;   // flat pictures look up a little

#ifdef DRAFT
const int CLOUD_OCTAVES = 1;
const int WAVES = 4;
#else
const int CLOUD_OCTAVES = 4;
const int WAVES = 8;
#endif

// --- noise -------------------------------------------------------------------------------------

float corner(uvec3 c) {
    uint h = c.x ^ c.y ^ c.z ^ u_seed;
    h = (h ^ (h >> 15u)) * 2246822519u;
    h = (h ^ (h >> 13u)) * 3266489917u;
    return float((h ^ (h >> 16u)) >> 8u) * (1.0 / 16777216.0);
}

float noise(vec3 p) {
    vec3 f = floor(p);
    uvec3 a = uvec3(ivec3(f)) * uvec3(73856093u, 19349663u, 83492791u);
    uvec3 b = a + uvec3(73856093u, 19349663u, 83492791u);
    vec3 s = p - f;
    s = s * s * (3.0 - 2.0 * s);
    vec4 near = vec4(corner(a), corner(uvec3(b.x, a.yz)),
                     corner(uvec3(a.x, b.y, a.z)), corner(uvec3(b.xy, a.z)));
    vec4 far = vec4(corner(uvec3(a.xy, b.z)), corner(uvec3(b.x, a.y, b.z)),
                    corner(uvec3(a.x, b.yz)), corner(b));
    vec4 z = mix(near, far, s.z);
    vec2 y = mix(z.xy, z.zw, s.y);
    return mix(y.x, y.y, s.x);
}

float clouds(vec3 p) {
    float sum = 0.0, weight = 0.5;
    for (int i = 0; i < CLOUD_OCTAVES; i++) {
        sum += weight * noise(p);
        weight *= 0.5;
        p = p.zxy * 2.03 + 17.1;
    }
    return sum / (1.0 - 2.0 * weight);
}

// --- the plate ---------------------------------------------------------------------------------

// Height of the standing wave and its slope (d/dr, d/dtheta / r) at q, the plate's edge at 1.
vec3 plate_wave(vec2 q) {
    float r = length(q) + 1e-4;
    vec2 z = q / r;
    vec2 z2 = vec2(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y);
    vec2 z3 = vec2(z2.x * z.x - z2.y * z.y, z2.x * z.y + z2.y * z.x);
    vec2 z6 = vec2(z3.x * z3.x - z3.y * z3.y, 2.0 * z3.x * z3.y);
    vec2 z12 = vec2(z6.x * z6.x - z6.y * z6.y, 2.0 * z6.x * z6.y);
    vec2 z18 = vec2(z12.x * z6.x - z12.y * z6.y, z12.x * z6.y + z12.y * z6.x);
    vec4 k = vec4(24.0, 35.0, 49.0, 62.0) * density;
    vec4 phase = k * r + vec4(-1.3, 1.7, 2.6, -2.2)
               * sin(morph * vec4(0.2, 0.3, 0.1, 0.2) + vec4(0.0, 1.0, 2.0, 4.0));
    vec4 c = cos(phase), s = sin(phase);
    float g = r * r / (r * r + 0.05);
    vec4 a = vec4(0.50, 0.75 * g, 0.62 * g * g, 0.55 * g * g * g);
    vec4 m = vec4(1.0, z6.x, z12.x, z18.x);
    float height = dot(a * c, m);
    float dr = -dot(a * s * k, m);
    float dt = -dot(a.yzw * c.yzw * vec3(6.0, 12.0, 18.0), vec3(z6.y, z12.y, z18.y)) / r;
    return vec3(height, dr, dt);
}

float ring(float r, float age, float width) {
    float d = (r - age * 2.3) / width;
    return exp(-d * d - age * 2.2);
}

// Light of the plate at q; `blur` is the width of a pixel or of the mirror's smear there.
vec3 plate_light(vec2 q, float blur) {
    float r = length(q);
    float hit = (ring(r, ring_a, 0.10) + ring(r, ring_b, 0.10)) * pulse;
    vec3 wave = plate_wave(q * (1.0 - 0.04 * hit));
    float slope = length(wave.yz) + 4.0;
    float d = abs(wave.x) / slope;
    float thick = 0.0020 + 0.0016 * kick + blur;
    float thin = 0.0024 / thick * exp(-d * d / (thick * thick));
    float wide = 0.010 + 0.006 * kick + blur;
    float soft = 0.010 / wide / (1.0 + d * d / (wide * wide));
    float grain = 0.0;
#ifndef DRAFT
    // Grains that gather on the lines, and jump when high notes sound.
    vec2 cell = floor(q * 150.0);
    uint h = pcg(ivec2(cell));
    vec2 off = q * 150.0 - cell - 0.3 - 0.4 * vec2(unit(h), unit(pcg(h)));
    grain = step(unit(pcg(h + 1u)), 0.75 * exp(-d * 70.0)) * exp(-dot(off, off) * 9.0)
                * (0.35 + 1.1 * unit(pcg(h + 2u)) + 3.0 * highs * step(0.8, unit(pcg(h + 3u))));
    grain *= exp(-blur * 220.0);
#endif
    float centre = exp(-r * r * 4.0);
    float power = 0.20 + 0.60 * energy + 0.5 * bass * centre + kick * (0.5 + 1.8 * centre)
                + 0.45 * strike + 2.2 * hit;
    vec3 warm = mix(aura, light, 0.30 + 0.70 * exp(-r * r * 1.6));
    warm = mix(warm, vec3(1.0, 0.85, 0.66), 0.3 * centre + 0.2 * min(hit, 1.0));
    float sharp = 1.0 - smoothstep(0.012, 0.05, blur);
    float figure = mix(0.50, 3.4 * thin + 0.28 * soft + 1.1 * grain, sharp);
    vec3 color = warm * power * figure;
    color += light * centre * centre * (0.02 + 0.08 * bass + 0.45 * kick);
    // The skin between the lines: glass that the antinodes light from within.
    float antinode = wave.x * wave.x;
    vec3 tint = wave.x > 0.0 ? aura : deep * 4.0;
    color += sharp * tint * antinode * (0.012 + 0.05 * energy + 0.06 * bass + 0.10 * kick) * (0.3 + centre);
    vec3 normal = normalize(vec3(-wave.y, wave.z, 40.0));
    float sheen = max(0.0, normal.x * 0.85 + 0.1);
    color += deep * 0.5 * sheen * sheen;
    float edge = exp(-abs(r - 0.992) / (0.0035 + blur)) * 0.004 / (0.004 + blur);
    color *= smoothstep(1.0, 0.985 - 2.0 * blur, r);
    return color + mix(aura, light, 0.7) * edge * (0.7 + 1.2 * energy + 1.8 * kick + 0.9 * strike);
}

// --- the sky -----------------------------------------------------------------------------------

vec3 stars(vec3 dir, float footprint, float blur) {
    const float CELLS = 46.0;
    vec3 cell = floor(dir * CELLS);
    uint h = pcg(ivec3(cell));
    vec3 at = cell + 0.5 + 0.5 * (vec3(unit(h), unit(pcg(h + 1u)), unit(pcg(h + 2u))) - 0.5);
    at = normalize(at);
    vec3 home = abs(at * CELLS - cell - 0.5);
    float own = step(max(home.x, max(home.y, home.z)), 0.46);
    uint g = pcg(h + 3u);
    float size = max(0.00055, 0.75 * footprint) + blur;
    float dist = length(cross(dir, at)) / size;
    float bright = max(0.0, unit(g) * 1.7 - 0.7);
    bright = bright * (0.06 + bright * bright * bright * bright);
    float twinkle = 0.75 + 0.25 * sin(unit(pcg(g)) * TAU + float(g & 3u) * 0.1 * flow * 10.0);
    twinkle += highs * 2.5 * step(0.72, unit(pcg(g + 7u)));
    float point = exp(-dist * dist) * 4.5e-7 / (size * size);
    vec3 tint = mix(vec3(1.0, 0.78, 0.6), vec3(0.65, 0.8, 1.0), unit(pcg(g + 5u)));
    return tint * own * bright * point * twinkle;
}

vec3 sky(vec3 dir, float footprint, float blur) {
    float up = max(dir.y, 0.0);
    float toward = max(dot(dir, normalize(PLATE)), 0.0);
    float low = exp(-up * 4.5);
    vec3 color = deep * (0.07 + 0.22 * low + 0.22 * low * low);
    vec3 p = dir * 2.1 + vec3(0.0, -wind, wind * 0.6);
    float warp = noise(p * 1.3 + 9.0);
    float c = clouds(p + vec3(warp, warp * 0.6, -warp) * 1.3);
    float dense = smoothstep(0.44, 0.82, c);
    float wisp = smoothstep(0.34, 0.60, c);
    float near = toward * toward * toward;
    vec3 cloud = mix(deep * 2.2, aura, 0.10 + 0.75 * near * warp);
    cloud = mix(cloud, light, 0.5 * dense * near);
    color += cloud * (0.9 * dense * dense + 0.07 * wisp) * (0.16 + 0.8 * energy + 0.5 * near * kick);
    color += stars(dir, footprint, blur) * (1.0 - 0.7 * dense) * smoothstep(0.0, 0.10, dir.y + blur);
    // The low light on the horizon, strongest under the plate.
    float side = max(0.0, 0.5 - 0.5 * dir.z);
    side *= side;
    side = 0.10 + 0.90 * side * side * side * side * side;
    vec3 haze = mix(aura, light, 0.40) * side * (0.03 + 0.10 * energy + 0.10 * kick);
    color += haze * exp(-up * 14.0);
    // Two ridges of far hills, lowest ahead, where the light comes through.
    vec2 around = normalize(dir.xz + vec2(0.0, 1e-4));
    float gap = 1.0 - 0.75 * exp(-10.0 * around.x * around.x) * step(around.y, 0.0);
    float far = noise(vec3(around * 7.0, 3.0)) * 0.7;
    float close = noise(vec3(around * 5.0, 11.0)) * 0.6;
#ifndef DRAFT
    far += noise(vec3(around * 19.0, 5.0)) * 0.3;
    close += noise(vec3(around * 27.0, 7.0)) * 0.25;
#endif
    float soften = 1.5 * footprint + blur;
    float hill = smoothstep(soften, -soften, up - gap * (0.012 + 0.085 * far * far));
    color = mix(color, deep * 0.16 + haze * 0.55 * exp(-up * 20.0), hill);
    hill = smoothstep(soften, -soften, up - gap * 0.075 * close * close);
    return mix(color, deep * 0.05 + haze * 0.22 * exp(-up * 30.0), hill);
}

// Everything above the water, from a point in a direction.
vec3 world(vec3 origin, vec3 dir, float footprint, float blur) {
    vec3 color = sky(dir, footprint, blur);
    // The plate faces the eye.
    vec3 face = normalize(PLATE);
    float toward = dot(dir, face);
    float t = dot(PLATE - origin, face) / max(toward, 1e-3);
    vec3 on = origin + dir * t - PLATE;
    vec2 q = vec2(on.x, on.y * -face.z - on.z * -face.y) / (PLATE_R * (1.0 + 0.03 * kick));
    float front = smoothstep(0.0, 0.2, toward);
    float smear = blur * 2.0 + footprint * t / PLATE_R;
    float r = length(q);
    float out_r = max(r - 0.99, 0.0);
    // Rays between the plate and the night, by angle alone.
    vec2 around = q / (r + 1e-3);
#ifdef DRAFT
    float beam = 0.5;
#else
    float beam = noise(vec3(around * 5.0 + 40.0, wind * 12.0));
    beam = beam * beam * (3.0 - 2.0 * beam);
#endif
    float power = 0.06 + 0.14 * energy + 0.18 * bass + 0.42 * kick + 0.12 * strike;
    vec3 halo = mix(aura, light, 0.12) * power * exp(-out_r * 2.8) * 0.56;
    halo += mix(aura, light, 0.8) * power * (0.06 / (0.06 + out_r)) * exp(-out_r * 3.0) * 1.1;
    halo += mix(aura, light, 0.25) * beam * beam * (energy * energy * 0.5 + 0.6 * kick * energy) * 0.30
          * exp(-out_r * 0.9);
    halo += mix(aura, light, 0.6) * (ring(r, ring_a, 0.10) + ring(r, ring_b, 0.12)) * 0.16 * pulse;
    float inside = smoothstep(1.0 + 2.0 * blur, 0.985 - smear - 4.0 * blur, r) * front;
    color = mix(color + halo * front, deep * 0.02, inside);
    return color + plate_light(q, smear) * front * (blur > 0.0 ? 1.2 : 1.0);
}

// --- the sea -----------------------------------------------------------------------------------

// Slope of the water at p. Waves finer than `wide` are left out of it and counted in `rough`.
vec2 water_slope(vec2 p, float wide, out float rough) {
    vec2 slope = vec2(0.0);
    rough = 0.0;
    float k = 0.5, height = 0.020 + 0.035 * bass;
    vec2 dir = vec2(0.8, 0.6);
    for (int i = 0; i < WAVES; i++) {
        float keep = exp(-0.5 * k * k * wide * wide);
        float steep = height * k;
        float phase = dot(dir, p) * k + flow * (0.8 + 0.3 * float(i)) + float(i * i);
        slope += dir * steep * keep * cos(phase);
        rough += steep * steep * (1.0 - keep * keep);
        dir = mat2(-0.737, 0.676, -0.676, -0.737) * dir;
        k *= 1.83;
        height *= 0.545;
    }
    rough = sqrt(0.5 * rough);
    return slope;
}

// Rings that a kick sends out over the water from under the plate.
float sea_ring(float r, float age) {
    float d = (r - age * 34.0) / (1.2 + 2.0 * age);
    return exp(-d * d - age * 0.9) * step(age, 6.0);
}

// What the water does to a ray that meets it. Above the horizon nothing of it is used.
struct Water {
    vec3 mirror;   // where the ray goes on
    float blur;    // how far the waves too fine to see spread it
    float keep;    // how much of the mirrored light comes back
    vec3 glow;     // the light of the water itself
};

Water sea(vec3 origin, vec3 dir, float footprint) {
    float t = min((EYE_M + origin.y) / max(-dir.y, 1e-4), 3000.0);
    vec2 hit = origin.xz + dir.xz * t;
    float wide = footprint * t / max(-dir.y, 0.002);
    float fade = exp(-t * 0.008);
    float rough;
    vec2 slope = water_slope(hit, wide, rough);
    vec2 from = hit - PLATE.xz;
    float r = length(from);
    float crest = (sea_ring(r, ring_a) + sea_ring(r, ring_b) + sea_ring(r, ring_c)) * pulse;
    slope += from / max(r, 0.1) * crest * 0.05 * fade;
    vec3 normal = normalize(vec3(-slope.x, 1.0, -slope.y));
    vec3 mirror = reflect(dir, normal);
    mirror.y = abs(mirror.y) + 0.002;
    float facing = 1.0 - clamp(dot(-dir, normal), 0.0, 1.0);
    float facing2 = facing * facing;
    float fresnel = mix(0.03 + 0.97 * facing2 * facing2 * facing, 1.0, 0.28);
    vec3 glow = deep * 0.02 + mix(aura, light, 0.4) * crest * crest * 0.10 * fade * fade;
#ifndef DRAFT
    // High notes glitter on the crests.
    vec2 cell = floor(hit * 5.0);
    uint h = pcg(ivec2(cell));
    vec2 off = hit * 5.0 - cell - 0.25 - 0.5 * vec2(unit(h), unit(pcg(h + 1u)));
    float on = step(0.90, unit(pcg(h + 2u + uint(flow * 4.0 + unit(pcg(h + 3u)) * 4.0))));
    float lane = exp(-abs(hit.x) * 0.25) * 0.9 + 0.1;
    float size = max(0.035, wide * 5.0);
    float glint = on * highs * lane * exp(-dot(off, off) / (size * size)) * 0.0035 / (size * size);
    glow += light * glint * fade * fade * step(wide, 0.2) * smoothstep(2.0, 5.0, t);
#endif
    return Water(normalize(mirror), 0.010 + rough, fresnel * 0.9, glow);
}

vec4 shade(Ray ray) {
    vec3 dir = ray.dir;
    if (u_projection == 0) {
        float c = cos(PITCH), s = sin(PITCH);
        dir = vec3(dir.x, c * dir.y - s * dir.z, s * dir.y + c * dir.z);
    }
    // One look at the world for sky and sea alike: the sky is what most of a pixel costs.
    Water water = sea(ray.origin, dir, ray.footprint);
    bool below = dir.y < 0.0;
    float blur = below ? water.blur : 0.0;
    vec3 color = world(ray.origin, below ? water.mirror : dir, ray.footprint, blur);
    if (below) color = color * water.keep + water.glow;
    if (u_projection == 0) {
        float edge = dot(ray.screen, ray.screen) / 4.2;
        color *= 1.0 - 0.35 * smoothstep(0.2, 1.2, edge);
    }
    return vec4(color * glow * 1.25, 1.0);
}
