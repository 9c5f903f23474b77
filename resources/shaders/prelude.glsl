// What every scene shader finds: the ray, the frame's own values, hashes and noise.
#define PI 3.14159265358979
#define TAU 6.28318530717959

struct Ray {
    vec3 origin;     // where the eye is, in metres; zero but for stereo
    vec3 dir;        // unit length; -z is ahead, +y is up, +x is right
    vec2 screen;     // flat formats: (0, 0) centre, +-1 at the nearer edge, +y up; else zero
    float footprint; // angle that a pixel covers, in radians
};

uniform vec2 u_resolution;   // of one eye's picture, in pixels
uniform int u_projection;    // 0 flat, 1 equirectangular, 2 omni-directional stereo
uniform float u_time;        // centre of the frame on the track, in seconds
uniform uint u_seed;
uniform float u_opacity;

// Permuted congruential generator: exact on every GPU, unlike fract(sin()).
uint pcg(uint v) {
    uint state = v * 747796405u + 2891336453u;
    uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}
uint pcg(ivec2 p) { return pcg(uint(p.x) + pcg(uint(p.y))); }
uint pcg(ivec3 p) { return pcg(uint(p.x) + pcg(uint(p.y) + pcg(uint(p.z)))); }
float unit(uint h) { return float(h >> 8u) * (1.0 / 16777216.0); }  // 0 to 1, 1 excluded
