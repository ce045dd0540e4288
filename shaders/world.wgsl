// The synthetic room: one lamp with a shadow map, soft light from above and from the window, and
// surfaces painted by pattern number. Colours are linear here and leave as square roots, so that
// eight bits are enough; alpha tells the film pass how near a point is (0: moves with the head).

struct Globals {
    view_proj: mat4x4<f32>,
    lamp_proj: mat4x4<f32>,
    eye: vec4<f32>,
    // position, strength
    lamp: vec4<f32>,
    lamp_colour: vec4<f32>,
    sky: vec4<f32>,
    ground: vec4<f32>,
    // direction to the window, strength
    window: vec4<f32>,
    window_colour: vec4<f32>,
}

struct Part {
    x: vec4<f32>,
    y: vec4<f32>,
    z: vec4<f32>,
}

struct Parts {
    // rows of an affine transform, and in `look.x` how much the part shines by itself
    rows: array<Part, 128>,
    look: array<vec4<f32>, 128>,
}

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var<uniform> parts: Parts;
@group(1) @binding(0) var shadow_map: texture_depth_2d;
@group(1) @binding(1) var shadow_sampler: sampler_comparison;

struct Corner {
    @location(0) pos: vec3<f32>,
    // normal and open sky
    @location(1) normal: vec4<f32>,
    // colour and gloss
    @location(2) colour: vec4<f32>,
    // second colour and pattern size
    @location(3) second: vec4<f32>,
    // part and pattern
    @location(4) tags: vec2<u32>,
}

struct Point {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec4<f32>,
    @location(2) local: vec3<f32>,
    @location(3) colour: vec4<f32>,
    @location(4) second: vec4<f32>,
    @location(5) @interpolate(flat) tags: vec4<f32>,
}

fn placed(part: u32, v: vec4<f32>) -> vec3<f32> {
    let p = parts.rows[part];
    return vec3<f32>(dot(p.x, v), dot(p.y, v), dot(p.z, v));
}

@vertex
fn shadow_main(@location(0) pos: vec3<f32>, @location(4) tags: vec2<u32>) -> @builtin(position) vec4<f32> {
    return globals.lamp_proj * vec4<f32>(placed(tags.x, vec4<f32>(pos, 1.0)), 1.0);
}

@vertex
fn vertex_main(corner: Corner) -> Point {
    var out: Point;
    let world = placed(corner.tags.x, vec4<f32>(corner.pos, 1.0));
    out.clip = globals.view_proj * vec4<f32>(world, 1.0);
    out.world = world;
    out.normal = vec4<f32>(placed(corner.tags.x, vec4<f32>(corner.normal.xyz, 0.0)), corner.normal.w);
    out.local = corner.pos;
    out.colour = vec4<f32>(corner.colour.rgb * corner.colour.rgb, corner.colour.a);
    out.second = vec4<f32>(corner.second.rgb * corner.second.rgb, corner.second.a * 0.5);
    let look = parts.look[corner.tags.x];
    out.tags = vec4<f32>(f32(corner.tags.y), look.x, look.y, look.z);
    return out;
}

fn hash(p: vec3<f32>) -> f32 {
    let q = fract(p * vec3<f32>(0.1031, 0.1130, 0.0973));
    let r = q + dot(q, q.yzx + 33.33);
    return fract((r.x + r.y) * r.z);
}

fn noise(p: vec3<f32>) -> f32 {
    let i = floor(p);
    let f = p - i;
    let s = f * f * (3.0 - 2.0 * f);
    let low = mix(
        mix(hash(i), hash(i + vec3<f32>(1.0, 0.0, 0.0)), s.x),
        mix(hash(i + vec3<f32>(0.0, 1.0, 0.0)), hash(i + vec3<f32>(1.0, 1.0, 0.0)), s.x), s.y);
    let high = mix(
        mix(hash(i + vec3<f32>(0.0, 0.0, 1.0)), hash(i + vec3<f32>(1.0, 0.0, 1.0)), s.x),
        mix(hash(i + vec3<f32>(0.0, 1.0, 1.0)), hash(i + vec3<f32>(1.0, 1.0, 1.0)), s.x), s.y);
    return mix(low, high, s.z);
}

