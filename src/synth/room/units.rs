//! The pieces of furniture, each in its own coordinates: the wall behind it is z = 0, the room
//! lies towards +z, x runs to the right of whoever stands before it.

use glam::{Affine3A, Vec3, vec3};

use super::{Container, Joint, Room, Style};
use crate::synth::shape::{Paint, Pattern, Solid};

const STEEL: Paint = Paint::metal([176, 180, 186]);
const DARK: Paint = Paint::plain([46, 46, 50], 0.3);
const WHITE: Paint = Paint::plain([240, 240, 238], 0.4);
/// Width of a unit.
const WIDE: f32 = 1.36;
/// Room for one thing, half, across and deep.
const HALF: [f32; 2] = [0.14, 0.13];
const FREE: f32 = 0.6;

/// Places for things in a row: left to right, at a height and a depth.
fn row(count: usize, span: f32, y: f32, z: f32, headroom: f32) -> Vec<(Vec3, [f32; 2], f32)> {
    let half = [(span / count as f32) * 0.5, HALF[1]];
    (0..count).map(|i| (vec3(span * ((i as f32 + 0.5) / count as f32 - 0.5), y, z), half, headroom)).collect()
}

impl Room {
    fn add(&mut self, unit: Affine3A, solid: &Solid) {
        self.furniture.add(solid, unit);
    }

    /// A container and the place in it.
    fn opens(
        &mut self,
        unit: Affine3A,
        name: &str,
        (solid, joint, handle, carries): (Solid, Joint, Vec3, bool),
        front: f32,
        spots: &[(Vec3, [f32; 2], f32)],
    ) {
        let index = self.containers.len();
        let place = self.place(unit, name, "in", front, spots, Some(index));
        self.containers.push(Container { name: name.to_owned(), solid, joint, handle, place, carries, unit });
    }

    /// Cabinet bodies with a worktop: height 0.9, depth 0.6.
    fn base(&mut self, unit: Affine3A, style: &Style, has_drawer: bool) {
        let mut s = Solid::default();
        let left = -WIDE / 2.0;
        if has_drawer {
            // around a hole of 0.62 by 0.2 for the drawer on the right
            s.block(vec3(left + 0.36, 0.46, 0.29), vec3(0.7, 0.8, 0.55), &style.front);
            s.block(vec3(0.35, 0.37, 0.29), vec3(0.66, 0.62, 0.55), &style.front);
            s.block(vec3(0.67, 0.77, 0.29), vec3(0.02, 0.2, 0.55), &style.front);
            s.block(vec3(0.35, 0.77, 0.02), vec3(0.64, 0.2, 0.02), &DARK);
        } else {
            s.block(vec3(0.0, 0.46, 0.29), vec3(WIDE - 0.02, 0.8, 0.55), &style.front);
        }
        s.block(vec3(0.0, 0.04, 0.27), vec3(WIDE - 0.06, 0.08, 0.5), &DARK);
        for x in [-0.34, 0.34] {
            let (height, y) = if has_drawer && x > 0.0 { (0.52, 0.38) } else { (0.66, 0.46) };
            s.block(vec3(x, y, 0.57), vec3(0.62, height, 0.018), &style.front);
            s.capsule(
                vec3(x - 0.08, y + height * 0.5 - 0.07, 0.595),
                vec3(x + 0.08, y + height * 0.5 - 0.07, 0.595),
                [0.008, 0.008],
                6,
                &STEEL,
            );
        }
        s.block(vec3(0.0, 0.88, 0.3), vec3(WIDE, 0.04, 0.62), &style.top);
        self.add(unit, &s);
    }

    pub(super) fn counter(
        &mut self,
        unit: Affine3A,
        style: &Style,
        name: &str,
        drawer: &str,
        cupboard: &str,
    ) {
        self.base(unit, style, true);
        self.place(unit, name, "on", 0.62, &row(4, 1.28, 0.9, 0.36, 0.42), None);
        self.drawer(unit, style, drawer, vec3(0.35, 0.77, 0.0), 0.6);
        self.wall_cupboard(unit, style, cupboard);
    }

