// Cross-fades the light of two cues and resolves it.
layout(location = 0) out vec4 o_color;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;

void main() {
    ivec2 p = ivec2(gl_FragCoord.xy);
    vec3 light = mix(texelFetch(u_from, p, 0).rgb, texelFetch(u_to, p, 0).rgb, u_mix);
    o_color = resolve(light, p);
}
