//! The things in the rooms: what each is called, what can be done with it, how it is coloured.
//! Their solids are in `goods/forms.rs`.

mod forms;

use glam::Vec3;

use super::dice::Dice;
use super::shape::{Paint, Pattern, Solid};

/// Which rooms a thing belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    Kitchen,
    Workshop,
    Desk,
}

/// What can be done with a thing besides carrying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Plain,
    /// Can be poured from.
    Pours,
    /// Can be poured into.
    Holds,
    /// Works on other things, with this verb.
    Tool(Work),
    /// The wearer's own: "my phone".
    Personal,
}

/// A movement of the hand with a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Strike,
    Turn,
    Rub,
}

#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub plural: &'static str,
    /// A word for this and its like: "tool", "fruit".
    pub group: &'static str,
    pub rooms: &'static [RoomKind],
    pub role: Role,
    /// Colours it comes in; empty: any.
    pub colours: &'static [&'static str],
    /// Where a hand holds it, metres from the middle of its base.
    pub grip: Vec3,
    /// Half of what it needs of a surface, across and deep.
    pub half: [f32; 2],
    build: fn(&Look) -> Solid,
}

/// Colour and pattern of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    pub colour: Colour,
    pub pattern: Option<Motif>,
    paint: Paint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub name: &'static str,
    pub rgb: [u8; 3],
    /// Of its stripes and dots.
    pub second: [u8; 3],
}

/// What tells look-alikes apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motif {
    pub name: &'static str,
    pattern: Pattern,
    size: f32,
}

const fn colour(name: &'static str, rgb: [u8; 3], second: [u8; 3]) -> Colour {
    Colour { name, rgb, second }
}

pub const COLOURS: [Colour; 12] = [
    colour("red", [196, 54, 46], [245, 232, 214]),
    colour("blue", [45, 92, 168], [232, 236, 242]),
    colour("green", [66, 138, 74], [236, 240, 214]),
    colour("yellow", [232, 186, 58], [120, 84, 36]),
    colour("white", [236, 234, 228], [92, 112, 148]),
    colour("black", [42, 42, 46], [196, 160, 92]),
    colour("orange", [226, 122, 48], [250, 238, 220]),
    colour("purple", [118, 72, 150], [236, 222, 240]),
    colour("pink", [226, 132, 156], [250, 240, 240]),
    colour("turquoise", [62, 164, 164], [240, 244, 236]),
    colour("brown", [122, 82, 52], [222, 200, 168]),
    colour("grey", [136, 140, 146], [226, 228, 230]),
];

/// Colours of `Any` things: brown and grey look like furniture.
const LIVELY: usize = 10;

const MOTIFS: [Motif; 4] = [
    Motif { name: "striped", pattern: Pattern::Bands, size: 0.03 },
    Motif { name: "dotted", pattern: Pattern::Dots, size: 0.032 },
    Motif { name: "zigzag", pattern: Pattern::Chevrons, size: 0.04 },
    Motif { name: "checked", pattern: Pattern::Checks, size: 0.022 },
];

use RoomKind::{Desk, Kitchen, Workshop};

const ALL: &[RoomKind] = &[Kitchen, Workshop, Desk];
const K: &[RoomKind] = &[Kitchen];
const W: &[RoomKind] = &[Workshop];
const D: &[RoomKind] = &[Desk];
const KD: &[RoomKind] = &[Kitchen, Desk];
const WD: &[RoomKind] = &[Workshop, Desk];

/// One line a kind, so that the catalogue reads as a table.
macro_rules! kinds {
    ($($name:literal $plural:literal, $group:literal, $rooms:ident, $role:expr, $colours:expr,
       grip $grip:expr, half $half:expr, $build:ident;)*) => {
        &[$(Kind {
            name: $name, plural: $plural, group: $group, rooms: $rooms, role: $role, colours: $colours,
            grip: Vec3::from_array($grip), half: $half, build: forms::$build,
        }),*]
    };
}

