//! The solids of the things. Base in the plane y = 0, long things along x, fronts towards +z.

use std::f32::consts::FRAC_PI_2;

use glam::{Affine3A, Quat, Vec3, vec3};
use libm::{cosf, sinf};

use super::Look;
use crate::synth::shape::{Paint, Pattern, Solid};

const STEEL: Paint = Paint::metal([176, 180, 186]);
const DARK: Paint = Paint::plain([44, 44, 48], 0.3);
const CREAM: Paint = Paint::plain([240, 234, 220], 0.2);
const WOOD: Paint = Paint::plain([190, 140, 88], 0.15).with(Pattern::Wood, [146, 98, 56], 0.04);

fn plain(look: &Look, gloss: f32) -> Paint {
    Paint::plain(look.colour.rgb, gloss)
}

fn turned(profile: &[[f32; 2]], sides: u32, paint: &Paint) -> Solid {
    let mut solid = Solid::default();
    solid.lathe(profile, sides, paint);
    solid
}

pub fn mug(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.036, 0.0],
            [0.041, 0.006],
            [0.041, 0.094],
            [0.039, 0.097],
            [0.036, 0.094],
            [0.035, 0.012],
            [0.0, 0.01],
        ],
        18,
        &look.paint,
    );
    s.ear(vec3(0.039, 0.05, 0.0), Vec3::X, [0.026, 0.03], 0.0062, &plain(look, 0.35));
    s
}

pub fn bowl(look: &Look) -> Solid {
    turned(
        &[
            [0.0, 0.0],
            [0.034, 0.0],
            [0.036, 0.008],
            [0.062, 0.024],
            [0.082, 0.058],
            [0.083, 0.064],
            [0.078, 0.06],
            [0.056, 0.028],
            [0.03, 0.014],
            [0.0, 0.012],
        ],
        20,
        &look.paint,
    )
}

pub fn plate(look: &Look) -> Solid {
    let mut s = turned(
        &[[0.0, 0.0], [0.07, 0.0], [0.122, 0.016], [0.12, 0.019], [0.078, 0.007], [0.0, 0.005]],
        24,
        &plain(look, 0.4),
    );
    // a ring on the rim shows the colour's own second tone
    let ring = Paint::plain(look.colour.second, 0.4);
    s.lathe(&[[0.112, 0.0182], [0.104, 0.0158]], 24, &ring);
    s
}

pub fn glass(look: &Look) -> Solid {
    let tint = Paint::plain(
        [
            (u16::from(look.colour.rgb[0]) / 4 + 176) as u8,
            (u16::from(look.colour.rgb[1]) / 4 + 184) as u8,
            (u16::from(look.colour.rgb[2]) / 4 + 190) as u8,
        ],
        0.95,
    );
    turned(
        &[
            [0.0, 0.0],
            [0.03, 0.0],
            [0.034, 0.05],
            [0.039, 0.12],
            [0.037, 0.121],
            [0.032, 0.05],
            [0.027, 0.014],
            [0.0, 0.012],
        ],
        16,
        &tint,
    )
}

pub fn bottle(look: &Look) -> Solid {
    let body = plain(look, 0.8).with(Pattern::Label, [238, 230, 206], 0.09);
    let mut lower = Solid::default();
    // the label's band starts at the part's own y = 0: lift the body by a bit less than its height
    lower.lathe(
        &[
            [0.0, 0.0],
            [0.036, 0.0],
            [0.039, 0.005],
            [0.039, 0.15],
            [0.034, 0.175],
            [0.016, 0.215],
            [0.014, 0.25],
            [0.0, 0.25],
        ],
        16,
        &body,
    );
    lower.drum(vec3(0.0, 0.245, 0.0), 0.0165, 0.028, 12, &Paint::plain(look.colour.second, 0.3));
    lower
}