    /// A drawer 0.6 wide whose front stands at `front`.
    fn drawer(&mut self, unit: Affine3A, style: &Style, name: &str, at: Vec3, front: f32) {
        let mut s = Solid::default();
        let z = front - 0.02;
        s.block(at + vec3(0.0, 0.0, z), vec3(0.61, 0.17, 0.02), &style.front);
        s.capsule(
            at + vec3(-0.1, 0.02, z + 0.035),
            at + vec3(0.1, 0.02, z + 0.035),
            [0.009, 0.009],
            6,
            &STEEL,
        );
        let inside = style.wood;
        s.block(at + vec3(0.0, -0.075, z - 0.24), vec3(0.58, 0.012, 0.46), &inside);
        for side in [-0.285, 0.285] {
            s.block(at + vec3(side, -0.02, z - 0.24), vec3(0.012, 0.11, 0.46), &inside);
        }
        s.block(at + vec3(0.0, -0.02, z - 0.465), vec3(0.57, 0.11, 0.012), &inside);
        // the spots are where things lie while it is shut
        let spots: Vec<_> =
            [-0.15, 0.15].into_iter().map(|x| (at + vec3(x, -0.069, z - 0.14), [0.14, 0.12], 0.13)).collect();
        let joint = Joint::Slide(vec3(0.0, 0.0, 0.34));
        self.opens(unit, name, (s, joint, at + vec3(0.0, 0.02, z + 0.04), true), front + 0.1, &spots);
    }

    /// Doors on the wall over a counter; the right one opens.
    fn wall_cupboard(&mut self, unit: Affine3A, style: &Style, name: &str) {
        let (low, high, depth) = (1.34, 1.86, 0.3);
        let middle = (low + high) * 0.5;
        let mut s = Solid::default();
        let body = style.front;
        s.block(vec3(-0.36, middle, depth * 0.5), vec3(0.6, high - low, depth), &body);
        s.block(vec3(-0.36, middle, depth + 0.008), vec3(0.57, high - low - 0.03, 0.016), &body);
        s.capsule(
            vec3(-0.12, low + 0.06, depth + 0.03),
            vec3(-0.12, low + 0.2, depth + 0.03),
            [0.008, 0.008],
            6,
            &STEEL,
        );
        s.block(vec3(0.28, low + 0.008, depth * 0.5), vec3(0.66, 0.016, depth), &body);
        s.block(vec3(0.28, high - 0.008, depth * 0.5), vec3(0.66, 0.016, depth), &body);
        s.block(vec3(0.28, middle, 0.006), vec3(0.66, high - low, 0.012), &style.wood);
        s.block(vec3(0.602, middle, depth * 0.5), vec3(0.016, high - low, depth), &body);
        self.add(unit, &s);
        let mut door = Solid::default();
        door.block(vec3(0.28, middle, depth + 0.01), vec3(0.64, high - low - 0.02, 0.018), &body);
        door.capsule(
            vec3(0.03, low + 0.06, depth + 0.035),
            vec3(0.03, low + 0.2, depth + 0.035),
            [0.009, 0.009],
            6,
            &STEEL,
        );
        let joint = Joint::Hinge { point: vec3(0.6, 0.0, depth), axis: Vec3::Y, angle: 1.85 };
        let spots = row(2, 0.5, low + 0.018, 0.17, high - low - 0.06)
            .into_iter()
            .map(|(p, half, room)| (p + vec3(0.26, 0.0, 0.0), half, room))
            .collect::<Vec<_>>();
        self.opens(unit, name, (door, joint, vec3(0.03, low + 0.12, depth + 0.04), false), 0.56, &spots);
    }