// A line of half width `half_width` at every whole number, as wide as a pixel at least.
fn line(at: f32, half_width: f32) -> f32 {
    let distance = abs(fract(at + 0.5) - 0.5);
    let blur = max(fwidth(at), 1e-4);
    return 1.0 - smoothstep(half_width, half_width + blur, distance);
}

fn wave(at: f32) -> f32 {
    return abs(fract(at) * 2.0 - 1.0);
}

// Software renderers run every branch for every pixel, so the patterns share what is dear: one
// noise, one hash, one angle and two lines, whose arguments follow from the kind.
fn painted(point: Point) -> vec3<f32> {
    let kind = i32(point.tags.x + 0.5);
    let a = point.colour.rgb;
    let b = point.second.rgb;
    let p = point.local / max(point.second.a, 0.002);
    let n = abs(point.normal.xyz);
    // in the plane of a floor, or of a wall
    let flat_ = select(p.xz, select(p.zy, p.xy, n.z > n.x), n.y < 0.5);
    let angle = atan2(point.local.z, point.local.x);
    let up = p.y - 0.35;
    let row = floor(p.z);

    var grain_at = p * 2.5;
    var cell = vec3<f32>(floor(flat_ + 0.5), 1.0);
    var across = flat_.x;
    var along = flat_.y;
    var widths = vec2<f32>(0.03, 0.03);
    switch kind {
        case 1: { // wood: long grain along x
            grain_at = p * vec3<f32>(0.6, 5.0, 5.0) + 1.6 * wave(p.x * 0.21 + p.y * 0.6 + p.z * 0.47);
            cell = vec3<f32>(floor(p.z * 1.2), floor(p.y * 1.2), 3.0);
        }
        case 3: { // stone
            grain_at = p * 7.0 + 1.3 * wave(p.x * 0.9 + p.z * 0.7);
        }
        case 4: { // bands around
            along = p.y;
            widths = vec2<f32>(0.0, 0.22);
        }
        case 7: { // brushed metal
            grain_at = p * vec3<f32>(1.0, 24.0, 1.0);
        }
        case 9: { // planks of a floor
            across = p.z;
            along = p.x * 0.22 + 0.37 * row;
            cell = vec3<f32>(row, floor(along), 5.0);
            grain_at = vec3<f32>(p.x * 1.1, p.z * 9.0, row);
            widths = vec2<f32>(0.02, 0.004);
        }
        case 11: { // a glowing screen with lines of text
            along = p.y;
            cell = vec3<f32>(floor(p.y + 0.5), floor(p.x * 0.7), 2.0);
            widths = vec2<f32>(0.0, 0.26);
        }
        case 12: { // label: a band of the second colour between two heights of the object
            along = up * 4.0;
            widths = vec2<f32>(0.0, 0.12);
        }
        case 14: { // chevrons
            along = p.y + 0.4 * wave(angle * 1.59155);
            widths = vec2<f32>(0.0, 0.2);
        }
        default: {}
    }
    let grain = noise(grain_at);
    let tone = hash(cell);
    let first = line(across, widths.x);
    let second = line(along, widths.y);

    switch kind {
        case 1: {
            return mix(a, b, clamp(grain * 0.75 + (tone - 0.5) * 0.35, 0.0, 1.0));
        }
        case 2: {
            return mix(a * (0.86 + 0.28 * tone), b, max(first, second));
        }
        case 3: {
            return mix(a, b, smoothstep(0.4, 0.75, grain));
        }
        case 4, 14: {
            return mix(a, b, second);
        }
        case 5: { // dots
            let spot = vec2<f32>(fract(angle * 1.2732395 + 0.5 * floor(p.y)) - 0.5, fract(p.y) - 0.5);
            return mix(b, a, smoothstep(0.24, 0.30, length(spot)));
        }
        case 6: { // checks
            let c = floor(p + 0.01);
            return mix(a, b, fract((c.x + c.y + c.z) * 0.5) * 2.0);
        }
        case 7: {
            return a * (0.86 + 0.28 * grain);
        }
        case 8: { // cloth
            return mix(a, b, (wave(p.x) + wave(p.y) + wave(p.z)) * 0.25);
        }
        case 9: {
            let colour = mix(a, b, clamp(tone * 0.55 + grain * 0.45, 0.0, 1.0));
            return colour * (1.0 - 0.45 * max(first, second));
        }
        case 10: { // plaster
            return a * (0.95 + 0.1 * grain);
        }
        case 11: {
            return mix(a, b, second * step(0.15, tone));
        }
        case 12: {
            let band = step(0.0, up) * step(up, 1.0);
            let print = second * step(0.25, up) * step(up, 0.8);
            return mix(a, mix(b, b * 0.35, print * 0.7), band);
        }
        case 13: { // leaves
            return mix(a, b, grain);
        }
        default: {
            return a;
        }
    }
}

