//! A furnished room: what stands along its walls, which of it opens, and the places for things.

mod units;

use glam::{Affine3A, Quat, Vec3, vec3};

use super::dice::Dice;
use super::goods::RoomKind;
use super::shape::{Paint, Pattern, Solid};

/// Half of the floor, and the height of the ceiling, metres.
pub const HALF_WIDTH: f32 = 2.5;
pub const HALF_DEPTH: f32 = 2.3;
pub const HEIGHT: f32 = 2.6;

/// How a part of the furniture moves.
#[derive(Clone, Copy, Debug)]
pub enum Joint {
    Slide(Vec3),
    /// Around a point, about an axis, by an angle.
    Hinge {
        point: Vec3,
        axis: Vec3,
        angle: f32,
    },
}

/// What opens: a drawer, a door, a lid.
#[derive(Clone, Debug)]
pub struct Container {
    /// With its article: "the drawer".
    pub name: String,
    /// Of its own moving part, in the unit's coordinates.
    pub solid: Solid,
    pub joint: Joint,
    /// Where a hand pulls, in the unit's coordinates while it is shut.
    pub handle: Vec3,
    /// The place inside.
    pub place: usize,
    /// What lies inside moves with it (a drawer).
    pub carries: bool,
    unit: Affine3A,
}

/// Somewhere to put things.
#[derive(Clone, Debug)]
pub struct Place {
    /// With its article: "the counter".
    pub name: String,
    /// "on" or "in".
    pub preposition: &'static str,
    /// Middles of the bases of what can lie there, room coordinates.
    pub spots: Vec<Spot>,
    /// Where the wearer stands, and looks, to use it.
    pub stand: Vec3,
    /// Towards the wall.
    pub forward: Vec3,
    pub centre: Vec3,
    pub container: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub struct Spot {
    pub pos: Vec3,
    /// Half of what there is, across and deep.
    pub half: [f32; 2],
    /// Highest thing that fits.
    pub headroom: f32,
    /// Turn of the furniture, about y.
    pub yaw: f32,
}

/// A lamp that can be switched.
#[derive(Clone, Debug)]
pub struct Lamp {
    pub place: usize,
    pub solid: Solid,
    pub shade: Solid,
    /// Room coordinates.
    pub pos: Vec3,
    pub switch: Vec3,
}

#[derive(Clone, Debug)]
pub struct Room {
    pub kind: RoomKind,
    /// Walls, floor, ceiling: throws no shadow.
    pub shell: Solid,
    /// What shines by day.
    pub window: Solid,
    pub window_at: Vec3,
    pub furniture: Solid,
    pub containers: Vec<Container>,
    pub places: Vec<Place>,
    pub lamp: Option<Lamp>,
    /// Where somebody stands, and where the wearer stands to talk.
    pub person: [Vec3; 2],
    /// The line over the floor that a ball rolls along.
    pub ball: [Vec3; 2],
    /// The wearer's first position.
    pub entrance: Vec3,
}

/// The room's own colours.
#[derive(Clone, Copy, Debug)]
struct Style {
    front: Paint,
    top: Paint,
    wood: Paint,
    dark: Paint,
}

impl Container {
    /// From the part's coordinates to the room's, `open` from 0 to 1.
    pub fn pose(&self, open: f32) -> Affine3A {
        let moved = match self.joint {
            Joint::Slide(way) => Affine3A::from_translation(way * open),
            Joint::Hinge { point, axis, angle } => {
                Affine3A::from_translation(point)
                    * Affine3A::from_quat(Quat::from_axis_angle(axis, angle * open))
                    * Affine3A::from_translation(-point)
            }
        };
        self.unit * moved
    }