    pub(super) fn sink(&mut self, unit: Affine3A, style: &Style) {
        self.base(unit, style, false);
        let mut s = Solid::default();
        // the basin lies on the worktop as a shallow steel tray
        s.block(vec3(0.3, 0.903, 0.31), vec3(0.56, 0.012, 0.42), &STEEL);
        let bowl = Paint::metal([120, 124, 130]);
        s.block(vec3(0.3, 0.9055, 0.32), vec3(0.46, 0.01, 0.34), &bowl);
        s.drum(vec3(0.3, 0.909, 0.32), 0.025, 0.004, 12, &DARK);
        let tap = [vec3(0.3, 0.9, 0.1), vec3(0.3, 1.12, 0.1), vec3(0.3, 1.17, 0.15), vec3(0.3, 1.14, 0.24)];
        s.tube(&tap, 0.013, 8, &STEEL);
        s.capsule(vec3(0.38, 0.91, 0.1), vec3(0.38, 0.96, 0.1), [0.014, 0.01], 8, &STEEL);
        self.add(unit, &s);
        let mut spots = row(2, 0.62, 0.9, 0.36, FREE)
            .into_iter()
            .map(|(p, half, room)| (p - vec3(0.36, 0.0, 0.0), half, room))
            .collect::<Vec<_>>();
        spots.push((vec3(0.3, 0.911, 0.33), HALF, 0.22));
        self.place(unit, "the sink", "by", 0.62, &spots, None);
    }

    pub(super) fn stove(&mut self, unit: Affine3A, style: &Style) {
        self.base(unit, style, false);
        let mut s = Solid::default();
        s.block(vec3(0.28, 0.904, 0.32), vec3(0.62, 0.01, 0.5), &Paint::plain([34, 34, 38], 0.8));
        for (x, z, r) in [(0.12, 0.22, 0.075), (0.44, 0.22, 0.09), (0.12, 0.44, 0.09), (0.44, 0.44, 0.075)] {
            s.drum(vec3(x, 0.906, z), r, 0.006, 18, &Paint::plain([84, 60, 58], 0.3));
            s.drum(vec3(x, 0.909, z), r * 0.6, 0.005, 18, &DARK);
        }
        s.block(vec3(0.28, 0.42, 0.585), vec3(0.6, 0.56, 0.02), &DARK);
        s.block(vec3(0.28, 0.42, 0.597), vec3(0.44, 0.32, 0.004), &Paint::plain([70, 74, 84], 0.9));
        s.capsule(vec3(0.04, 0.66, 0.625), vec3(0.52, 0.66, 0.625), [0.011, 0.011], 6, &STEEL);
        for i in 0..4 {
            s.drum(vec3(0.1 + 0.12 * i as f32, 0.8, 0.585), 0.018, 0.014, 10, &STEEL);
        }
        // the hood
        s.block(vec3(0.28, 1.75, 0.22), vec3(0.62, 0.1, 0.42), &STEEL);
        s.block(vec3(0.28, 2.2, 0.13), vec3(0.26, 0.8, 0.24), &STEEL);
        self.add(unit, &s);
        let spots = vec![
            (vec3(-0.5, 0.9, 0.36), HALF, FREE),
            (vec3(-0.2, 0.9, 0.36), HALF, FREE),
            (vec3(0.12, 0.914, 0.42), [0.16, 0.13], FREE),
            (vec3(0.44, 0.914, 0.42), [0.16, 0.13], FREE),
        ];
        self.place(unit, "the stove", "on", 0.62, &spots, None);
    }

    pub(super) fn fridge(&mut self, unit: Affine3A, style: &Style) {
        let (w, h, d) = (0.76, 1.8, 0.6);
        let shell = match style.front.colour[0] > 200 {
            true => Paint::plain([206, 210, 214], 0.5),
            false => Paint::plain([236, 236, 232], 0.5),
        };
        let mut s = Solid::default();
        for side in [-1.0, 1.0] {
            s.block(vec3(side * (w / 2.0 - 0.02), h / 2.0, d / 2.0), vec3(0.04, h, d), &shell);
        }
        s.block(vec3(0.0, h / 2.0, 0.02), vec3(w, h, 0.04), &WHITE);
        s.block(vec3(0.0, h - 0.02, d / 2.0), vec3(w, 0.04, d), &shell);
        s.block(vec3(0.0, 0.28, d / 2.0), vec3(w - 0.08, 0.56, d - 0.01), &shell);
        for y in [0.72, 1.06, 1.4] {
            s.block(vec3(0.0, y, 0.26), vec3(w - 0.08, 0.014, 0.44), &Paint::plain([214, 226, 234], 0.8));
        }
        self.add(unit, &s);
        let mut door = Solid::default();
        door.block(vec3(0.0, 1.19, d + 0.02), vec3(w, 1.21, 0.05), &shell);
        door.capsule(vec3(-0.31, 0.95, d + 0.075), vec3(-0.31, 1.4, d + 0.075), [0.013, 0.013], 6, &STEEL);
        let joint = Joint::Hinge { point: vec3(w / 2.0, 0.0, d), axis: Vec3::Y, angle: 1.45 };
        let mut spots = row(2, 0.6, 1.068, 0.3, 0.3);
        spots.extend(row(2, 0.6, 0.728, 0.3, 0.3));
        self.opens(unit, "the fridge", (door, joint, vec3(-0.31, 1.12, d + 0.085), false), d + 0.12, &spots);
    }

