// From the drawn room to the stored picture: blur by the head's own motion while the shutter is
// open, darker corners, grain, and the planes of YUV 4:2:0 in one target: luma above, below it
// the two chroma planes side by side.

struct Film {
    // from a point before this camera to the clip space of the camera when the shutter opened
    earlier: mat4x4<f32>,
    // width, height, half the view's width at distance 1, its height
    shape: vec4<f32>,
    // frame number, grain, vignette, white balance
    tone: vec4<f32>,
}

@group(0) @binding(0) var<uniform> film: Film;
@group(0) @binding(1) var drawn: texture_2d<f32>;
@group(0) @binding(2) var smooth_sampler: sampler;

@vertex
fn vertex_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    return vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
}

fn at(uv: vec2<f32>) -> vec4<f32> {
    return textureSampleLevel(drawn, smooth_sampler, uv, 0.0);
}

fn exposed(uv: vec2<f32>) -> vec3<f32> {
    let here = at(uv);
    var sum = here.rgb;
    if here.a > 0.01 {
        let depth = 0.2 / here.a;
        let ndc = vec2<f32>(uv.x * 2.0 - 1.0, 1.0 - uv.y * 2.0);
        let then = film.earlier * vec4<f32>(ndc * film.shape.zw * depth, -depth, 1.0);
        if then.w > 0.05 {
            let was = then.xy / then.w;
            let way = clamp((vec2<f32>(was.x, -was.y) * 0.5 + 0.5) - uv, vec2<f32>(-0.12), vec2<f32>(0.12));
            let pixels = length(way * film.shape.xy);
            if pixels > 0.7 {
                // a hand that moves with the head stays sharp, and does not smear into the room
                var weight = 1.0;
                for (var i = 1; i < 7; i++) {
                    let tap = at(uv + way * (f32(i) / 6.0));
                    let share = step(0.01, tap.a);
                    sum += tap.rgb * share;
                    weight += share;
                }
                sum = sum / weight;
            }
        }
    }
    let from_centre = uv * 2.0 - 1.0;
    let corner = 1.0 - film.tone.z * dot(from_centre, from_centre) * 0.5;
    // stored colours are square roots: this is close to sRGB's curve
    let warm = vec3<f32>(1.0 + film.tone.w, 1.0, 1.0 - film.tone.w);
    return clamp(pow(sum * corner * warm, vec3<f32>(0.909)), vec3<f32>(0.0), vec3<f32>(1.0));
}

fn grain(p: vec2<f32>) -> f32 {
    let q = fract(vec3<f32>(p.xyx) * vec3<f32>(0.1031, 0.1030, 0.0973) + film.tone.x * 0.0731);
    let r = q + dot(q, q.yzx + 33.33);
    return fract((r.x + r.y) * r.z) - 0.5;
}

@fragment
fn fragment_main(@builtin(position) where_: vec4<f32>) -> @location(0) vec4<f32> {
    let size = film.shape.xy;
    if where_.y < size.y {
        let rgb = exposed(where_.xy / size);
        let luma = dot(rgb, vec3<f32>(0.2126, 0.7152, 0.0722)) + grain(where_.xy) * film.tone.y;
        return vec4<f32>((16.0 + 219.0 * clamp(luma, 0.0, 1.0)) / 255.0, 0.0, 0.0, 1.0);
    }
    let is_red = where_.x > size.x * 0.5;
    let x = select(where_.x, where_.x - size.x * 0.5, is_red);
    let rgb = exposed(vec2<f32>(x * 2.0, (where_.y - size.y) * 2.0) / size);
    let luma = dot(rgb, vec3<f32>(0.2126, 0.7152, 0.0722));
    let chroma = select((rgb.b - luma) / 1.8556, (rgb.r - luma) / 1.5748, is_red);
    return vec4<f32>((128.0 + 224.0 * chroma) / 255.0, 0.0, 0.0, 1.0);
}
