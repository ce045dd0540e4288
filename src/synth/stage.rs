//! A script on its stage: where every part and the camera are at any time, ready to be drawn.

mod set;

use std::ops::Range;

use glam::{Affine3A, Mat4, Quat, Vec3, vec3};
use libm::{sin, sinf};

use super::body::{ARM_PARTS, HandPose, PERSON_PARTS, arm_poses};
use super::config::PictureConfig;
use super::dice::Dice;
use super::motion::{angles, direction, near_angle};
use super::script::{Goal, Hold, Script, Sight, Verb, height};
use super::shape::along;
use crate::render::world::{Light, PartPose, WorldFrame, WorldMesh};

pub use set::{Actor, Piece, Slot};

/// How far from itself a thing's shadow matters, metres.
const SHADOW_REACH: f32 = 0.5;
const EYE_HEIGHT: f32 = 1.58;
const LAMP_AT: Vec3 = vec3(0.0, 2.42, 0.25);

/// A camera's place and turn.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub eye: Vec3,
    pub turn: Quat,
    /// Half of the view's width and height at distance 1.
    pub tangent: f32,
}

impl View {
    /// Fractions of the picture from its upper left corner, and the distance along the view.
    pub fn project(&self, point: Vec3) -> (f32, f32, f32) {
        let p = self.turn.inverse() * (point - self.eye);
        let depth = (-p.z).max(1e-4);
        (0.5 + 0.5 * p.x / (depth * self.tangent), 0.5 - 0.5 * p.y / (depth * self.tangent), -p.z)
    }

    /// Where a direction of the room shows in the picture.
    pub fn project_direction(&self, direction: Vec3) -> [f32; 2] {
        let (x, y, _) = self.project(self.eye + direction);
        [x, y]
    }

    /// The direction of the room that a place in the picture shows.
    pub fn ray(&self, [x, y]: [f32; 2]) -> Vec3 {
        let (u, v) = ((2.0 * x - 1.0) * self.tangent, (1.0 - 2.0 * y) * self.tangent);
        (self.turn * vec3(u, v, -1.0)).normalize_or(self.ahead())
    }

    pub fn ahead(&self) -> Vec3 {
        self.turn * -Vec3::Z
    }

    fn to_view(self) -> Mat4 {
        Mat4::from_rotation_translation(self.turn, self.eye).inverse()
    }

    fn projection(&self) -> Mat4 {
        Mat4::perspective_rh(2.0 * libm::atanf(self.tangent), 1.0, 0.06, 12.0)
    }
}

pub struct Stage {
    pub script: Script,
    pub mesh: WorldMesh,
    pub pieces: Vec<Piece>,
    pub actors: Vec<Actor>,
    tangent: f32,
    picture: PictureConfig,
    fps: f64,
    /// Phases of the head's own unrest.
    phases: [f64; 12],
    light: Light,
}

impl Stage {
    pub fn new(script: Script, picture: &PictureConfig, fps: u32, dice: &mut Dice) -> Self {
        let (mesh, pieces, actors) = set::build(&script, dice);
        let mut phases = [0.0; 12];
        phases.iter_mut().for_each(|p| *p = dice.between(0.0, std::f64::consts::TAU));
        let light = light_of(&script, picture, dice);
        Self {
            tangent: libm::tan(picture.view_degrees.to_radians() / 2.0) as f32,
            picture: picture.clone(),
            fps: f64::from(fps),
            script,
            mesh,
            pieces,
            actors,
            phases,
            light,
        }
    }

    fn forward(&self, time: f64) -> Vec3 {
        direction([self.script.yaw.value(time), 0.0])
    }

    /// Metres a second.
    fn speed(&self, time: f64) -> f64 {
        let (a, b) = (self.script.feet.value(time - 0.05), self.script.feet.value(time + 0.05));
        f64::from(a.distance(b)) / 0.1
    }

    fn unrest(&self, index: usize, hertz: f64, time: f64) -> f32 {
        let turn = std::f64::consts::TAU * time;
        (sin(turn * hertz + self.phases[index]) + 0.6 * sin(turn * hertz * 2.37 + 2.0 * self.phases[index]))
            as f32
    }