pub fn kettle(look: &Look) -> Solid {
    let paint = plain(look, 0.75);
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.075, 0.0],
            [0.082, 0.012],
            [0.08, 0.07],
            [0.062, 0.12],
            [0.036, 0.142],
            [0.034, 0.15],
            [0.0, 0.154],
        ],
        20,
        &paint,
    );
    s.ball(vec3(0.0, 0.164, 0.0), vec3(0.013, 0.012, 0.013), 8, &DARK);
    s.capsule(vec3(0.062, 0.06, 0.0), vec3(0.125, 0.128, 0.0), [0.02, 0.011], 8, &paint);
    let handle: Vec<Vec3> = (0..=6)
        .map(|i| {
            let angle = std::f32::consts::PI * i as f32 / 6.0;
            vec3(-0.062 * cosf(angle), 0.12 + 0.105 * sinf(angle), 0.0)
        })
        .collect();
    s.tube(&handle, 0.009, 6, &DARK);
    s
}

pub fn teapot(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.045, 0.0],
            [0.05, 0.006],
            [0.074, 0.05],
            [0.066, 0.09],
            [0.036, 0.112],
            [0.034, 0.118],
            [0.0, 0.126],
        ],
        18,
        &look.paint,
    );
    let paint = plain(look, 0.4);
    s.ball(vec3(0.0, 0.134, 0.0), vec3(0.012, 0.012, 0.012), 8, &paint);
    s.capsule(vec3(0.06, 0.045, 0.0), vec3(0.128, 0.1, 0.0), [0.018, 0.01], 8, &paint);
    s.ear(vec3(-0.066, 0.062, 0.0), -Vec3::X, [0.052, 0.036], 0.0075, &paint);
    s
}

pub fn pan(look: &Look) -> Solid {
    let mut pan = turned(
        &[[0.0, 0.0], [0.09, 0.0], [0.108, 0.045], [0.105, 0.046], [0.087, 0.006], [0.0, 0.005]],
        20,
        &plain(look, 0.5),
    );
    pan.capsule(vec3(0.1, 0.04, 0.0), vec3(0.255, 0.052, 0.0), [0.011, 0.014], 8, &DARK);
    let mut s = Solid::default();
    s.add(&pan, Affine3A::from_translation(vec3(-0.075, 0.0, 0.0)));
    s
}

pub fn pot(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.088, 0.0],
            [0.092, 0.006],
            [0.092, 0.12],
            [0.095, 0.124],
            [0.089, 0.122],
            [0.087, 0.01],
            [0.0, 0.008],
        ],
        20,
        &plain(look, 0.6),
    );
    for side in [1.0, -1.0] {
        let ear = [
            vec3(0.088 * side, 0.1, -0.03),
            vec3(0.12 * side, 0.1, -0.024),
            vec3(0.12 * side, 0.1, 0.024),
            vec3(0.088 * side, 0.1, 0.03),
        ];
        s.tube(&ear, 0.006, 6, &DARK);
    }
    s
}

pub fn knife(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.085, 0.011, 0.0), vec3(0.105, 0.018, 0.022), &plain(look, 0.3));
    s.block(vec3(-0.045, 0.011, 0.004), vec3(0.16, 0.004, 0.03), &STEEL);
    s.block(vec3(-0.13, 0.011, 0.009), vec3(0.03, 0.004, 0.018), &STEEL);
    s
}

pub fn spoon(look: &Look) -> Solid {
    let paint = plain(look, 0.2).with(Pattern::Wood, look.colour.second, 0.05);
    let mut s = Solid::default();
    s.capsule(vec3(0.13, 0.012, 0.0), vec3(-0.07, 0.012, 0.0), [0.008, 0.006], 8, &paint);
    s.ball(vec3(-0.1, 0.012, 0.0), vec3(0.038, 0.012, 0.025), 10, &paint);
    s
}

pub fn board(look: &Look) -> Solid {
    let paint = match look.colour.name {
        "brown" => WOOD,
        _ => plain(look, 0.2),
    };
    let mut s = Solid::default();
    s.block(vec3(-0.02, 0.009, 0.0), vec3(0.25, 0.018, 0.2), &paint);
    s.block(vec3(0.125, 0.009, 0.0), vec3(0.05, 0.018, 0.07), &paint);
    s
}

