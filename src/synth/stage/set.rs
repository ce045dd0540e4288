//! All triangles of a clip in one mesh, and whose they are.

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
    pub triangles: Vec<std::ops::Range<usize>>,
}

struct Assembly {
    mesh: WorldMesh,
    slots: Vec<Slot>,
}

impl Assembly {
    /// Adds a part; its triangles in the index buffer.
    fn part(&mut self, slot: Slot, solid: &Solid) -> std::ops::Range<usize> {
        let part = self.slots.len() as u16;
        self.slots.push(slot);
        let base = self.mesh.vertices.len() as u32;
        self.mesh.vertices.extend(solid.vertices.iter().map(|v| crate::render::world::Vertex { part, ..*v }));
        let from = self.mesh.indices.len();
        self.mesh.indices.extend(solid.triangles.iter().flatten().map(|i| i + base));
        from..self.mesh.indices.len()
    }
}

/// The mesh with what is nearest to the eye first, the parts' slots, and the actors.
pub fn build(script: &Script, dice: &mut Dice) -> (WorldMesh, Vec<Slot>, Vec<Actor>) {
    let mut all = Assembly { mesh: WorldMesh::default(), slots: Vec::new() };
    let room = &script.room;
    // what throws no shadow
    all.part(Slot::Fixed, &room.shell);
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
    all.mesh.casters = all.mesh.indices.len() as u32;

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
    (all.mesh, all.slots, actors)
}
