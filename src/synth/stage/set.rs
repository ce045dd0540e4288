//! All triangles of a clip in one mesh, and whose they are.

use std::ops::Range;

use glam::{Affine3A, Quat, Vec3, vec3};

use super::LAMP_AT;
use crate::render::world::WorldMesh;
use crate::synth::body::{ARM_PARTS, arms};
use crate::synth::dice::Dice;
use crate::synth::script::Script;
use crate::synth::shape::{Paint, Pattern, Solid};

/// What moves a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slot {
    Fixed,
    Window,
    CeilingLamp,
    Container(usize),
    Lamp,
    LampShade,
    Stream,
    Ball,
    Person(usize),
    /// Hand and part.
    Arm(usize, usize),
    Thing(usize),
}

/// Something that has a box in every picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Names it within the clip: `thing-3`.
    pub id: String,
    /// As the wearer calls it.
    pub name: String,
    /// "mug"; its kind for those who count.
    pub kind: String,
    /// Indices of the mesh's triangles, in threes.
    pub triangles: Vec<Range<usize>>,
}

/// A part of the mesh and the ball around it, for what is out of sight.
#[derive(Clone, Debug)]
pub struct Piece {
    pub slot: Slot,
    pub indices: Range<u32>,
    pub centre: Vec3,
    pub radius: f32,
    pub casts: bool,
}

struct Assembly {
    mesh: WorldMesh,
    pieces: Vec<Piece>,
}

impl Assembly {
    /// Adds a part; its triangles in the index buffer.
    fn part(&mut self, slot: Slot, solid: &Solid) -> Range<usize> {
        let part = self.pieces.len() as u16;
        let base = self.mesh.vertices.len() as u32;
        self.mesh.vertices.extend(solid.vertices.iter().map(|v| crate::render::world::Vertex { part, ..*v }));
        let from = self.mesh.indices.len();
        self.mesh.indices.extend(solid.triangles.iter().flatten().map(|i| i + base));
        let range = from..self.mesh.indices.len();
        let [low, high] = solid.bounds();
        let centre = (low + high) * 0.5;
        let radius = solid.vertices.iter().map(|v| Vec3::from(v.pos).distance(centre)).fold(0.0, f32::max);
        let indices = range.start as u32..range.end as u32;
        self.pieces.push(Piece { slot, indices, centre, radius, casts: true });
        range
    }
}

/// The mesh with what is nearest to the eye first, its parts, and the actors.
pub fn build(script: &Script, dice: &mut Dice) -> (WorldMesh, Vec<Piece>, Vec<Actor>) {
    let mut all = Assembly { mesh: WorldMesh::default(), pieces: Vec::new() };
    let room = &script.room;
    let mut actors = Vec::new();
    let mut actor = |id: String, name: &str, kind: &str, triangles| {
        actors.push(Actor { id, name: name.to_owned(), kind: kind.to_owned(), triangles });
    };
    let mut hands = [Vec::new(), Vec::new()];
    for (index, solid) in arms(dice).iter().enumerate() {
        let (hand, part) = (index / ARM_PARTS, index % ARM_PARTS);
        hands[hand].push(all.part(Slot::Arm(hand, part), solid));
    }
    for (index, thing) in script.things.iter().enumerate() {
        let range = all.part(Slot::Thing(index), &thing.kind.solid(&thing.look));
        actor(format!("thing-{index}"), &thing.name, thing.kind.name, vec![range]);
    }
    for (index, container) in room.containers.iter().enumerate() {
        let range = all.part(Slot::Container(index), &container.solid);
        actor(format!("container-{index}"), &container.name, "container", vec![range]);
    }
    if let Some(person) = &script.person {
        let parts = person.solids.iter().enumerate();
        let ranges = parts.map(|(i, solid)| all.part(Slot::Person(i), solid)).collect();
        actor("person-0".to_owned(), &person.name, "person", ranges);
    }
    if let Some(lamp) = &room.lamp {
        let ranges = vec![all.part(Slot::Lamp, &lamp.solid), all.part(Slot::LampShade, &lamp.shade)];
        actor("lamp-0".to_owned(), "the lamp", "lamp", ranges);
    }
    let mut ball = Solid::default();
    let stripes = Paint::plain([232, 84, 60], 0.4).with(Pattern::Bands, [248, 244, 232], 0.07);
    ball.ball(Vec3::ZERO, Vec3::splat(0.11), 14, &stripes);
    let mut turned = Solid::default();
    turned.add(&ball, Affine3A::from_quat(Quat::from_rotation_z(0.9)));
    let range = all.part(Slot::Ball, &turned);
    actor("ball-0".to_owned(), "the rolling ball", "ball", vec![range]);
    let [left, right] = hands;
    actor("hand-0".to_owned(), "my left hand", "hand", left);
    actor("hand-1".to_owned(), "my right hand", "hand", right);
    // everything fixed is drawn last
    all.part(Slot::Fixed, &room.furniture);
    let casters = all.pieces.len();
    // what throws no shadow, the walls behind everything else
    all.part(Slot::Window, &room.window);
    let mut fixture = Solid::default();
    let glass = Paint::plain([255, 244, 222], 0.0);
    fixture.ball(LAMP_AT + vec3(0.0, 0.05, 0.0), vec3(0.17, 0.07, 0.17), 16, &glass);
    all.part(Slot::CeilingLamp, &fixture);
    let mut thread = Solid::default();
    thread.lathe(
        &[[0.0, 0.0], [0.005, 0.0], [0.0065, 1.0], [0.0, 1.0]],
        6,
        &Paint::plain([178, 206, 226], 0.9),
    );
    all.part(Slot::Stream, &thread);
    all.part(Slot::Fixed, &room.shell);
    all.pieces[casters..].iter_mut().for_each(|p| p.casts = false);
    (all.mesh, all.pieces, actors)
}