    /// Where the handle is in the room.
    pub fn handle_at(&self, open: f32) -> Vec3 {
        self.pose(open).transform_point3(self.handle)
    }
}

impl Room {
    pub fn new(kind: RoomKind, dice: &mut Dice) -> Self {
        let style = Style::new(kind, dice);
        let mut room = Self {
            kind,
            shell: Solid::default(),
            window: Solid::default(),
            window_at: Vec3::ZERO,
            furniture: Solid::default(),
            containers: Vec::new(),
            places: Vec::new(),
            lamp: None,
            person: [vec3(1.35, 0.0, 1.75), vec3(0.75, 0.0, 0.55)],
            ball: [vec3(-0.4, 0.0, 1.6), vec3(0.9, 0.0, -1.1)],
            entrance: vec3(0.1, 0.0, 0.9),
        };
        room.build_shell(kind, dice);
        // three slots along the back wall, two along each side, one behind the wearer
        let back = |x: f32| Affine3A::from_translation(vec3(x, 0.0, -HALF_DEPTH));
        let side = |sign: f32, z: f32| {
            Affine3A::from_rotation_translation(
                Quat::from_rotation_y(-sign * std::f32::consts::FRAC_PI_2),
                vec3(sign * HALF_WIDTH, 0.0, z),
            )
        };
        let front = Affine3A::from_rotation_translation(
            Quat::from_rotation_y(std::f32::consts::PI),
            vec3(-1.1, 0.0, HALF_DEPTH),
        );
        let mut sides = [side(-1.0, -0.75), side(-1.0, 0.75), side(1.0, -0.75), side(1.0, 0.55)];
        dice.shuffle(&mut sides);
        let mut outer = [back(-1.65), back(1.65)];
        dice.shuffle(&mut outer);
        let middle = back(0.0);
        room.build_window(middle);
        match kind {
            RoomKind::Kitchen => {
                room.sink(middle, &style);
                room.counter(outer[0], &style, "the counter", "the drawer", "the cupboard");
                room.stove(outer[1], &style);
                room.fridge(sides[0], &style);
                room.shelf(sides[1], &style, "the shelf");
                room.table(sides[2], &style, "the table", None);
                room.table(sides[3], &style, "the side table", Some("the bread box"));
                room.cabinet(front, &style, "the cabinet");
            }
            RoomKind::Workshop => {
                room.bench(middle, &style);
                room.counter(outer[0], &style, "the work counter", "the tool drawer", "the wall cupboard");
                room.shelf(outer[1], &style, "the tool shelf");
                room.table(sides[0], &style, "the saw table", None);
                room.table(sides[1], &style, "the packing table", Some("the toolbox"));
                room.cabinet(sides[2], &style, "the metal cabinet");
                room.shelf(sides[3], &style, "the paint shelf");
                room.table(front, &style, "the assembly table", None);
            }
            RoomKind::Desk => {
                room.desk(middle, &style);
                room.shelf(outer[0], &style, "the bookshelf");
                room.counter(outer[1], &style, "the sideboard", "the sideboard drawer", "the wall cupboard");
                room.table(sides[0], &style, "the coffee table", None);
                room.table(sides[1], &style, "the hobby table", Some("the storage box"));
                room.cabinet(sides[2], &style, "the cabinet");
                room.shelf(sides[3], &style, "the toy shelf");
                room.table(front, &style, "the side table", None);
            }
        }
        room.build_lamp(dice);
        room
    }

    /// Adds a place, its spots given in the unit's coordinates.
    fn place(
        &mut self,
        unit: Affine3A,
        name: &str,
        preposition: &'static str,
        front: f32,
        spots: &[(Vec3, [f32; 2], f32)],
        container: Option<usize>,
    ) -> usize {
        let forward = unit.transform_vector3(-Vec3::Z);
        let yaw = libm::atan2f(-forward.x, -forward.z);
        let spots: Vec<Spot> = spots
            .iter()
            .map(|(pos, half, headroom)| Spot {
                pos: unit.transform_point3(*pos),
                half: *half,
                headroom: *headroom,
                yaw,
            })
            .collect();
        let centre = spots.iter().map(|s| s.pos).sum::<Vec3>() / spots.len().max(1) as f32;
        self.places.push(Place {
            name: name.to_owned(),
            preposition,
            stand: unit.transform_point3(vec3(0.0, 0.0, front + 0.4)),
            forward,
            centre: centre + Vec3::Y * 0.05,
            spots,
            container,
        });
        self.places.len() - 1
    }