    /// The wearer's eye without the steps of the camera: hands hang on it.
    fn eye_rest(&self, time: f64) -> Vec3 {
        let lean = self.script.lean.value(time);
        self.script.feet.value(time) + Vec3::Y * (EYE_HEIGHT - 0.4 * lean) + self.forward(time) * lean
    }

    pub fn view(&self, time: f64) -> View {
        let shake = self.picture.shake as f32;
        let pace = (self.speed(time) / 0.9).min(1.3) as f32 * shake;
        let step = std::f64::consts::TAU * time;
        let (beat, sway) =
            (sin(step * 1.85 + self.phases[0]) as f32, sin(step * 0.925 + self.phases[1]) as f32);
        let right = self.forward(time).cross(Vec3::Y);
        let eye = self.eye_rest(time)
            + Vec3::Y * (0.014 * pace * beat + 0.003 * shake * self.unrest(2, 0.27, time))
            + right * (0.012 * pace * sway + 0.003 * shake * self.unrest(3, 0.31, time));
        let (a, b, share) = self.script.aim.at(time);
        let from = head_angles(a - eye);
        let to = head_angles(b - eye);
        let yaw = from[0] + (near_angle(to[0], from[0]) - from[0]) * share;
        let pitch = from[1] + (to[1] - from[1]) * share;
        let degree = std::f32::consts::PI / 180.0;
        let yaw = yaw + degree * (0.5 * shake * self.unrest(4, 0.37, time) + 0.7 * pace * sway);
        let pitch = pitch + degree * (0.4 * shake * self.unrest(5, 0.43, time) + 0.6 * pace * beat);
        let roll = degree * (0.7 * shake * self.unrest(6, 0.21, time) + 0.9 * pace * sway);
        let turn = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch) * Quat::from_rotation_z(roll);
        View { eye, turn, tangent: self.tangent }
    }

    fn goal_at(&self, hand: usize, goal: Goal, time: f64) -> Vec3 {
        let forward = self.forward(time);
        let right = forward.cross(Vec3::Y);
        let side = if hand == 0 { -1.0 } else { 1.0 };
        let eye = self.eye_rest(time);
        match goal {
            Goal::Rest => eye + right * (side * 0.25) + forward * 0.1 - Vec3::Y * 0.74,
            Goal::Carry => eye + right * (side * 0.13) + forward * 0.46 - Vec3::Y * 0.4,
            Goal::At(point) => point,
            Goal::Handle(container) => {
                let open = self.script.open[container].value(time);
                self.script.room.containers[container].handle_at(open)
            }
            Goal::Around { at, way, hertz, since } => {
                // starts and stays at the middle until it is there
                let phase = ((time - since).max(0.0) * hertz * std::f64::consts::TAU) as f32;
                at + way * sinf(phase)
            }
        }
    }

    pub fn hand(&self, hand: usize, time: f64) -> HandPose {
        let (a, b, share) = self.script.hands[hand].at(time);
        let mix = |a: f32, b: f32| a + (b - a) * share;
        let (from, to) = (self.goal_at(hand, a.goal, time), self.goal_at(hand, b.goal, time));
        // a long way is a flat arc
        let arc = 0.12 * from.distance(to).min(0.6) * (share * (1.0 - share) * 4.0);
        HandPose {
            grip: from.lerp(to, share) + Vec3::Y * arc,
            spread: mix(a.spread, b.spread),
            curl: mix(a.curl, b.curl),
            over: mix(a.over, b.over),
        }
    }

    fn person_hand(&self, time: f64) -> Vec3 {
        let Some(person) = &self.script.person else { return Vec3::ZERO };
        let rest = person.hand_at_rest();
        let out = self.script.offer.value(time);
        let talk = self.talking(time);
        let beat = sin(time * 5.1 + self.phases[7]) as f32;
        let lifted = person.hand_out() - person.forward * 0.2
            + Vec3::Y * (0.06 * beat)
            + person.forward.cross(Vec3::Y) * (-0.12 + 0.05 * sin(time * 3.3 + self.phases[8]) as f32);
        rest.lerp(lifted, talk * (1.0 - out)).lerp(person.hand_out(), out)
    }

    /// How much of a talker the person is, 0 to 1.
    fn talking(&self, time: f64) -> f32 {
        let ramp =
            |(from, until): &(f64, f64)| ((time - from).min(until - time) / 0.4).clamp(0.0, 1.0) as f32;
        self.script.talks.iter().map(ramp).fold(0.0, f32::max)
    }

    pub fn thing_pose(&self, thing: usize, time: f64) -> Affine3A {
        let script = &self.script;
        let holds = &script.holds[thing];
        let next = holds.partition_point(|(from, _)| *from <= time);
        let Some((_, hold)) = next.checked_sub(1).and_then(|i| holds.get(i)) else {
            return Affine3A::IDENTITY;
        };
        let grip = script.things[thing].kind.grip;
        match *hold {
            Hold::Lies { pos, yaw, container } => {
                let lying = Affine3A::from_rotation_translation(Quat::from_rotation_y(yaw), pos);
                match container {
                    Some(c) => {
                        let c_ref = &script.room.containers[c];
                        c_ref.pose(script.open[c].value(time)) * c_ref.pose(0.0).inverse() * lying
                    }
                    None => lying,
                }
            }
            Hold::Held { hand } => {
                let at = self.hand(hand, time).grip;
                let yaw = script.yaw.value(time) + script.turn[thing].value(time);
                let tilt = Quat::from_axis_angle(self.forward(time), script.tilt[thing].value(time));
                let turn = tilt * Quat::from_rotation_y(yaw);
                Affine3A::from_rotation_translation(turn, at - turn * grip)
            }
            Hold::Given { yaw } => {
                let turn = Quat::from_rotation_y(yaw);
                Affine3A::from_rotation_translation(turn, self.person_hand(time) - turn * grip)
            }
        }
    }

    /// The middle of a thing.
    pub fn thing_at(&self, thing: usize, time: f64) -> Vec3 {
        let middle = height(self.script.things[thing].kind) * 0.45;
        self.thing_pose(thing, time).transform_point3(Vec3::Y * middle)
    }

    pub fn is_held(&self, thing: usize, time: f64) -> bool {
        let holds = &self.script.holds[thing];
        let next = holds.partition_point(|(from, _)| *from <= time);
        next.checked_sub(1).is_some_and(|i| matches!(holds[i].1, Hold::Held { .. }))
    }

    fn ball_at(&self, time: f64) -> Option<(Vec3, f32)> {
        let (from, until) = self.script.rolls.iter().find(|(from, until)| (*from..*until).contains(&time))?;
        let share = ((time - from) / (until - from)) as f32;
        let [a, b] = self.script.room.ball;
        Some((a.lerp(b, share) + Vec3::Y * 0.11, share * a.distance(b) / 0.11))
    }

    /// Where something looked at is.
    pub fn sight_at(&self, sight: Sight, time: f64) -> Vec3 {
        match sight {
            Sight::Thing(thing) => self.thing_at(thing, time),
            Sight::Point(point) => point,
            Sight::Handle(container) => {
                let open = self.script.open[container].value(time);
                self.script.room.containers[container].handle_at(open)
            }
            Sight::Face => self.script.person.as_ref().map_or(Vec3::Y, |p| p.face()),
            Sight::Lamp => self.script.room.lamp.as_ref().map_or(Vec3::Y, |l| l.pos + Vec3::Y * 0.15),
            Sight::Ball => self.ball_at(time).map_or(self.script.room.ball[1], |(at, _)| at),
        }
    }

    /// From part to room of every part, in the order of the mesh.
    pub fn poses(&self, time: f64) -> Vec<PartPose> {
        let script = &self.script;
        let forward = self.forward(time);
        let right = forward.cross(Vec3::Y);
        let eye = self.eye_rest(time);
        let arms = [0, 1].map(|hand| {
            let side = if hand == 0 { -1.0 } else { 1.0 };
            let shoulder = eye + right * (side * 0.19) - Vec3::Y * 0.2 - forward * 0.06;
            arm_poses(side, shoulder, forward, &self.hand(hand, time))
        });
        let person: [Affine3A; PERSON_PARTS] = match &script.person {
            Some(person) => {
                let talk = self.talking(time);
                let nod = 0.1 * talk * sin(time * 4.2 + self.phases[9]) as f32;
                let sway = 0.03 * self.unrest(10, 0.3, time) + 0.08 * talk * sin(time * 2.1) as f32;
                person.poses(nod, sway, self.person_hand(time))
            }
            None => [Affine3A::IDENTITY; PERSON_PARTS],
        };
        let nowhere = Affine3A::from_scale_rotation_translation(Vec3::splat(1e-4), Quat::IDENTITY, -Vec3::Y);
        let lamp = script.room.lamp.as_ref().map_or(nowhere, |l| Affine3A::from_translation(l.pos));
        let lamp_on = script.lamp.value(time);
        let day = self.light.window_strength;
        self.pieces
            .iter()
            .map(|piece| {
                let (transform, glow, is_carried) = match piece.slot {
                    Slot::Fixed => (Affine3A::IDENTITY, 0.0, false),
                    Slot::Window => (Affine3A::IDENTITY, 0.5 + 1.6 * day, false),
                    Slot::CeilingLamp => (Affine3A::IDENTITY, 2.2 * self.flicker(time), false),
                    Slot::Container(c) => {
                        (script.room.containers[c].pose(script.open[c].value(time)), 0.0, false)
                    }
                    Slot::Lamp => (lamp, 0.0, false),
                    Slot::LampShade => (lamp, 1.8 * lamp_on, false),
                    Slot::Stream => (self.stream(time).unwrap_or(nowhere), 0.25, true),
                    Slot::Ball => match self.ball_at(time) {
                        Some((at, turn)) => (
                            Affine3A::from_rotation_translation(Quat::from_rotation_x(-turn), at),
                            0.0,
                            false,
                        ),
                        None => (nowhere, 0.0, false),
                    },
                    Slot::Person(part) => (person[part], 0.0, false),
                    Slot::Arm(hand, part) => (arms[hand][part % ARM_PARTS], 0.0, true),
                    Slot::Thing(thing) => (self.thing_pose(thing, time), 0.0, self.is_held(thing, time)),
                };
                let m = transform.matrix3;
                let t = transform.translation;
                let row = |i: usize| [m.x_axis[i], m.y_axis[i], m.z_axis[i], t[i]];
                PartPose { rows: [row(0), row(1), row(2)], glow, is_carried }
            })
            .collect()
    }

    /// Ranges of the indices that a view shows, and those whose shadows may fall into it.
    fn in_sight(&self, view: &View, parts: &[PartPose]) -> [Vec<Range<u32>>; 2] {
        let [mut drawn, mut casting] = [Vec::new(), Vec::new()];
        let slope = libm::sqrtf(1.0 + view.tangent * view.tangent);
        for (piece, pose) in self.pieces.iter().zip(parts) {
            let at = pose.rows.map(|r| Vec3::from_slice(&r[..3]).dot(piece.centre) + r[3]);
            // parts are stretched a little at most (a forearm), or shrunk to nothing
            let scale = Vec3::from_slice(&pose.rows[1][..3]).length().max(1.0);
            let p = view.turn.inverse() * (Vec3::from(at) - view.eye);
            let shows = |radius: f32| {
                let outside = |v: f32| (v.abs() + p.z * view.tangent) / slope > radius;
                p.z < radius && !outside(p.x) && !outside(p.y)
            };
            let radius = piece.radius * scale * 1.05;
            if shows(radius) {
                join(&mut drawn, &piece.indices);
            }
            if piece.casts && shows(radius + SHADOW_REACH) {
                join(&mut casting, &piece.indices);
            }
        }
        [drawn, casting]
    }

    /// The thread of what is poured.
    fn stream(&self, time: f64) -> Option<Affine3A> {
        let deed = self
            .script
            .deeds
            .iter()
            .find(|d| d.verb == Verb::Pour && (d.contact + 0.35..d.end - 0.3).contains(&time))?;
        let (source, vessel) = (deed.thing?, deed.other?);
        let kind = self.script.things[source].kind;
        let mouth = self.thing_pose(source, time).transform_point3(Vec3::Y * height(kind) * 1.02);
        let bottom = self.thing_pose(vessel, time).transform_point3(Vec3::Y * 0.03);
        let top = vec3(mouth.x * 0.3 + bottom.x * 0.7, mouth.y, mouth.z * 0.3 + bottom.z * 0.7);
        Some(along(top, bottom) * Affine3A::from_scale(vec3(1.0, top.distance(bottom), 1.0)))
    }

    fn flicker(&self, time: f64) -> f32 {
        match self.script.flickers.iter().find(|(from, until)| (*from..*until).contains(&time)) {
            Some((from, _)) => {
                let beat = sin((time - from) * 31.0) + sin((time - from) * 47.0);
                if beat > 0.1 { 1.0 } else { 0.3 }
            }
            None => 1.0,
        }
    }

    /// The picture of a time; the shutter opens shortly before.
    pub fn frame(&self, time: f64, number: u32) -> WorldFrame {
        let view = self.view(time);
        let before = self.view(time - self.picture.shutter / self.fps);
        let projection = view.projection();
        let lamp_view = Mat4::look_to_rh(LAMP_AT, -Vec3::Y, -Vec3::Z);
        let lamp_proj = Mat4::perspective_rh(140.0f32.to_radians(), 1.0, 0.25, 2.7);
        let mut light = self.light;
        light.lamp_strength *= self.flicker(time);
        let lamp = self.script.lamp.value(time);
        let warm = [0.16 * lamp, 0.115 * lamp, 0.06 * lamp];
        for (sky, warm) in light.sky.iter_mut().chain(&mut light.ground).zip(warm.iter().cycle()) {
            *sky += warm;
        }
        let parts = self.poses(time);
        let [drawn, casting] = self.in_sight(&view, &parts);
        WorldFrame {
            view_proj: (projection * view.to_view()).to_cols_array_2d(),
            lamp_proj: (lamp_proj * lamp_view).to_cols_array_2d(),
            earlier: (projection * before.to_view() * view.to_view().inverse()).to_cols_array_2d(),
            eye: view.eye.to_array(),
            tangents: [view.tangent; 2],
            light,
            parts,
            drawn,
            casting,
            number,
            grain: self.picture.grain as f32,
            vignette: 0.22,
        }
    }
}