pub fn apple(look: &Look) -> Solid {
    let paint = plain(look, 0.45).with(Pattern::Leaves, [222, 196, 90], 0.05);
    let mut s = turned(
        &[
            [0.0, 0.006],
            [0.016, 0.0],
            [0.034, 0.018],
            [0.04, 0.042],
            [0.032, 0.066],
            [0.012, 0.072],
            [0.0, 0.064],
        ],
        14,
        &paint,
    );
    s.tube(&[vec3(0.0, 0.062, 0.0), vec3(0.006, 0.085, 0.0)], 0.003, 5, &Paint::plain([92, 62, 36], 0.1));
    s
}

pub fn orange(_: &Look) -> Solid {
    let mut s = Solid::default();
    let skin = Paint::plain([236, 140, 40], 0.3).with(Pattern::Stone, [224, 122, 30], 0.04);
    s.ball(vec3(0.0, 0.039, 0.0), vec3(0.04, 0.039, 0.04), 14, &skin);
    s.drum(vec3(0.0, 0.076, 0.0), 0.006, 0.004, 6, &Paint::plain([70, 110, 50], 0.1));
    s
}

pub fn banana(_: &Look) -> Solid {
    let mut s = Solid::default();
    let skin = Paint::plain([238, 204, 74], 0.3);
    let arc = |i: f32| {
        let angle = 0.5 + (std::f32::consts::PI - 1.0) * i;
        vec3(0.1 * cosf(angle), 0.019, 0.085 * sinf(angle) - 0.06)
    };
    for i in 0..6 {
        let width = |k: f32| 0.011 + 0.008 * sinf(std::f32::consts::PI * (0.1 + 0.8 * k / 6.0));
        let (a, b) = (arc(i as f32 / 6.0), arc((i + 1) as f32 / 6.0));
        s.capsule(a, b, [width(i as f32), width(i as f32 + 1.0)], 7, &skin);
    }
    s
}

pub fn carton(look: &Look) -> Solid {
    let paint = Paint::plain([242, 240, 234], 0.25).with(Pattern::Label, look.colour.rgb, 0.11);
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.085, 0.0), vec3(0.08, 0.17, 0.08), &paint);
    let top = Paint::plain(look.colour.rgb, 0.25);
    let (b, r) = (0.17, 0.215);
    let c = [vec3(-0.04, b, 0.04), vec3(0.04, b, 0.04), vec3(0.04, b, -0.04), vec3(-0.04, b, -0.04)];
    let (left, right) = (vec3(-0.04, r, 0.0), vec3(0.04, r, 0.0));
    s.sheet([c[0], c[1], right, left], [0.9, 0.9, 1.0, 1.0], &top);
    s.sheet([c[2], c[3], left, right], [0.9, 0.9, 1.0, 1.0], &top);
    s.sheet([c[1], c[2], right, right], [0.8; 4], &top);
    s.sheet([c[3], c[0], left, left], [0.8; 4], &top);
    s.block(vec3(0.0, 0.225, 0.0), vec3(0.08, 0.022, 0.004), &top);
    s
}

pub fn cereal(look: &Look) -> Solid {
    let mut s = Solid::default();
    let front = plain(look, 0.3);
    s.block(vec3(0.0, 0.14, 0.0), vec3(0.19, 0.28, 0.065), &front);
    let bowl = Paint::plain(look.colour.second, 0.3);
    s.sheet(
        [
            vec3(-0.075, 0.18, 0.0335),
            vec3(0.075, 0.18, 0.0335),
            vec3(0.075, 0.25, 0.0335),
            vec3(-0.075, 0.25, 0.0335),
        ],
        [1.0; 4],
        &bowl,
    );
    s.ball(vec3(0.0, 0.09, 0.033), vec3(0.055, 0.055, 0.004), 12, &bowl);
    s
}

