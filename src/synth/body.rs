//! Hands and forearms of the wearer, and a second person: solids, and where their parts are.

use glam::{Affine3A, Mat3, Quat, Vec3, vec3};
use libm::sqrtf;

use super::dice::Dice;
use super::shape::{Paint, Pattern, Solid, along};

/// Parts of one arm: forearm, palm, four fingers and a thumb of two links each.
pub const ARM_PARTS: usize = 12;
/// Parts of the second person: body, head, upper and lower right arm.
pub const PERSON_PARTS: usize = 4;

const UPPER_ARM: f32 = 0.3;
const FOREARM: f32 = 0.27;
const LINKS: [f32; 2] = [0.046, 0.036];
const KNUCKLES: [Vec3; 4] =
    [vec3(-0.029, 0.084, 0.0), vec3(-0.0095, 0.09, 0.0), vec3(0.01, 0.088, 0.0), vec3(0.028, 0.078, 0.0)];

/// How a hand is held. Left is 0, right is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandPose {
    /// Where what it holds, or would hold, is gripped; room coordinates.
    pub grip: Vec3,
    /// From the palm to the grip, metres: half of what it holds.
    pub spread: f32,
    /// 0 open, 1 a fist.
    pub curl: f32,
    /// 0: the palm faces the other hand; 1: it faces down.
    pub over: f32,
}

const SKINS: [[u8; 3]; 5] = [[236, 188, 160], [222, 168, 132], [190, 132, 96], [146, 96, 66], [104, 68, 48]];
const SLEEVES: [[u8; 3]; 6] =
    [[62, 84, 116], [128, 56, 60], [84, 104, 84], [70, 70, 76], [206, 198, 182], [150, 112, 72]];

/// The solids of both arms in the order of their parts: left arm, then right.
pub fn arms(dice: &mut Dice) -> Vec<Solid> {
    let skin = Paint::plain(*dice.pick(&SKINS).unwrap_or(&SKINS[0]), 0.22);
    let sleeve = Paint::plain(*dice.pick(&SLEEVES).unwrap_or(&SLEEVES[0]), 0.0);
    let darker = sleeve.colour.map(|c| (u16::from(c) * 3 / 4) as u8);
    let sleeve = sleeve.with(Pattern::Cloth, darker, 0.012);
    [1.0f32, -1.0].into_iter().flat_map(|thumb| arm(thumb, &skin, &sleeve)).collect()
}

/// `thumb` is the side of the thumb along x.
fn arm(thumb: f32, skin: &Paint, sleeve: &Paint) -> Vec<Solid> {
    let mut parts = Vec::with_capacity(ARM_PARTS);
    // from elbow to wrist along y
    let mut forearm = Solid::default();
    forearm.capsule(vec3(0.0, 0.1, 0.0), vec3(0.0, FOREARM, 0.0), [0.033, 0.026], 12, skin);
    forearm.lathe(&[[0.05, -0.05], [0.047, 0.05], [0.042, 0.19], [0.045, 0.2], [0.036, 0.2]], 14, sleeve);
    parts.push(forearm);

    let mut palm = Solid::default();
    palm.ball(vec3(0.0, 0.05, 0.0), vec3(0.043, 0.05, 0.0175), 14, skin);
    palm.ball(vec3(0.022 * thumb, 0.034, -0.008), vec3(0.023, 0.034, 0.017), 10, skin);
    palm.capsule(vec3(0.0, -0.01, 0.0), vec3(0.0, 0.025, 0.0), [0.025, 0.027], 10, skin);
    for knuckle in KNUCKLES {
        palm.ball(knuckle * vec3(-thumb, 1.0, 1.0) - Vec3::Y * 0.006, vec3(0.0115, 0.013, 0.0125), 8, skin);
    }
    parts.push(palm);

    let nail = Paint::plain(skin.colour.map(|c| (u16::from(c) / 8 * 7 + 32).min(255) as u8), 0.5);
    let link = |length: f32, radii: [f32; 2], has_nail: bool| {
        let mut link = Solid::default();
        link.capsule(Vec3::ZERO, Vec3::Y * length, radii, 8, skin);
        if has_nail {
            link.ball(vec3(0.0, length + 0.001, radii[1] * 0.75), vec3(0.0055, 0.0075, 0.0028), 6, &nail);
        }
        link
    };
    for finger in 0..4 {
        let scale = [1.0, 1.1, 1.04, 0.84][finger];
        parts.push(link(LINKS[0] * scale, [0.0108, 0.0098], false));
        parts.push(link(LINKS[1] * scale, [0.0098, 0.0082], true));
    }
    parts.push(link(0.036, [0.013, 0.012], false));
    parts.push(link(0.03, [0.012, 0.0095], true));
    parts
}