    fn build_shell(&mut self, kind: RoomKind, dice: &mut Dice) {
        let (w, d, h) = (HALF_WIDTH, HALF_DEPTH, HEIGHT);
        let walls = match kind {
            RoomKind::Kitchen => [[226, 222, 206], [206, 222, 214], [232, 214, 196]],
            RoomKind::Workshop => [[196, 202, 200], [206, 196, 180], [184, 196, 206]],
            RoomKind::Desk => [[214, 206, 222], [222, 212, 190], [196, 212, 224]],
        };
        let wall = Paint::plain(*dice.pick(&walls).unwrap_or(&walls[0]), 0.0).with(
            Pattern::Plaster,
            [255, 255, 255],
            0.35,
        );
        let floor = match kind {
            RoomKind::Kitchen => {
                Paint::plain([198, 186, 166], 0.25).with(Pattern::Tiles, [150, 138, 122], 0.42)
            }
            RoomKind::Workshop => {
                Paint::plain([158, 154, 146], 0.15).with(Pattern::Stone, [146, 142, 136], 0.35)
            }
            RoomKind::Desk => Paint::plain([182, 132, 84], 0.2).with(Pattern::Planks, [132, 90, 54], 0.14),
        };
        let corner = |x: f32, y: f32, z: f32| vec3(x * w, y, z * d);
        // the floor in four by four pieces, darker along the walls
        let edge = |v: f32| if v.abs() > 0.99 { 0.7 } else { 1.0 };
        let steps = [-1.0, -0.7, 0.0, 0.7, 1.0];
        for x in steps.windows(2) {
            for z in steps.windows(2) {
                let open = |x: f32, z: f32| edge(x) * edge(z);
                self.shell.sheet(
                    [
                        corner(x[0], 0.0, z[1]),
                        corner(x[1], 0.0, z[1]),
                        corner(x[1], 0.0, z[0]),
                        corner(x[0], 0.0, z[0]),
                    ],
                    [open(x[0], z[1]), open(x[1], z[1]), open(x[1], z[0]), open(x[0], z[0])],
                    &floor,
                );
            }
        }
        let ceiling = Paint::plain([236, 234, 228], 0.0);
        self.shell.sheet(
            [corner(-1.0, h, -1.0), corner(1.0, h, -1.0), corner(1.0, h, 1.0), corner(-1.0, h, 1.0)],
            [0.8; 4],
            &ceiling,
        );
        let skirting = Paint::plain([242, 240, 234], 0.2);
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        for i in 0..4 {
            let (a, b) = (corners[(i + 1) % 4], corners[i]);
            let (a, b) = ([a.0, a.1], [b.0, b.1]);
            for (low, high, dark, light) in
                [(0.0, 0.45, 0.62, 0.92), (0.45, h - 0.3, 0.92, 1.0), (h - 0.3, h, 1.0, 0.78)]
            {
                self.shell.sheet(
                    [
                        corner(b[0], low, b[1]),
                        corner(a[0], low, a[1]),
                        corner(a[0], high, a[1]),
                        corner(b[0], high, b[1]),
                    ],
                    [dark, dark, light, light],
                    &wall,
                );
            }
            let inward = vec3(-(a[0] + b[0]) * 0.5, 0.0, -(a[1] + b[1]) * 0.5) * 0.012;
            let at = |c: [f32; 2], y: f32| corner(c[0], y, c[1]) + inward;
            self.shell.sheet(
                [at(b, 0.0), at(a, 0.0), at(a, 0.09), at(b, 0.09)],
                [0.6, 0.6, 0.9, 0.9],
                &skirting,
            );
        }
        // a rug, and pictures between the furniture and the ceiling
        if kind != RoomKind::Workshop {
            let tones = [[150, 62, 58], [58, 92, 120], [96, 118, 82], [170, 120, 70]];
            let rug = Paint::plain(*dice.pick(&tones).unwrap_or(&tones[0]), 0.0);
            let rug = rug.with(Pattern::Bands, [226, 214, 190], 0.2);
            self.shell.drum(
                vec3(0.0, 0.0, 0.35),
                0.95,
                0.012,
                28,
                &Paint { pattern: Pattern::Cloth, size: 0.03, ..rug },
            );
        }
        for (x, z, turn) in
            [(0.4f32, HALF_DEPTH, std::f32::consts::PI), (-1.55, HALF_DEPTH, std::f32::consts::PI)]
        {
            let unit = Affine3A::from_rotation_translation(Quat::from_rotation_y(turn), vec3(x, 0.0, z));
            let mut picture = Solid::default();
            let tone = [[214, 96, 70], [70, 120, 160], [226, 180, 80], [90, 140, 96]];
            let (a, b) = (dice.below(4), dice.below(4));
            picture.block(vec3(0.0, 1.7, 0.012), vec3(0.56, 0.42, 0.024), &Paint::plain([60, 52, 46], 0.2));
            let canvas = Paint::plain(tone[a], 0.05).with(Pattern::Stone, tone[b], 0.18);
            picture.block(vec3(0.0, 1.7, 0.02), vec3(0.48, 0.34, 0.02), &canvas);
            self.shell.add(&picture, unit);
        }
        let door = Affine3A::from_rotation_translation(
            Quat::from_rotation_y(std::f32::consts::PI),
            vec3(1.5, 0.0, HALF_DEPTH),
        );
        let mut leaf = Solid::default();
        leaf.block(vec3(0.0, 1.02, 0.01), vec3(0.96, 2.08, 0.03), &Paint::plain([226, 220, 208], 0.15));
        let panel = Paint::plain([168, 128, 92], 0.2).with(Pattern::Wood, [138, 100, 68], 0.12);
        leaf.block(vec3(0.0, 1.0, 0.02), vec3(0.84, 2.0, 0.03), &panel);
        leaf.ball(vec3(-0.34, 1.0, 0.07), vec3(0.028, 0.028, 0.028), 10, &Paint::metal([190, 170, 120]));
        self.shell.add(&leaf, door);
    }