pub fn jar(look: &Look) -> Solid {
    let mut s = turned(
        &[[0.0, 0.0], [0.036, 0.0], [0.041, 0.006], [0.041, 0.082], [0.033, 0.096], [0.033, 0.1]],
        16,
        &plain(look, 0.85).with(Pattern::Label, [240, 236, 222], 0.06),
    );
    s.drum(vec3(0.0, 0.098, 0.0), 0.037, 0.02, 16, &Paint::plain([206, 172, 92], 0.7));
    s
}

pub fn cloth(look: &Look) -> Solid {
    let paint = plain(look, 0.0).with(Pattern::Checks, look.colour.second, 0.03);
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.006, 0.0), vec3(0.18, 0.012, 0.13), &paint);
    s.block(vec3(-0.01, 0.018, 0.006), vec3(0.15, 0.012, 0.1), &paint);
    s
}

pub fn hammer(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.capsule(vec3(0.14, 0.018, 0.0), vec3(0.02, 0.018, 0.0), [0.015, 0.013], 8, &plain(look, 0.2));
    s.capsule(vec3(0.03, 0.018, 0.0), vec3(-0.12, 0.018, 0.0), [0.01, 0.01], 8, &WOOD);
    let head = Paint::metal([96, 100, 108]);
    s.block(vec3(-0.125, 0.018, 0.0), vec3(0.034, 0.034, 0.06), &head);
    let mut face = Solid::default();
    face.drum(Vec3::ZERO, 0.018, 0.022, 12, &STEEL);
    s.add(
        &face,
        Affine3A::from_rotation_translation(Quat::from_rotation_x(FRAC_PI_2), vec3(-0.125, 0.018, 0.03)),
    );
    s.block(vec3(-0.125, 0.022, -0.044), vec3(0.026, 0.014, 0.034), &head);
    s
}

pub fn screwdriver(look: &Look) -> Solid {
    let mut s = Solid::default();
    let mut grip = Solid::default();
    grip.lathe(
        &[[0.0, 0.0], [0.014, 0.002], [0.018, 0.03], [0.014, 0.07], [0.017, 0.09], [0.008, 0.1], [0.0, 0.1]],
        10,
        &plain(look, 0.55),
    );
    let lying = Quat::from_rotation_z(FRAC_PI_2);
    s.add(&grip, Affine3A::from_rotation_translation(lying, vec3(0.12, 0.018, 0.0)));
    s.capsule(vec3(0.03, 0.018, 0.0), vec3(-0.115, 0.018, 0.0), [0.0055, 0.0045], 6, &STEEL);
    s.block(vec3(-0.118, 0.018, 0.0), vec3(0.016, 0.003, 0.012), &STEEL);
    s
}

pub fn wrench(look: &Look) -> Solid {
    let paint = match look.colour.name {
        "grey" => STEEL,
        _ => plain(look, 0.6),
    };
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.007, 0.0), vec3(0.17, 0.01, 0.02), &paint);
    let mut ring = Solid::default();
    ring.lathe(&[[0.014, 0.0], [0.028, 0.0], [0.028, 0.012], [0.014, 0.012], [0.014, 0.0]], 14, &STEEL);
    s.add(&ring, Affine3A::from_translation(vec3(0.1, 0.001, 0.0)));
    for side in [1.0, -1.0] {
        s.block(vec3(-0.1, 0.007, 0.016 * side), vec3(0.045, 0.013, 0.014), &STEEL);
    }
    s
}

pub fn pliers(look: &Look) -> Solid {
    let mut s = Solid::default();
    for side in [1.0, -1.0] {
        let handle = plain(look, 0.4);
        s.capsule(
            vec3(0.105, 0.012, 0.034 * side),
            vec3(0.0, 0.012, 0.008 * side),
            [0.009, 0.007],
            8,
            &handle,
        );
        s.capsule(
            vec3(-0.01, 0.012, -0.012 * side),
            vec3(-0.085, 0.012, -0.005 * side),
            [0.01, 0.005],
            6,
            &STEEL,
        );
    }
    s.drum(vec3(-0.005, 0.001, 0.0), 0.017, 0.024, 10, &STEEL);
    s
}