    pub(super) fn shelf(&mut self, unit: Affine3A, style: &Style, name: &str) {
        let (w, h, d) = (1.2, 1.75, 0.34);
        let mut s = Solid::default();
        for side in [-1.0, 1.0] {
            s.block(vec3(side * (w / 2.0 - 0.015), h / 2.0, d / 2.0), vec3(0.03, h, d), &style.dark);
        }
        s.block(vec3(0.0, h / 2.0, 0.008), vec3(w, h, 0.016), &style.wood);
        for y in [0.06, 0.42, 0.8, 1.18, 1.73] {
            s.block(vec3(0.0, y, d / 2.0), vec3(w - 0.03, 0.028, d), &style.dark);
        }
        // boxes and folders below, which nobody moves
        for (i, tone) in
            [[196, 170, 130], [150, 160, 170], [176, 120, 96], [126, 140, 112]].into_iter().enumerate()
        {
            let x = -0.42 + 0.28 * i as f32;
            let tall = 0.2 + 0.03 * (i % 3) as f32;
            s.block(vec3(x, 0.075 + tall / 2.0, 0.17), vec3(0.22, tall, 0.26), &Paint::plain(tone, 0.1));
        }
        self.add(unit, &s);
        let mut spots = row(4, 1.1, 1.195, 0.2, 0.48);
        spots.extend(row(4, 1.1, 0.815, 0.2, 0.33));
        self.place(unit, name, "on", 0.52, &spots, None);
    }

    /// A table against the wall, with a lidded box on it when it is named.
    pub(super) fn table(&mut self, unit: Affine3A, style: &Style, name: &str, lidded: Option<&str>) {
        let (w, d, h) = (1.3, 0.66, 0.84);
        let mut s = Solid::default();
        s.block(vec3(0.0, h - 0.018, d / 2.0 + 0.02), vec3(w, 0.036, d), &style.wood);
        for x in [-1.0, 1.0] {
            for z in [0.08, d - 0.04] {
                s.block(
                    vec3(x * (w / 2.0 - 0.06), h / 2.0 - 0.02, z),
                    vec3(0.055, h - 0.04, 0.055),
                    &style.dark,
                );
            }
        }
        s.block(vec3(0.0, h - 0.075, d / 2.0 + 0.02), vec3(w - 0.1, 0.08, d - 0.1), &style.dark);
        if let Some(lidded) = lidded {
            self.add(unit, &s);
            let spots: Vec<_> = row(3, 0.84, h, 0.4, FREE)
                .into_iter()
                .map(|(p, half, room)| (p - vec3(0.22, 0.0, 0.0), half, room))
                .collect();
            self.place(unit, name, "on", d + 0.02, &spots, None);
            self.lidded_box(unit, style, lidded, vec3(0.42, h, 0.36));
        } else {
            let cloth = Paint::plain([226, 220, 206], 0.0).with(Pattern::Checks, [196, 120, 104], 0.06);
            s.block(vec3(0.0, h + 0.002, d / 2.0 + 0.02), vec3(0.46, 0.004, d + 0.004), &cloth);
            self.add(unit, &s);
            let mut spots = row(4, 1.2, h + 0.004, 0.42, FREE);
            // the lamp, where there is one, stands at the end
            spots.swap(2, 3);
            spots.swap(3, 2);
            self.place(unit, name, "on", d + 0.02, &spots, None);
        }
    }