    /// The window over the middle unit of the back wall.
    fn build_window(&mut self, unit: Affine3A) {
        let frame = Paint::plain([244, 242, 236], 0.3);
        let (low, high, half) = (1.28, 2.12, 0.58);
        let mut bars = Solid::default();
        bars.block(vec3(0.0, low, 0.02), vec3(half * 2.0 + 0.1, 0.06, 0.07), &frame);
        bars.block(vec3(0.0, high, 0.02), vec3(half * 2.0 + 0.1, 0.06, 0.05), &frame);
        bars.block(vec3(0.0, (low + high) * 0.5, 0.02), vec3(0.035, high - low, 0.04), &frame);
        for side in [-half, half] {
            bars.block(vec3(side, (low + high) * 0.5, 0.02), vec3(0.06, high - low, 0.05), &frame);
        }
        self.shell.add(&bars, unit);
        let mut pane = Solid::default();
        let sky = Paint::plain([196, 218, 240], 0.0);
        let hill = Paint::plain([150, 178, 120], 0.0).with(Pattern::Leaves, [104, 146, 88], 0.4);
        let at = |x: f32, y: f32, z: f32| vec3(x, y, z);
        pane.sheet(
            [at(-half, low, 0.006), at(half, low, 0.006), at(half, high, 0.006), at(-half, high, 0.006)],
            [1.0; 4],
            &sky,
        );
        pane.sheet(
            [
                at(-half, low, 0.008),
                at(half, low, 0.008),
                at(half, low + 0.3, 0.008),
                at(-half, low + 0.2, 0.008),
            ],
            [1.0; 4],
            &hill,
        );
        self.window.add(&pane, unit);
        self.window_at = unit.transform_point3(vec3(0.0, 1.7, 0.0));
    }