/// Where the parts of one arm are. `side` is -1 for the left arm and 1 for the right;
/// `shoulder` and `forward` are the wearer's.
pub fn arm_poses(side: f32, shoulder: Vec3, forward: Vec3, hand: &HandPose) -> [Affine3A; ARM_PARTS] {
    let right = forward.cross(Vec3::Y).normalize_or(Vec3::X);
    let reach = (hand.grip - shoulder).normalize_or(forward);
    let fingers = (reach * 0.62 + forward * 0.5 - Vec3::Y * 0.12).normalize_or(forward);
    // where the palm looks
    let inward = -right * side;
    let facing = (inward * (1.0 - hand.over) - Vec3::Y * (0.25 + 0.75 * hand.over)).normalize_or(-Vec3::Y);
    let facing = (facing - fingers * facing.dot(fingers)).normalize_or(-Vec3::Y);
    let back = -facing;
    let across = fingers.cross(back);
    let turn = Mat3::from_cols(across, fingers, back);
    let wrist = hand.grip - turn * vec3(0.0, 0.078, -(0.016 + hand.spread));
    let palm = Affine3A::from_mat3_translation(turn, wrist);

    let elbow = elbow_of(shoulder, wrist, right * side);
    let length = elbow.distance(wrist);
    let fore = along(elbow, wrist);
    let mut poses = [Affine3A::IDENTITY; ARM_PARTS];
    poses[0] = fore * Affine3A::from_scale(vec3(1.0, length / FOREARM, 1.0));
    poses[1] = palm;
    let bend = |angle: f32| Affine3A::from_quat(Quat::from_rotation_x(-angle));
    for finger in 0..4 {
        let scale = [1.0, 1.1, 1.04, 0.84][finger];
        let knuckle = KNUCKLES[finger] * vec3(side, 1.0, 1.0);
        let fan = Affine3A::from_quat(Quat::from_rotation_z(
            -side * (finger as f32 - 1.5) * 0.09 * (1.0 - hand.curl),
        ));
        let first = palm * Affine3A::from_translation(knuckle) * fan * bend(0.18 + 1.05 * hand.curl);
        let joint = Affine3A::from_translation(Vec3::Y * LINKS[0] * scale);
        poses[2 + finger * 2] = first;
        poses[3 + finger * 2] = first * joint * bend(0.25 + 1.1 * hand.curl);
    }
    let base = vec3(-side * 0.031, 0.03, -0.008);
    let swing = Quat::from_rotation_z(side * (0.85 - 0.45 * hand.curl))
        * Quat::from_rotation_x(-0.35 - 0.75 * hand.curl);
    let thumb = palm * Affine3A::from_rotation_translation(swing, base);
    poses[10] = thumb;
    let closing =
        Quat::from_rotation_z(-side * 0.5 * hand.curl) * Quat::from_rotation_x(-0.2 - 0.3 * hand.curl);
    poses[11] = thumb * Affine3A::from_rotation_translation(closing, Vec3::Y * 0.036);
    poses
}

/// The elbow hangs outwards and down; an arm that is too short is drawn longer.
fn elbow_of(shoulder: Vec3, wrist: Vec3, outward: Vec3) -> Vec3 {
    let way = wrist - shoulder;
    let length = way.length().max(0.05);
    let forward = way / length;
    let stretch = (length / (UPPER_ARM + FOREARM - 0.02)).max(1.0);
    let (upper, fore) = (UPPER_ARM * stretch, FOREARM * stretch);
    let ahead = (upper * upper - fore * fore + length * length) / (2.0 * length);
    let aside = sqrtf((upper * upper - ahead * ahead).max(0.0));
    let hang = outward * 0.35 - Vec3::Y;
    let hang = (hang - forward * hang.dot(forward)).normalize_or(-Vec3::Y);
    shoulder + forward * ahead + hang * aside
}

