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

fn painted(point: Point) -> vec3<f32> {
    let kind = i32(point.tags.x + 0.5);
    let a = point.colour.rgb;
    let b = point.second.rgb;
    let p = point.local / max(point.second.a, 0.002);
    switch kind {
        case 1: { // wood: long grain along x
            let q = p * vec3<f32>(0.6, 5.0, 5.0);
            let grain = noise(q + 3.0 * noise(p * vec3<f32>(0.35, 1.2, 1.2)));
            let board = hash(vec3<f32>(floor(p.z * 1.2), floor(p.y * 1.2), 3.0));
            return mix(a, b, clamp(grain * 0.75 + (board - 0.5) * 0.35, 0.0, 1.0));
        }
        case 2: { // tiles in the floor's or a wall's plane
            let n = abs(point.normal.xyz);
            let u = select(p.xz, select(p.zy, p.xy, n.z > n.x), n.y < 0.5);
            let tone = 0.86 + 0.28 * hash(vec3<f32>(floor(u.x + 0.5), floor(u.y + 0.5), 1.0));
            return mix(a * tone, b, max(line(u.x, 0.03), line(u.y, 0.03)));
        }
        case 3: { // stone
            let speckle = noise(p * 9.0) * 0.6 + noise(p * 2.0) * 0.4;
            return mix(a, b, smoothstep(0.45, 0.75, speckle));
        }
        case 4: { // bands around
            return mix(a, b, line(p.y, 0.22));
        }
        case 5: { // dots
            let angle = atan2(point.local.z, point.local.x) * 1.2732395;
            let cell = vec2<f32>(angle + 0.5 * floor(p.y), fract(p.y) - 0.5);
            let d = length(vec2<f32>(fract(cell.x) - 0.5, cell.y));
            return mix(b, a, smoothstep(0.24, 0.30, d));
        }
        case 6: { // checks
            let c = floor(p + 0.01);
            let odd = fract((c.x + c.y + c.z) * 0.5) * 2.0;
            return mix(a, b, odd);
        }
        case 7: { // brushed metal
            return a * (0.86 + 0.28 * noise(p * vec3<f32>(1.0, 24.0, 1.0)));
        }
        case 8: { // cloth
            let weave = 0.5 + 0.25 * (sin(p.x * 6.2831) + sin(p.z * 6.2831) + sin(p.y * 6.2831)) * 0.67;
            return mix(a, b, clamp(weave, 0.0, 1.0) * 0.6);
        }
        case 9: { // planks of a floor
            let row = floor(p.z);
            let along = p.x * 0.22 + hash(vec3<f32>(row, 7.0, 1.0));
            let tone = hash(vec3<f32>(row, floor(along), 5.0));
            let grain = noise(vec3<f32>(p.x * 1.1, p.z * 9.0, row));
            let colour = mix(a, b, clamp(tone * 0.55 + grain * 0.45, 0.0, 1.0));
            return colour * (1.0 - 0.45 * max(line(p.z, 0.02), line(along, 0.004)));
        }
        case 10: { // plaster
            return a * (0.95 + 0.1 * noise(p * 2.5));
        }
        case 11: { // a glowing screen with lines of text
            let row = line(p.y, 0.26) * step(0.15, hash(vec3<f32>(floor(p.y + 0.5), floor(p.x * 0.7), 2.0)));
            return mix(a, b, row);
        }
        case 12: { // label: a band of the second colour between two heights of the object
            let up = p.y - 0.35;
            let band = step(0.0, up) * step(up, 1.0);
            let print = line(up * 4.0, 0.12) * step(0.25, up) * step(up, 0.8);
            return mix(a, mix(b, b * 0.35, print * 0.7), band);
        }
        case 13: { // leaves
            return mix(a, b, noise(p * 3.0));
        }
        case 14: { // chevrons
            let zig = abs(fract(atan2(point.local.z, point.local.x) * 1.59155) - 0.5) * 0.8;
            return mix(a, b, line(p.y + zig, 0.2));
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
    let seen = globals.lamp_proj * vec4<f32>(point.world + n * 0.012, 1.0);
    let at = seen.xyz / seen.w;
    let uv = at.xy * vec2<f32>(0.5, -0.5) + 0.5;
    let texel = 1.1 / 512.0;
    var lit = textureSampleCompareLevel(shadow_map, shadow_sampler, uv + vec2<f32>(texel, 0.4 * texel), at.z - 0.0006);
    lit += textureSampleCompareLevel(shadow_map, shadow_sampler, uv + vec2<f32>(-0.4 * texel, texel), at.z - 0.0006);
    lit += textureSampleCompareLevel(shadow_map, shadow_sampler, uv - vec2<f32>(texel, 0.4 * texel), at.z - 0.0006);
    lit += textureSampleCompareLevel(shadow_map, shadow_sampler, uv + vec2<f32>(0.4 * texel, -texel), at.z - 0.0006);
    // beyond the map's edge nothing is in the way
    let inside = step(abs(at.x), 0.98) * step(abs(at.y), 0.98);
    lit = mix(1.0, lit * 0.25, inside);
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
