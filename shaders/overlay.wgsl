// One picture: video frame, heatmaps, difference, wipe, gaze marks. Opaque, so that the window and
// a file cannot differ by blending. Textures and uniforms only: GLES has no storage buffers.

struct Mark {
    // centre in upright uv, radius and line width in source pixels
    place: vec4<f32>,
    colour: vec4<f32>,
};

struct Scene {
    // rows: (y, u, v, 1) -> r, g, b
    yuv_r: vec4<f32>,
    yuv_g: vec4<f32>,
    yuv_b: vec4<f32>,
    // upright uv of the viewport's top-left corner, and its size
    window: vec4<f32>,
    // shown picture width and height in pixels, viewport width and height in pixels
    sizes: vec4<f32>,
    // opacity, threshold, predicted peak, recorded peak
    heat: vec4<f32>,
    // mode, compare, wipe position, rotation in quarter turns
    modes: vec4<f32>,
    // colormap row, difference row, number of rows, number of marks
    maps: vec4<f32>,
    background: vec4<f32>,
    marks: array<Mark, 64>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(0) @binding(1) var smooth_sampler: sampler;
@group(0) @binding(2) var plane_y: texture_2d<f32>;
@group(0) @binding(3) var plane_u: texture_2d<f32>;
@group(0) @binding(4) var plane_v: texture_2d<f32>;
@group(0) @binding(5) var predicted: texture_2d<f32>;
@group(0) @binding(6) var recorded: texture_2d<f32>;
@group(0) @binding(7) var colormaps: texture_2d<f32>;

struct Vertex {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
};

@vertex
fn vertex_main(@builtin(vertex_index) index: u32) -> Vertex {
    // one triangle that covers the viewport
    let corner = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    var out: Vertex;
    out.uv = corner;
    out.position = vec4<f32>(corner.x * 2.0 - 1.0, 1.0 - corner.y * 2.0, 0.0, 1.0);
    return out;
}

fn stored_from_upright(uv: vec2<f32>) -> vec2<f32> {
    let turns = i32(scene.modes.w);
    if (turns == 1) { return vec2<f32>(uv.y, 1.0 - uv.x); }
    if (turns == 2) { return vec2<f32>(1.0 - uv.x, 1.0 - uv.y); }
    if (turns == 3) { return vec2<f32>(1.0 - uv.y, uv.x); }
    return uv;
}

fn frame_colour(uv: vec2<f32>) -> vec3<f32> {
    let at = stored_from_upright(uv);
    let y = textureSampleLevel(plane_y, smooth_sampler, at, 0.0).r;
    let u = textureSampleLevel(plane_u, smooth_sampler, at, 0.0).r;
    let v = textureSampleLevel(plane_v, smooth_sampler, at, 0.0).r;
    let yuv = vec4<f32>(y, u, v, 1.0);
    let rgb = vec3<f32>(dot(scene.yuv_r, yuv), dot(scene.yuv_g, yuv), dot(scene.yuv_b, yuv));
    return clamp(rgb, vec3<f32>(0.0), vec3<f32>(1.0));
}

// R32Float cannot be filtered everywhere: bilinear by hand, edges repeated
fn heat_cell(map: texture_2d<f32>, at: vec2<i32>) -> f32 {
    let last = vec2<i32>(textureDimensions(map)) - vec2<i32>(1);
    return textureLoad(map, clamp(at, vec2<i32>(0), last), 0).r;
}

fn heat_at(map: texture_2d<f32>, uv: vec2<f32>) -> f32 {
    let q = uv * vec2<f32>(textureDimensions(map)) - 0.5;
    let i = vec2<i32>(floor(q));
    let f = fract(q);
    let top = mix(heat_cell(map, i), heat_cell(map, i + vec2<i32>(1, 0)), f.x);
    let bottom = mix(heat_cell(map, i + vec2<i32>(0, 1)), heat_cell(map, i + vec2<i32>(1, 1)), f.x);
    return mix(top, bottom, f.y);
}

fn map_colour(value: f32, row: f32) -> vec3<f32> {
    let x = i32(clamp(value, 0.0, 1.0) * 255.0 + 0.5);
    return textureLoad(colormaps, vec2<i32>(x, i32(row)), 0).rgb;
}

// below the threshold nothing is drawn, above it the opacity rises quickly to its full value
fn coverage(value: f32) -> f32 {
    let threshold = scene.heat.y;
    if (value <= threshold || value <= 0.0) { return 0.0; }
    return scene.heat.x * smoothstep(threshold, threshold + 0.2, value);
}

fn with_heat(base: vec3<f32>, value: f32) -> vec3<f32> {
    return mix(base, map_colour(value, scene.maps.x), coverage(value));
}

const MODE_PREDICTED: i32 = 1;
const MODE_RECORDED: i32 = 2;
const MODE_BOTH: i32 = 3;
const MODE_DIFFERENCE: i32 = 4;

fn with_layers(base: vec3<f32>, uv: vec2<f32>, mode: i32) -> vec3<f32> {
    let p = heat_at(predicted, uv) / max(scene.heat.z, 1e-9);
    let r = heat_at(recorded, uv) / max(scene.heat.w, 1e-9);
    if (mode == MODE_PREDICTED) { return with_heat(base, p); }
    if (mode == MODE_RECORDED) { return with_heat(base, r); }
    if (mode == MODE_BOTH) { return with_heat(base, max(p, r)); }
    if (mode == MODE_DIFFERENCE) {
        let d = p - r;
        return mix(base, map_colour(d * 0.5 + 0.5, scene.maps.y), coverage(abs(d)));
    }
    return base;
}

fn with_marks(base: vec3<f32>, uv: vec2<f32>, pixel: f32) -> vec3<f32> {
    var colour = base;
    let count = i32(scene.maps.w);
    for (var i = 0; i < count; i++) {
        let mark = scene.marks[i];
        let d = length((uv - mark.place.xy) * scene.sizes.xy);
        // rings have a line width, dots have none
        var edge = d - mark.place.z;
        if (mark.place.w > 0.0) { edge = abs(edge) - mark.place.w * 0.5; }
        let rim = max(1.5 * pixel, mark.place.z * 0.12);
        let outline = 1.0 - smoothstep(-0.5 * pixel, 0.5 * pixel, edge - rim);
        let inside = 1.0 - smoothstep(-0.5 * pixel, 0.5 * pixel, edge);
        colour = mix(colour, vec3<f32>(0.02), outline * mark.colour.a * 0.75);
        colour = mix(colour, mark.colour.rgb, inside * mark.colour.a);
    }
    return colour;
}

@fragment
fn fragment_main(in: Vertex) -> @location(0) vec4<f32> {
    let compare = i32(scene.modes.y);
    var mode = i32(scene.modes.x);
    var uv = scene.window.xy + in.uv * scene.window.zw;
    // source pixels covered by one screen pixel
    let pixel = scene.window.z * scene.sizes.x / max(scene.sizes.z, 1.0);
    if (compare == 2) {
        // the same picture twice, each in its half of the viewport
        let half = select(0.0, 1.0, in.uv.x >= 0.5);
        let inner = vec2<f32>(in.uv.x * 2.0 - half, in.uv.y * 2.0 - 0.5);
        uv = scene.window.xy + inner * scene.window.zw;
        mode = select(MODE_PREDICTED, MODE_RECORDED, half > 0.5);
        if (inner.y < 0.0 || inner.y > 1.0) { return vec4<f32>(scene.background.rgb, 1.0); }
    }
    if (compare == 1) {
        mode = select(MODE_PREDICTED, MODE_RECORDED, uv.x >= scene.modes.z);
    }
    if (any(uv < vec2<f32>(0.0)) || any(uv > vec2<f32>(1.0))) {
        return vec4<f32>(scene.background.rgb, 1.0);
    }
    var colour = with_layers(frame_colour(uv), uv, mode);
    colour = with_marks(colour, uv, pixel);
    if (compare == 1) {
        let line = abs(uv.x - scene.modes.z) * scene.sizes.x;
        colour = mix(vec3<f32>(1.0), colour, smoothstep(pixel, 2.0 * pixel, line));
    }
    return vec4<f32>(colour, 1.0);
}