/// Somebody else in the room.
#[derive(Clone, Debug)]
pub struct Person {
    /// "the person with the red jumper".
    pub name: String,
    pub solids: Vec<Solid>,
    pub stand: Vec3,
    /// Towards the wearer's place.
    pub forward: Vec3,
}

const JUMPERS: [(&str, [u8; 3]); 6] = [
    ("red", [178, 48, 44]),
    ("blue", [52, 92, 160]),
    ("green", [70, 132, 84]),
    ("yellow", [222, 182, 66]),
    ("white", [232, 230, 224]),
    ("purple", [112, 74, 146]),
];
const HAIR: [[u8; 3]; 4] = [[52, 36, 28], [120, 76, 40], [206, 168, 96], [150, 148, 146]];
/// Shoulder of the moving arm, and lengths of its two halves.
const PERSON_SHOULDER: Vec3 = vec3(0.21, 1.36, 0.0);
const PERSON_ARM: [f32; 2] = [0.28, 0.27];

impl Person {
    pub fn new(roles: &[&str], stand: Vec3, towards: Vec3, dice: &mut Dice) -> Self {
        let (tone, jumper) = *dice.pick(&JUMPERS).unwrap_or(&JUMPERS[0]);
        let role = dice.pick(roles).copied().unwrap_or("person");
        let skin = Paint::plain(*dice.pick(&SKINS).unwrap_or(&SKINS[0]), 0.15);
        let cloth = Paint::plain(jumper, 0.0).with(
            Pattern::Cloth,
            jumper.map(|c| (u16::from(c) * 4 / 5) as u8),
            0.02,
        );
        let trousers = Paint::plain([58, 66, 88], 0.0);
        let mut body = Solid::default();
        for x in [-0.09, 0.09] {
            body.capsule(vec3(x, 0.1, 0.0), vec3(x, 0.82, 0.0), [0.06, 0.085], 10, &trousers);
            body.ball(vec3(x, 0.05, 0.05), vec3(0.05, 0.05, 0.12), 8, &Paint::plain([48, 40, 36], 0.3));
        }
        body.lathe(
            &[
                [0.0, 0.76],
                [0.15, 0.78],
                [0.165, 0.9],
                [0.17, 1.15],
                [0.2, 1.32],
                [0.16, 1.42],
                [0.06, 1.46],
                [0.0, 1.46],
            ],
            16,
            &cloth,
        );
        body.capsule(vec3(0.0, 1.44, 0.0), vec3(0.0, 1.52, 0.0), [0.055, 0.05], 8, &skin);
        // the resting arm
        body.capsule(vec3(-0.21, 1.36, 0.0), vec3(-0.26, 1.08, 0.01), [0.06, 0.05], 8, &cloth);
        body.capsule(vec3(-0.26, 1.08, 0.01), vec3(-0.25, 0.84, 0.06), [0.05, 0.036], 8, &cloth);
        body.ball(vec3(-0.25, 0.78, 0.07), vec3(0.035, 0.06, 0.03), 8, &skin);

        let mut head = Solid::default();
        head.ball(vec3(0.0, 0.0, 0.0), vec3(0.088, 0.115, 0.098), 16, &skin);
        let hair = Paint::plain(*dice.pick(&HAIR).unwrap_or(&HAIR[0]), 0.2);
        head.ball(vec3(0.0, 0.035, -0.018), vec3(0.097, 0.1, 0.098), 14, &hair);
        head.ball(vec3(0.0, -0.012, 0.1), vec3(0.014, 0.02, 0.018), 8, &skin);
        for x in [-0.033, 0.033] {
            head.ball(
                vec3(x, 0.012, 0.083),
                vec3(0.014, 0.01, 0.012),
                8,
                &Paint::plain([246, 246, 246], 0.6),
            );
            head.ball(vec3(x, 0.012, 0.092), vec3(0.007, 0.007, 0.006), 6, &Paint::plain([48, 40, 36], 0.8));
            head.block(vec3(x, 0.034, 0.09), vec3(0.032, 0.006, 0.01), &hair);
        }
        head.ball(vec3(0.0, -0.05, 0.083), vec3(0.026, 0.007, 0.01), 8, &Paint::plain([168, 84, 78], 0.3));

        let mut upper = Solid::default();
        upper.capsule(Vec3::ZERO, Vec3::Y * PERSON_ARM[0], [0.06, 0.05], 8, &cloth);
        let mut lower = Solid::default();
        lower.capsule(Vec3::ZERO, Vec3::Y * (PERSON_ARM[1] - 0.04), [0.05, 0.036], 8, &cloth);
        lower.ball(Vec3::Y * (PERSON_ARM[1] + 0.02), vec3(0.042, 0.058, 0.024), 10, &skin);
        lower.capsule(
            vec3(0.035, PERSON_ARM[1], 0.0),
            vec3(0.06, PERSON_ARM[1] + 0.03, 0.01),
            [0.012, 0.009],
            6,
            &skin,
        );

        let forward = (towards - stand).with_y(0.0).normalize_or(-Vec3::Z);
        Self {
            name: format!("the {role} with the {tone} jumper"),
            solids: vec![body, head, upper, lower],
            stand,
            forward,
        }
    }