pub fn saw(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.sheet(
        [
            vec3(-0.23, 0.012, 0.0),
            vec3(-0.23, 0.012, 0.02),
            vec3(0.1, 0.012, 0.055),
            vec3(0.1, 0.012, -0.045),
        ],
        [1.0; 4],
        &STEEL,
    );
    s.block(vec3(-0.06, 0.008, -0.02), vec3(0.34, 0.006, 0.02), &STEEL);
    let grip = [
        vec3(0.1, 0.018, -0.045),
        vec3(0.19, 0.018, -0.03),
        vec3(0.2, 0.018, 0.02),
        vec3(0.16, 0.018, 0.055),
        vec3(0.1, 0.018, 0.05),
        vec3(0.1, 0.018, -0.045),
    ];
    s.tube(&grip, 0.016, 7, &plain(look, 0.25));
    s
}

pub fn drill(look: &Look) -> Solid {
    let paint = plain(look, 0.35);
    let mut s = Solid::default();
    s.block(vec3(0.03, 0.014, 0.0), vec3(0.1, 0.028, 0.06), &DARK);
    s.capsule(vec3(0.032, 0.03, 0.0), vec3(0.022, 0.12, 0.0), [0.021, 0.021], 8, &DARK);
    s.capsule(vec3(0.075, 0.15, 0.0), vec3(-0.02, 0.15, 0.0), [0.031, 0.029], 10, &paint);
    s.capsule(vec3(-0.03, 0.15, 0.0), vec3(-0.068, 0.15, 0.0), [0.022, 0.013], 8, &DARK);
    s.capsule(vec3(-0.07, 0.15, 0.0), vec3(-0.125, 0.15, 0.0), [0.004, 0.003], 6, &STEEL);
    s
}

pub fn tape(look: &Look) -> Solid {
    let mut s = turned(&[[0.032, 0.0], [0.052, 0.0], [0.052, 0.045], [0.032, 0.045]], 20, &plain(look, 0.45));
    s.lathe(&[[0.032, 0.045], [0.03, 0.045], [0.03, 0.0]], 20, &CREAM);
    s
}

pub fn paint_can(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.078, 0.0],
            [0.08, 0.004],
            [0.078, 0.008],
            [0.078, 0.15],
            [0.08, 0.154],
            [0.074, 0.156],
        ],
        20,
        &Paint::plain(look.colour.rgb, 0.4).with(Pattern::Label, [236, 232, 224], 0.075),
    );
    s.lathe(&[[0.074, 0.156], [0.07, 0.151], [0.0, 0.151]], 20, &STEEL);
    let wire: Vec<Vec3> = (0..=6)
        .map(|i| {
            let angle = std::f32::consts::PI * i as f32 / 6.0;
            vec3(0.079 * cosf(angle), 0.135 + 0.045 * sinf(angle), 0.0)
        })
        .collect();
    s.tube(&wire, 0.0035, 5, &STEEL);
    s
}

pub fn wood_block(_: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.03, 0.0), vec3(0.21, 0.06, 0.1), &WOOD);
    s
}

pub fn bucket(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.085, 0.0],
            [0.112, 0.19],
            [0.118, 0.194],
            [0.109, 0.192],
            [0.081, 0.008],
            [0.0, 0.006],
        ],
        20,
        &plain(look, 0.35),
    );
    let wire: Vec<Vec3> = (0..=6)
        .map(|i| {
            let angle = std::f32::consts::PI * i as f32 / 6.0;
            vec3(0.113 * cosf(angle), 0.185 + 0.07 * sinf(angle), 0.0)
        })
        .collect();
    s.tube(&wire, 0.0045, 5, &STEEL);
    s
}

pub fn glue(look: &Look) -> Solid {
    let mut s = turned(
        &[
            [0.0, 0.0],
            [0.028, 0.0],
            [0.03, 0.004],
            [0.03, 0.09],
            [0.014, 0.108],
            [0.012, 0.112],
            [0.0, 0.112],
        ],
        14,
        &plain(look, 0.4).with(Pattern::Label, [70, 116, 176], 0.05),
    );
    s.lathe(&[[0.011, 0.11], [0.004, 0.15], [0.0, 0.15]], 10, &Paint::plain([220, 80, 60], 0.4));
    s
}