    fn lidded_box(&mut self, unit: Affine3A, style: &Style, name: &str, at: Vec3) {
        let tone = match style.front.colour[0] > 200 {
            true => Paint::plain([176, 62, 52], 0.35),
            false => Paint::plain([206, 160, 70], 0.35),
        };
        let (w, h, d) = (0.4, 0.17, 0.3);
        let mut s = Solid::default();
        for side in [-1.0, 1.0] {
            s.block(at + vec3(side * (w / 2.0 - 0.006), h / 2.0, 0.0), vec3(0.012, h, d), &tone);
            s.block(at + vec3(0.0, h / 2.0, side * (d / 2.0 - 0.006)), vec3(w, h, 0.012), &tone);
        }
        s.block(at + vec3(0.0, 0.006, 0.0), vec3(w - 0.02, 0.012, d - 0.02), &DARK);
        self.add(unit, &s);
        let mut lid = Solid::default();
        lid.block(at + vec3(0.0, h + 0.012, 0.0), vec3(w + 0.012, 0.024, d + 0.012), &tone);
        lid.block(at + vec3(0.0, h + 0.0, d / 2.0 + 0.01), vec3(0.06, 0.03, 0.012), &STEEL);
        let joint = Joint::Hinge { point: at + vec3(0.0, h, -d / 2.0), axis: -Vec3::X, angle: 1.75 };
        let spots = vec![(at + vec3(0.0, 0.014, 0.0), [0.18, 0.12], 0.16)];
        self.opens(unit, name, (lid, joint, at + vec3(0.0, h + 0.02, d / 2.0 + 0.015), false), 0.66, &spots);
    }

    /// Tall, with one door.
    pub(super) fn cabinet(&mut self, unit: Affine3A, style: &Style, name: &str) {
        let (w, h, d) = (0.9, 1.7, 0.42);
        let mut s = Solid::default();
        let body = style.front;
        for side in [-1.0, 1.0] {
            s.block(vec3(side * (w / 2.0 - 0.015), h / 2.0, d / 2.0), vec3(0.03, h, d), &body);
        }
        s.block(vec3(0.0, h / 2.0, 0.01), vec3(w, h, 0.02), &style.wood);
        for y in [0.04, 0.82, 1.2, h - 0.015] {
            s.block(vec3(0.0, y, d / 2.0), vec3(w - 0.04, 0.026, d - 0.01), &style.wood);
        }
        s.block(vec3(0.0, 0.4, d - 0.01), vec3(w, 0.8, 0.02), &body);
        s.capsule(vec3(-0.06, 0.68, d + 0.02), vec3(0.06, 0.68, d + 0.02), [0.009, 0.009], 6, &STEEL);
        self.add(unit, &s);
        let mut door = Solid::default();
        door.block(vec3(0.0, 1.25, d + 0.012), vec3(w, 0.88, 0.022), &body);
        door.capsule(vec3(-0.38, 1.08, d + 0.045), vec3(-0.38, 1.28, d + 0.045), [0.01, 0.01], 6, &STEEL);
        let joint = Joint::Hinge { point: vec3(w / 2.0, 0.0, d), axis: Vec3::Y, angle: 1.45 };
        let mut spots = row(3, 0.8, 1.215, 0.24, 0.42);
        spots.extend(row(3, 0.8, 0.835, 0.24, 0.33));
        self.opens(unit, name, (door, joint, vec3(-0.38, 1.18, d + 0.05), false), d + 0.16, &spots);
    }