    pub fn face(&self) -> Vec3 {
        self.stand + Vec3::Y * 1.62 + self.forward * 0.08
    }

    fn place(&self) -> Affine3A {
        let yaw = libm::atan2f(self.forward.x, self.forward.z);
        Affine3A::from_rotation_translation(Quat::from_rotation_y(yaw), self.stand)
    }

    /// `nod` and `sway` in radians; `hand` in the room, where the moving hand is.
    pub fn poses(&self, nod: f32, sway: f32, hand: Vec3) -> [Affine3A; PERSON_PARTS] {
        let place = self.place() * Affine3A::from_quat(Quat::from_rotation_z(sway * 0.4));
        let head = place
            * Affine3A::from_translation(vec3(0.0, 1.63, 0.01))
            * Affine3A::from_quat(Quat::from_rotation_x(nod) * Quat::from_rotation_y(sway));
        let shoulder = place.transform_point3(PERSON_SHOULDER);
        let right = self.forward.cross(Vec3::Y);
        let elbow = elbow_of(shoulder, hand, -right);
        [place, head, along(shoulder, elbow), along(elbow, hand)]
    }

    /// Where the moving hand hangs.
    pub fn hand_at_rest(&self) -> Vec3 {
        self.place().transform_point3(vec3(0.27, 0.82, 0.06))
    }

    /// Where it is held out to take something.
    pub fn hand_out(&self) -> Vec3 {
        self.place().transform_point3(vec3(0.1, 1.08, 0.46))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hand_is_where_it_grips_and_the_arm_hangs_together() {
        for side in [-1.0f32, 1.0] {
            let shoulder = vec3(0.19 * side, 1.36, 0.0);
            let hand = HandPose { grip: vec3(0.1 * side, 0.95, -0.5), spread: 0.03, curl: 0.4, over: 0.2 };
            let poses = arm_poses(side, shoulder, -Vec3::Z, &hand);
            let grip = poses[1].transform_point3(vec3(0.0, 0.078, -0.046));
            assert!(grip.distance(hand.grip) < 1e-5);
            // the forearm ends at the wrist, the links of a finger meet
            let wrist = poses[0].transform_point3(Vec3::Y * FOREARM);
            assert!(wrist.distance(poses[1].transform_point3(Vec3::ZERO)) < 1e-4);
            let end = poses[2].transform_point3(Vec3::Y * LINKS[0]);
            assert!(end.distance(poses[3].transform_point3(Vec3::ZERO)) < 1e-5);
            // the right hand's thumb is on its left when the palm looks down, and the other way round
            let flat = HandPose { over: 1.0, ..hand };
            let poses = arm_poses(side, shoulder, -Vec3::Z, &flat);
            let thumb = poses[10].transform_point3(Vec3::ZERO) - poses[1].transform_point3(Vec3::Y * 0.03);
            assert!(thumb.x * side < 0.0, "{thumb}");
        }
    }
}
