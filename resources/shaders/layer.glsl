// Draws one layer: straight to the screen's values, or premultiplied light for blending.
layout(location = 0) out vec4 o_color;

void main() {
    vec4 color = shade(pixel_ray(gl_FragCoord.xy));
    color.a *= u_opacity;
#ifdef DIRECT
    o_color = resolve(color.rgb * color.a, ivec2(gl_FragCoord.xy));
#else
    o_color = vec4(max(color.rgb, 0.0) * color.a, color.a);
#endif
}