    /// A lamp at the end of one of the tables.
    fn build_lamp(&mut self, dice: &mut Dice) {
        let able: Vec<usize> = (0..self.places.len())
            .filter(|i| self.places[*i].container.is_none() && self.places[*i].spots.len() >= 4)
            .filter(|i| self.places[*i].spots.iter().all(|s| s.headroom > 0.5 && s.pos.y < 1.0))
            .collect();
        let Some(place) = dice.pick(&able).copied() else { return };
        let here = &mut self.places[place];
        // the outermost spot is the lamp's
        let Some(spot) = here.spots.pop() else { return };
        let tones = [[206, 84, 60], [70, 130, 140], [226, 186, 84], [240, 236, 224]];
        let tone = *dice.pick(&tones).unwrap_or(&tones[0]);
        let mut solid = Solid::default();
        let metal = Paint::metal([90, 92, 98]);
        solid.drum(Vec3::ZERO, 0.065, 0.016, 16, &metal);
        solid.capsule(vec3(0.0, 0.016, 0.0), vec3(0.0, 0.28, 0.0), [0.008, 0.008], 8, &metal);
        solid.block(vec3(0.0, 0.02, 0.045), vec3(0.022, 0.012, 0.016), &Paint::plain([210, 60, 50], 0.3));
        let mut shade = Solid::default();
        shade.lathe(
            &[[0.105, 0.25], [0.062, 0.39], [0.058, 0.39], [0.1, 0.25]],
            16,
            &Paint::plain(tone, 0.1),
        );
        self.lamp = Some(Lamp { place, solid, shade, pos: spot.pos, switch: spot.pos + Vec3::Y * 0.03 });
    }
}

impl Style {
    fn new(kind: RoomKind, dice: &mut Dice) -> Self {
        let fronts: [[u8; 3]; 4] = match kind {
            RoomKind::Kitchen => [[226, 226, 220], [120, 148, 140], [92, 116, 142], [214, 196, 160]],
            RoomKind::Workshop => [[92, 112, 126], [126, 100, 72], [146, 62, 52], [104, 124, 100]],
            RoomKind::Desk => [[238, 234, 226], [176, 138, 100], [104, 96, 110], [130, 152, 150]],
        };
        let wood = Paint::plain([198, 150, 100], 0.2).with(Pattern::Wood, [156, 108, 66], 0.1);
        let dark = Paint::plain([132, 92, 60], 0.25).with(Pattern::Wood, [94, 62, 40], 0.1);
        let tops = [
            Paint::plain([222, 218, 210], 0.45).with(Pattern::Stone, [186, 180, 172], 0.08),
            Paint::plain([86, 88, 92], 0.5).with(Pattern::Stone, [116, 118, 122], 0.06),
            wood,
            dark,
        ];
        Self {
            front: Paint::plain(*dice.pick(&fronts).unwrap_or(&fronts[0]), 0.25),
            top: *dice.pick(&tops).unwrap_or(&wood),
            wood,
            dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_can_be_reached_and_lies_in_the_room() {
        for (seed, kind) in [RoomKind::Kitchen, RoomKind::Workshop, RoomKind::Desk].into_iter().enumerate() {
            let room = Room::new(kind, &mut Dice::new(seed as u64, 0));
            assert!(room.lamp.is_some(), "{kind:?}");
            let mut names: Vec<_> = room.places.iter().map(|p| p.name.clone()).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), room.places.len(), "{kind:?}: names are told apart");
            for place in &room.places {
                assert!(!place.spots.is_empty(), "{}", place.name);
                assert!(
                    place.stand.x.abs() < HALF_WIDTH && place.stand.z.abs() < HALF_DEPTH,
                    "{}",
                    place.name
                );
                for spot in &place.spots {
                    let way = spot.pos - place.stand;
                    let ahead = way.dot(place.forward);
                    assert!((0.1..1.0).contains(&ahead), "{}: {ahead} ahead", place.name);
                    assert!((0.3..1.75).contains(&spot.pos.y), "{}: {} high", place.name, spot.pos.y);
                    assert!(spot.pos.x.abs() < HALF_WIDTH && spot.pos.z.abs() < HALF_DEPTH, "{}", place.name);
                }
            }
            for (index, container) in room.containers.iter().enumerate() {
                assert_eq!(room.places[container.place].container, Some(index));
                let moved = container.handle_at(1.0).distance(container.handle_at(0.0));
                assert!((0.2..1.2).contains(&moved), "{} opens by {moved}", container.name);
            }
        }
    }
}