/// Adds a range, to the last one where they touch.
fn join(ranges: &mut Vec<Range<u32>>, next: &Range<u32>) {
    match ranges.last_mut() {
        Some(last) if last.end == next.start => last.end = next.end,
        _ => ranges.push(next.clone()),
    }
}

/// The head does not follow the eyes all the way.
fn head_angles(way: Vec3) -> [f32; 2] {
    let [yaw, pitch] = angles(way);
    [yaw, (pitch * 0.86).clamp(-1.0, 0.45)]
}

fn light_of(script: &Script, picture: &PictureConfig, dice: &mut Dice) -> Light {
    let (day, lamp, warmth) = match picture.light_changes {
        true => (dice.between(0.12, 0.85), dice.between(0.85, 1.25), dice.between(-0.02, 0.035)),
        false => (0.5, 1.05, 0.0),
    };
    let (day, lamp, warmth) = (day as f32, lamp as f32, warmth as f32);
    let way = (script.room.window_at - vec3(0.0, 0.9, 0.3)).normalize_or(Vec3::Z);
    Light {
        lamp: LAMP_AT.to_array(),
        lamp_strength: 3.0 * lamp,
        lamp_colour: [1.0, 0.93, 0.8],
        sky: [0.31 + 0.1 * day, 0.32 + 0.12 * day, 0.35 + 0.16 * day],
        ground: [0.25, 0.215, 0.18],
        window_direction: way.to_array(),
        window_strength: day,
        window_colour: [0.3, 0.37, 0.46],
        exposure: 1.72 - 0.25 * day,
        warmth,
    }
}