/// Everything that can be carried.
pub const KINDS: &[Kind] = kinds! {
    "mug" "mugs", "dish", KD, Role::Holds, &[], grip [0.0, 0.06, 0.0], half [0.065, 0.05], mug;
    "bowl" "bowls", "dish", K, Role::Holds, &[], grip [0.07, 0.05, 0.0], half [0.09, 0.09], bowl;
    "plate" "plates", "dish", K, Role::Plain, &[], grip [0.11, 0.015, 0.0], half [0.125, 0.125], plate;
    "glass" "glasses", "dish", K, Role::Holds, &["white", "turquoise", "pink"], grip [0.0, 0.06, 0.0], half [0.045, 0.045], glass;
    "bottle" "bottles", "bottle", K, Role::Pours, &["green", "red", "brown", "blue", "white"], grip [0.0, 0.11, 0.0], half [0.05, 0.05], bottle;
    "kettle" "kettles", "pot", K, Role::Pours, &["red", "black", "white", "turquoise", "grey"], grip [0.0, 0.225, 0.0], half [0.13, 0.09], kettle;
    "teapot" "teapots", "pot", KD, Role::Pours, &[], grip [-0.115, 0.08, 0.0], half [0.14, 0.08], teapot;
    "pan" "pans", "pot", K, Role::Holds, &["black", "red", "turquoise"], grip [0.2, 0.05, 0.0], half [0.2, 0.12], pan;
    "pot" "pots", "pot", K, Role::Holds, &["red", "blue", "white", "grey", "orange"], grip [0.1, 0.1, 0.0], half [0.13, 0.11], pot;
    "knife" "knives", "utensil", K, Role::Plain, &["black", "red", "brown"], grip [0.08, 0.012, 0.0], half [0.15, 0.03], knife;
    "spoon" "spoons", "utensil", K, Role::Tool(Work::Turn), &["brown", "orange", "green"], grip [0.06, 0.014, 0.0], half [0.14, 0.03], spoon;
    "cutting board" "cutting boards", "board", K, Role::Plain, &["brown", "green", "white"], grip [0.12, 0.012, 0.0], half [0.15, 0.11], board;
    "apple" "apples", "fruit", KD, Role::Plain, &["red", "green", "yellow"], grip [0.0, 0.04, 0.0], half [0.04, 0.04], apple;
    "orange" "oranges", "fruit", K, Role::Plain, &["orange"], grip [0.0, 0.04, 0.0], half [0.04, 0.04], orange;
    "banana" "bananas", "fruit", K, Role::Plain, &["yellow"], grip [0.0, 0.03, 0.0], half [0.1, 0.05], banana;
    "milk carton" "milk cartons", "carton", K, Role::Pours, &["white", "blue", "green", "pink"], grip [0.0, 0.1, 0.0], half [0.045, 0.045], carton;
    "cereal box" "cereal boxes", "box", K, Role::Pours, &["yellow", "red", "blue", "purple"], grip [0.0, 0.14, 0.0], half [0.1, 0.04], cereal;
    "jar" "jars", "jar", K, Role::Plain, &["red", "orange", "yellow", "purple", "green"], grip [0.0, 0.07, 0.0], half [0.045, 0.045], jar;
    "cloth" "cloths", "cloth", K, Role::Tool(Work::Rub), &[], grip [0.0, 0.02, 0.0], half [0.09, 0.07], cloth;
    "hammer" "hammers", "tool", W, Role::Tool(Work::Strike), &["red", "black", "yellow", "blue"], grip [0.09, 0.018, 0.0], half [0.16, 0.06], hammer;
    "screwdriver" "screwdrivers", "tool", WD, Role::Tool(Work::Turn), &["red", "yellow", "blue", "green", "orange"], grip [0.06, 0.018, 0.0], half [0.13, 0.025], screwdriver;
    "wrench" "wrenches", "tool", W, Role::Tool(Work::Turn), &["grey", "red", "blue"], grip [0.06, 0.01, 0.0], half [0.13, 0.035], wrench;
    "pliers" "pliers", "tool", W, Role::Tool(Work::Turn), &["red", "blue", "yellow", "orange"], grip [0.06, 0.014, 0.0], half [0.11, 0.045], pliers;
    "saw" "saws", "tool", W, Role::Tool(Work::Rub), &["orange", "brown", "blue"], grip [0.17, 0.02, 0.0], half [0.24, 0.07], saw;
    "drill" "drills", "tool", W, Role::Tool(Work::Turn), &["yellow", "turquoise", "red", "green"], grip [0.03, 0.1, 0.0], half [0.12, 0.05], drill;
    "tape roll" "tape rolls", "supply", WD, Role::Plain, &["yellow", "grey", "blue", "black"], grip [0.0, 0.03, 0.0], half [0.055, 0.055], tape;
    "paint can" "paint cans", "can", W, Role::Pours, &["red", "blue", "green", "yellow", "white", "purple"], grip [0.0, 0.17, 0.0], half [0.085, 0.085], paint_can;
    "wood block" "wood blocks", "material", W, Role::Plain, &["brown"], grip [0.0, 0.05, 0.0], half [0.11, 0.06], wood_block;
    "bucket" "buckets", "bucket", W, Role::Holds, &["blue", "red", "grey", "yellow"], grip [0.0, 0.24, 0.0], half [0.12, 0.12], bucket;
    "glue bottle" "glue bottles", "supply", WD, Role::Pours, &["white", "yellow", "orange"], grip [0.0, 0.07, 0.0], half [0.035, 0.035], glue;
    "phone" "phones", "device", ALL, Role::Personal, &["black", "white", "pink", "blue"], grip [0.0, 0.008, 0.0], half [0.05, 0.085], phone;
    "book" "books", "book", KD, Role::Plain, &[], grip [0.07, 0.02, 0.0], half [0.085, 0.115], book;
    "notebook" "notebooks", "book", WD, Role::Personal, &[], grip [0.06, 0.01, 0.0], half [0.08, 0.105], notebook;
    "pen cup" "pen cups", "supply", D, Role::Plain, &[], grip [0.0, 0.06, 0.0], half [0.045, 0.045], pen_cup;
    "stapler" "staplers", "supply", D, Role::Plain, &["red", "black", "blue"], grip [0.0, 0.04, 0.0], half [0.085, 0.03], stapler;
    "scissors" "scissors", "utensil", ALL, Role::Plain, &["red", "blue", "orange", "green", "black"], grip [0.05, 0.012, 0.0], half [0.11, 0.05], scissors;
    "keys" "keys", "key", ALL, Role::Personal, &["yellow", "red", "blue"], grip [0.0, 0.012, 0.0], half [0.06, 0.04], keys;
    "headphones" "headphones", "device", D, Role::Personal, &["black", "white", "red", "turquoise"], grip [0.0, 0.09, 0.0], half [0.1, 0.06], headphones;
    "plant" "plants", "plant", KD, Role::Holds, &["white", "orange", "brown", "turquoise"], grip [0.0, 0.06, 0.0], half [0.1, 0.1], plant;
    "ball" "balls", "toy", ALL, Role::Plain, &[], grip [0.0, 0.04, 0.0], half [0.045, 0.045], ball;
    "toy car" "toy cars", "toy", D, Role::Plain, &["red", "blue", "yellow", "green"], grip [0.0, 0.05, 0.0], half [0.09, 0.05], toy_car;
    "candle" "candles", "candle", KD, Role::Plain, &["white", "red", "purple", "green"], grip [0.0, 0.06, 0.0], half [0.04, 0.04], candle;
    "alarm clock" "alarm clocks", "device", D, Role::Plain, &["red", "turquoise", "yellow", "black"], grip [0.0, 0.07, 0.0], half [0.07, 0.04], clock;
    "camera" "cameras", "device", WD, Role::Personal, &["black", "grey", "red"], grip [0.04, 0.045, 0.0], half [0.075, 0.06], camera;
};