@fragment
fn fragment_main(point: Point) -> @location(0) vec4<f32> {
    let n = normalize(point.normal.xyz);
    let to_eye = globals.eye.xyz - point.world;
    let distance = length(to_eye);
    let v = to_eye / distance;
    let albedo = painted(point);
    let open = point.normal.w;

    let to_lamp = globals.lamp.xyz - point.world;
    let lamp_distance = length(to_lamp);
    let l = to_lamp / lamp_distance;
    let facing = max(dot(n, l), 0.0);
    let seen = globals.lamp_proj * vec4<f32>(point.world + n * 0.03, 1.0);
    let at = seen.xyz / seen.w;
    let uv = at.xy * vec2<f32>(0.5, -0.5) + 0.5;
    let texel = 1.1 / 512.0;
    var lit = textureSampleCompareLevel(shadow_map, shadow_sampler, uv + vec2<f32>(texel, 0.5 * texel), at.z - 0.001);
    lit += textureSampleCompareLevel(shadow_map, shadow_sampler, uv - vec2<f32>(0.5 * texel, texel), at.z - 0.001);
    // beyond the map's edge nothing is in the way
    let inside = step(abs(at.x), 0.98) * step(abs(at.y), 0.98);
    lit = mix(1.0, lit * 0.5, inside);
    let fall = globals.lamp.w / (0.6 + lamp_distance * lamp_distance);
    let lamp = globals.lamp_colour.rgb * fall * lit;
    let day = globals.window_colour.rgb * globals.window.w * (0.35 + 0.65 * max(dot(n, globals.window.xyz), 0.0));
    let hemisphere = mix(globals.ground.rgb, globals.sky.rgb, n.y * 0.5 + 0.5);
    var colour = albedo * (lamp * facing + (hemisphere + day) * open);

    let gloss = point.colour.a;
    let h = normalize(l + v);
    let shine = pow(max(dot(n, h), 0.0), 8.0 + 90.0 * gloss) * gloss;
    let rim = pow(1.0 - max(dot(n, v), 0.0), 4.0) * gloss * 0.35;
    colour += lamp * facing * shine * 1.6 + hemisphere * rim * open;
    colour += albedo * point.tags.y;

    // a soft shoulder instead of clipping
    colour = colour * globals.eye.w;
    colour = colour * (1.0 + colour * 0.12) / (1.0 + colour * 0.62);
    let near = select(clamp(0.2 / distance, 0.02, 1.0), 0.0, point.tags.z > 0.5);
    return vec4<f32>(sqrt(clamp(colour, vec3<f32>(0.0), vec3<f32>(1.0))), near);
}