pub fn phone(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.005, 0.0), vec3(0.078, 0.01, 0.16), &plain(look, 0.5));
    let screen = Paint::plain([34, 52, 92], 0.9).with(Pattern::Screen, [150, 190, 235], 0.018);
    s.sheet(
        [
            vec3(-0.035, 0.0105, 0.072),
            vec3(0.035, 0.0105, 0.072),
            vec3(0.035, 0.0105, -0.072),
            vec3(-0.035, 0.0105, -0.072),
        ],
        [1.0; 4],
        &screen,
    );
    for row in 0..3 {
        for column in 0..3 {
            let dot = [[230, 120, 90], [110, 200, 130], [240, 210, 110]][(row + column) % 3];
            let at = vec3(-0.02 + 0.02 * column as f32, 0.011, -0.045 + 0.024 * row as f32);
            s.block(at, vec3(0.012, 0.001, 0.012), &Paint::plain(dot, 0.3));
        }
    }
    s
}

pub fn book(look: &Look) -> Solid {
    let cover = plain(look, 0.3);
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.0015, 0.0), vec3(0.16, 0.003, 0.22), &cover);
    s.block(
        vec3(0.002, 0.016, 0.0),
        vec3(0.15, 0.026, 0.208),
        &CREAM.with(Pattern::Bands, [214, 204, 184], 0.005),
    );
    s.block(vec3(0.0, 0.0305, 0.0), vec3(0.16, 0.003, 0.22), &cover);
    s.block(vec3(-0.0785, 0.016, 0.0), vec3(0.004, 0.032, 0.22), &cover);
    let title = Paint::plain(look.colour.second, 0.3);
    s.block(vec3(0.0, 0.0325, -0.055), vec3(0.11, 0.001, 0.03), &title);
    s.block(vec3(0.0, 0.0325, 0.005), vec3(0.05, 0.001, 0.05), &title);
    s
}

pub fn notebook(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.006, 0.0), vec3(0.145, 0.012, 0.205), &plain(look, 0.2));
    s.block(vec3(0.01, 0.0125, 0.03), vec3(0.08, 0.001, 0.05), &CREAM);
    for i in 0..9 {
        let z = -0.088 + 0.022 * i as f32;
        s.ear(vec3(-0.062, 0.008, z), -Vec3::X, [0.012, 0.0075], 0.0018, &STEEL);
    }
    s
}

pub fn pen_cup(look: &Look) -> Solid {
    let mut s = turned(
        &[[0.0, 0.0], [0.037, 0.0], [0.039, 0.1], [0.036, 0.1], [0.034, 0.008], [0.0, 0.006]],
        16,
        &look.paint,
    );
    let pens = [[200, 60, 50], [50, 90, 170], [236, 190, 60], [60, 60, 64]];
    for (i, colour) in pens.into_iter().enumerate() {
        let angle = 0.8 + 1.57 * i as f32;
        let lean = vec3(0.028 * cosf(angle), 0.0, 0.028 * sinf(angle));
        let top = lean * 1.25 + Vec3::Y * (0.14 + 0.012 * i as f32);
        s.capsule(lean * -0.3 + Vec3::Y * 0.02, top, [0.0045, 0.0045], 6, &Paint::plain(colour, 0.4));
    }
    s
}

pub fn stapler(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.006, 0.0), vec3(0.16, 0.012, 0.036), &DARK);
    let mut arm = Solid::default();
    arm.block(vec3(0.0, 0.0, 0.0), vec3(0.15, 0.022, 0.034), &plain(look, 0.5));
    s.add(&arm, Affine3A::from_rotation_translation(Quat::from_rotation_z(0.14), vec3(0.002, 0.036, 0.0)));
    s
}