impl Kind {
    pub fn solid(&self, look: &Look) -> Solid {
        (self.build)(look)
    }

    /// A colour of the ones it comes in, and a motif when it is to have one.
    pub fn look(&self, dice: &mut Dice, has_motif: bool) -> Look {
        let choice: Vec<Colour> = match self.colours {
            [] => COLOURS[..LIVELY].to_vec(),
            names => COLOURS.iter().filter(|c| names.contains(&c.name)).copied().collect(),
        };
        let colour = dice.pick(&choice).copied().unwrap_or(COLOURS[0]);
        // only what comes in any colour has room for a motif
        let has_motif = has_motif && self.colours.is_empty() && self.name != "book";
        let motif = if has_motif { dice.pick(&MOTIFS).copied() } else { None };
        Look::new(colour, motif)
    }
}

impl Look {
    pub fn new(colour: Colour, pattern: Option<Motif>) -> Self {
        let plain = Paint::plain(colour.rgb, 0.35);
        let paint = pattern.map_or(plain, |m| plain.with(m.pattern, colour.second, m.size));
        Self { colour, pattern, paint }
    }

    /// The same, in another motif or without.
    pub fn varied(&self, dice: &mut Dice) -> Self {
        let others: Vec<Option<Motif>> = MOTIFS
            .iter()
            .map(|m| Some(*m))
            .chain([None])
            .filter(|m| m.map(|m| m.name) != self.pattern.map(|m| m.name))
            .collect();
        Self::new(self.colour, dice.pick(&others).copied().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_stands_on_its_base_and_fits_its_place() {
        let mut dice = Dice::new(1, 0);
        for kind in KINDS {
            let solid = kind.solid(&kind.look(&mut dice, true));
            let [low, high] = solid.bounds();
            assert!(low.y > -0.004 && low.y < 0.02, "{} floats or sinks: {low}", kind.name);
            assert!(high.y > 0.008 && high.y < 0.4, "{} is {high} high", kind.name);
            let reach = [high.x.max(-low.x), high.z.max(-low.z)];
            for (axis, (reach, half)) in reach.into_iter().zip(kind.half).enumerate() {
                assert!(reach <= half + 0.012, "{} needs {reach} of {half} on axis {axis}", kind.name);
            }
            assert!(solid.triangles.len() < 900, "{} has {} triangles", kind.name, solid.triangles.len());
        }
    }

    #[test]
    fn names_tell_kinds_apart() {
        let mut names: Vec<_> = KINDS.iter().map(|k| k.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