    pub(super) fn bench(&mut self, unit: Affine3A, style: &Style) {
        let h = 0.9;
        let mut s = Solid::default();
        s.block(vec3(0.0, h - 0.035, 0.32), vec3(WIDE, 0.07, 0.62), &style.wood);
        for x in [-0.6, 0.6] {
            for z in [0.08, 0.56] {
                s.block(vec3(x, 0.42, z), vec3(0.09, 0.84, 0.09), &style.dark);
            }
        }
        s.block(vec3(0.0, 0.22, 0.32), vec3(1.2, 0.03, 0.5), &style.wood);
        s.block(vec3(-0.3, 0.36, 0.3), vec3(0.4, 0.26, 0.34), &Paint::plain([150, 116, 82], 0.1));
        // the vice at the left end
        let iron = Paint::metal([70, 96, 116]);
        s.block(vec3(-0.58, h + 0.05, 0.54), vec3(0.12, 0.1, 0.05), &iron);
        s.block(vec3(-0.58, h + 0.05, 0.66), vec3(0.12, 0.1, 0.03), &iron);
        s.capsule(vec3(-0.58, h + 0.03, 0.5), vec3(-0.58, h + 0.03, 0.74), [0.014, 0.014], 8, &STEEL);
        // a board with outlines of tools under the window
        s.block(vec3(0.0, 1.1, 0.012), vec3(1.3, 0.26, 0.024), &Paint::plain([206, 186, 150], 0.1));
        for (i, x) in [-0.5f32, -0.3, -0.1, 0.1, 0.3, 0.5].into_iter().enumerate() {
            let tone = [[60, 60, 64], [150, 60, 50]][i % 2];
            s.capsule(vec3(x, 1.02, 0.04), vec3(x, 1.16, 0.04), [0.008, 0.006], 6, &STEEL);
            s.capsule(vec3(x, 1.15, 0.04), vec3(x, 1.2, 0.04), [0.013, 0.012], 6, &Paint::plain(tone, 0.3));
        }
        self.add(unit, &s);
        let spots = row(4, 1.1, h, 0.36, FREE)
            .into_iter()
            .map(|(p, half, room)| (p + vec3(0.1, 0.0, 0.0), half, room))
            .collect::<Vec<_>>();
        self.place(unit, "the workbench", "on", 0.63, &spots, None);
    }

    pub(super) fn desk(&mut self, unit: Affine3A, style: &Style) {
        let h = 0.84;
        let mut s = Solid::default();
        s.block(vec3(0.0, h - 0.018, 0.34), vec3(WIDE, 0.036, 0.66), &style.wood);
        s.block(vec3(-0.64, 0.41, 0.34), vec3(0.04, 0.82, 0.6), &style.dark);
        // the drawer's column, open at its top
        s.block(vec3(0.35, 0.31, 0.32), vec3(0.64, 0.62, 0.6), &style.dark);
        s.block(vec3(0.67, 0.72, 0.32), vec3(0.02, 0.2, 0.6), &style.dark);
        s.block(vec3(0.02, 0.72, 0.32), vec3(0.02, 0.2, 0.6), &style.dark);
        // a screen with lines of text, and a keyboard
        s.block(vec3(-0.2, h + 0.008, 0.16), vec3(0.24, 0.016, 0.16), &DARK);
        s.block(vec3(-0.2, h + 0.08, 0.13), vec3(0.05, 0.14, 0.03), &DARK);
        s.block(vec3(-0.2, h + 0.28, 0.15), vec3(0.56, 0.34, 0.03), &DARK);
        let screen = Paint::plain([40, 66, 96], 0.6).with(Pattern::Screen, [176, 206, 226], 0.03);
        s.block(vec3(-0.2, h + 0.28, 0.166), vec3(0.52, 0.3, 0.004), &screen);
        let keys = Paint::plain([206, 206, 204], 0.2).with(Pattern::Checks, [150, 150, 152], 0.018);
        s.block(vec3(-0.2, h + 0.01, 0.42), vec3(0.4, 0.018, 0.13), &keys);
        self.add(unit, &s);
        let spots = vec![
            (vec3(-0.54, h, 0.4), [0.12, 0.13], FREE),
            (vec3(0.2, h, 0.4), [0.13, 0.13], FREE),
            (vec3(0.5, h, 0.4), [0.14, 0.13], FREE),
            (vec3(0.5, h, 0.17), [0.14, 0.1], FREE),
        ];
        self.place(unit, "the desk", "on", 0.66, &spots, None);
        self.drawer(unit, style, "the desk drawer", vec3(0.35, 0.72, 0.0), 0.64);
    }
}