pub fn scissors(look: &Look) -> Solid {
    let mut s = Solid::default();
    for side in [1.0, -1.0] {
        let mut ring = Solid::default();
        ring.lathe(
            &[[0.014, 0.0], [0.024, 0.0], [0.024, 0.014], [0.014, 0.014], [0.014, 0.0]],
            12,
            &plain(look, 0.4),
        );
        s.add(&ring, Affine3A::from_translation(vec3(0.08, 0.001, 0.025 * side)));
        let blade = vec3(-0.1, 0.008, -0.007 * side);
        s.capsule(vec3(0.06, 0.008, 0.016 * side), blade, [0.0075, 0.003], 6, &STEEL);
    }
    s.drum(vec3(0.0, 0.002, 0.0), 0.007, 0.016, 8, &DARK);
    s
}

pub fn keys(look: &Look) -> Solid {
    let mut s = Solid::default();
    let mut ring = Solid::default();
    ring.lathe(&[[0.013, 0.0], [0.018, 0.0], [0.018, 0.004], [0.013, 0.004], [0.013, 0.0]], 12, &STEEL);
    s.add(&ring, Affine3A::from_translation(vec3(0.0, 0.004, 0.0)));
    for (i, angle) in [0.35f32, -0.55].into_iter().enumerate() {
        let way = vec3(cosf(angle), 0.0, sinf(angle));
        let brass = if i == 0 { Paint::metal([204, 168, 84]) } else { STEEL };
        s.ball(way * 0.024 + Vec3::Y * 0.005, vec3(0.012, 0.004, 0.012), 8, &brass);
        s.capsule(way * 0.03 + Vec3::Y * 0.005, way * 0.062 + Vec3::Y * 0.005, [0.004, 0.0035], 6, &brass);
    }
    s.ball(vec3(-0.038, 0.011, 0.004), vec3(0.024, 0.011, 0.02), 10, &plain(look, 0.3));
    s
}

pub fn headphones(look: &Look) -> Solid {
    let mut s = Solid::default();
    let arc: Vec<Vec3> = (0..=8)
        .map(|i| {
            let angle = std::f32::consts::PI * i as f32 / 8.0;
            vec3(0.078 * cosf(angle), 0.06 + 0.09 * sinf(angle), 0.0)
        })
        .collect();
    s.tube(&arc, 0.0085, 6, &plain(look, 0.4));
    for side in [1.0, -1.0] {
        s.ball(vec3(0.074 * side, 0.043, 0.0), vec3(0.022, 0.042, 0.036), 10, &plain(look, 0.35));
        s.ball(vec3(0.058 * side, 0.043, 0.0), vec3(0.014, 0.034, 0.03), 10, &DARK);
    }
    s
}

pub fn plant(look: &Look) -> Solid {
    let mut s = turned(
        &[[0.0, 0.0], [0.042, 0.0], [0.056, 0.085], [0.06, 0.09], [0.05, 0.09], [0.048, 0.078], [0.0, 0.08]],
        16,
        &plain(look, 0.2),
    );
    let leaf = Paint::plain([74, 142, 70], 0.25).with(Pattern::Leaves, [40, 100, 52], 0.03);
    for i in 0..11 {
        let angle = 2.4 * i as f32;
        let lift = 0.35 + 0.55 * ((i * 7) % 11) as f32 / 11.0;
        let way = vec3(cosf(angle) * cosf(lift), sinf(lift), sinf(angle) * cosf(lift));
        let root = vec3(0.0, 0.08, 0.0);
        let tip = root + way * 0.1;
        let mut blade = Solid::default();
        blade.ball(vec3(0.0, 0.06, 0.0), vec3(0.022, 0.056, 0.007), 6, &leaf);
        s.add(&blade, crate::synth::shape::along(root, tip));
    }
    s
}

pub fn ball(look: &Look) -> Solid {
    let mut s = Solid::default();
    let paint = Paint { gloss: 0.4, ..look.paint };
    s.ball(vec3(0.0, 0.042, 0.0), vec3(0.042, 0.042, 0.042), 16, &paint);
    s
}

