#version 410 core
// RGBA to planar 4:2:0, BT.709 limited range: the bytes of Y, U and V one after the other, as
// rows of the frame's width. Chroma sits at the mean of its four pixels, as swscale's.
layout(location = 0) out float o_byte;
uniform sampler2D u_rgba;

const vec3 Y = vec3(0.2126, 0.7152, 0.0722) * 219.0;
const vec3 U = vec3(-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5) * 224.0;
const vec3 V = vec3(0.5, -0.7152 / 1.5748, -0.0722 / 1.5748) * 224.0;

void main() {
    ivec2 size = textureSize(u_rgba, 0);
    ivec2 at = ivec2(gl_FragCoord.xy);
    float value;
    if (at.y < size.y) {
        value = 16.0 + dot(Y, texelFetch(u_rgba, at, 0).rgb);
    } else {
        int index = (at.y - size.y) * size.x + at.x;
        int plane = size.x * size.y / 4;
        bool is_u = index < plane;
        if (!is_u) index -= plane;
        ivec2 corner = 2 * ivec2(index % (size.x / 2), index / (size.x / 2));
        vec3 rgb = texelFetch(u_rgba, corner, 0).rgb + texelFetch(u_rgba, corner + ivec2(1, 0), 0).rgb
                 + texelFetch(u_rgba, corner + ivec2(0, 1), 0).rgb
                 + texelFetch(u_rgba, corner + ivec2(1, 1), 0).rgb;
        value = 128.0 + 0.25 * dot(is_u ? U : V, rgb);
    }
    o_byte = value / 255.0;
}