pub fn toy_car(look: &Look) -> Solid {
    let mut s = Solid::default();
    let paint = plain(look, 0.6);
    s.block(vec3(0.0, 0.03, 0.0), vec3(0.165, 0.03, 0.07), &paint);
    s.block(vec3(0.01, 0.057, 0.0), vec3(0.085, 0.028, 0.06), &Paint::plain([60, 78, 96], 0.85));
    s.block(vec3(0.01, 0.072, 0.0), vec3(0.075, 0.006, 0.062), &paint);
    for x in [-0.05, 0.05] {
        for z in [-0.036, 0.036] {
            let mut wheel = Solid::default();
            wheel.drum(vec3(0.0, -0.007, 0.0), 0.019, 0.014, 10, &DARK);
            let turn = Quat::from_rotation_x(FRAC_PI_2);
            s.add(&wheel, Affine3A::from_rotation_translation(turn, vec3(x, 0.019, z)));
        }
    }
    s
}

pub fn candle(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.drum(Vec3::ZERO, 0.038, 0.008, 14, &Paint::metal([190, 160, 96]));
    s.drum(vec3(0.0, 0.006, 0.0), 0.027, 0.1, 14, &plain(look, 0.25));
    s.capsule(vec3(0.0, 0.104, 0.0), vec3(0.001, 0.116, 0.0), [0.002, 0.0015], 5, &DARK);
    s
}

pub fn clock(look: &Look) -> Solid {
    let mut s = Solid::default();
    let mut case = Solid::default();
    case.drum(vec3(0.0, -0.02, 0.0), 0.055, 0.04, 20, &plain(look, 0.5));
    case.drum(vec3(0.0, 0.02, 0.0), 0.047, 0.0015, 20, &CREAM);
    for hour in 0..12 {
        let angle = std::f32::consts::TAU * hour as f32 / 12.0;
        case.block(vec3(0.039 * cosf(angle), 0.0222, 0.039 * sinf(angle)), vec3(0.005, 0.001, 0.005), &DARK);
    }
    case.capsule(vec3(0.0, 0.0225, 0.0), vec3(0.0, 0.0225, -0.034), [0.002, 0.0015], 5, &DARK);
    case.capsule(vec3(0.0, 0.0225, 0.0), vec3(0.022, 0.0225, 0.006), [0.0025, 0.002], 5, &DARK);
    let up = Quat::from_rotation_x(FRAC_PI_2);
    s.add(&case, Affine3A::from_rotation_translation(up, vec3(0.0, 0.066, 0.0)));
    for side in [1.0, -1.0] {
        s.ball(vec3(0.028 * side, 0.124, 0.0), vec3(0.018, 0.015, 0.018), 8, &STEEL);
        s.capsule(vec3(0.032 * side, 0.004, 0.0), vec3(0.022 * side, 0.03, 0.0), [0.004, 0.004], 5, &DARK);
    }
    s
}

pub fn camera(look: &Look) -> Solid {
    let mut s = Solid::default();
    s.block(vec3(0.0, 0.036, 0.0), vec3(0.13, 0.072, 0.042), &plain(look, 0.25));
    s.block(vec3(0.0, 0.076, 0.0), vec3(0.045, 0.016, 0.034), &plain(look, 0.25));
    let mut lens = Solid::default();
    lens.lathe(&[[0.03, 0.0], [0.03, 0.03], [0.022, 0.03], [0.02, 0.02], [0.0, 0.02]], 14, &DARK);
    let ahead = Quat::from_rotation_x(FRAC_PI_2);
    s.add(&lens, Affine3A::from_rotation_translation(ahead, vec3(0.0, 0.036, 0.02)));
    s.ball(vec3(0.0, 0.036, 0.039), vec3(0.018, 0.018, 0.006), 10, &Paint::plain([70, 90, 140], 0.95));
    s.drum(vec3(0.045, 0.072, 0.0), 0.009, 0.008, 8, &STEEL);
    s
}
