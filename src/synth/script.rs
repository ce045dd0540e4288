//! What happens in a clip: every movement as a function of time, and a list of what was done.
//! The planner calls the verbs below one after the other; pictures, gaze, narrations and
//! questions all follow from the same script.

mod verbs;

use glam::Vec3;

use super::body::Person;
use super::goods::{Kind, Look};
use super::motion::Track;
use super::room::Room;

/// A thing in the room.
#[derive(Clone, Debug)]
pub struct Thing {
    pub kind: &'static Kind,
    pub look: Look,
    /// "red mug": as much as tells it apart, if anything does.
    pub name: String,
    /// Exactly the same things have the same number.
    pub twin: usize,
}

/// Who or what holds a thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hold {
    /// On a surface, or in a container that may move.
    Lies { pos: Vec3, yaw: f32, container: Option<usize> },
    /// In the wearer's hand; the grip point is the hand's.
    Held { hand: usize },
    /// In the other person's hand.
    Given { yaw: f32 },
}

/// Where a hand goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Hangs by the side.
    Rest,
    /// Before the body, with something in it.
    Carry,
    At(Vec3),
    /// The handle of a container.
    Handle(usize),
    /// To and fro around a point: how far, and how often a second.
    Around {
        at: Vec3,
        way: Vec3,
        hertz: f64,
        since: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grasp {
    pub goal: Goal,
    pub curl: f32,
    pub over: f32,
    pub spread: f32,
}

/// What the eyes are on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sight {
    Thing(usize),
    Point(Vec3),
    Handle(usize),
    Face,
    Lamp,
    Ball,
}

/// The eyes' business between two times. Between them they wander.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance {
    pub from: f64,
    pub until: f64,
    pub sight: Sight,
}

/// Something that was done, with the times that matter for truth.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Deed {
    pub verb: Verb,
    /// Number of the thing.
    pub thing: Option<usize>,
    /// What it was done to besides: the vessel, the worked piece.
    pub other: Option<usize>,
    pub place: Option<usize>,
    pub container: Option<usize>,
    /// The eyes are on it from here, seconds.
    pub look: f64,
    /// The hand starts to move.
    pub onset: f64,
    /// It touches, or the act itself begins.
    pub contact: f64,
    pub end: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    PickUp,
    PutDown,
    Open,
    Close,
    Pour,
    Strike,
    Turn,
    Wipe,
    SwitchOn,
    SwitchOff,
    /// Eyes only: one thing among others.
    Inspect,
    /// Eyes only: everything in a place.
    Survey,
    Talk,
    Give,
    Walk,
    /// Not the wearer's doing.
    BallRolls,
    LightFlickers,
}

/// A place's spot.
pub type SpotId = (usize, usize);

/// The story so far.
#[derive(Clone, Debug)]
pub struct Script {
    pub room: Room,
    pub things: Vec<Thing>,
    pub person: Option<Person>,
    /// End of what is written, seconds.
    pub now: f64,
    /// Hand moves this long after the eyes, on average.
    pub lead: f64,
    pub dice: super::dice::Dice,
    /// Where the wearer stands, and which way the body faces.
    pub feet: Track<Vec3>,
    pub yaw: Track<f32>,
    pub lean: Track<f32>,
    pub aim: Track<Vec3>,
    pub hands: [Track<Grasp>; 2],
    pub holds: Vec<Vec<(f64, Hold)>>,
    pub tilt: Vec<Track<f32>>,
    /// How a held thing is turned against the body.
    pub turn: Vec<Track<f32>>,
    pub open: Vec<Track<f32>>,
    pub lamp: Track<f32>,
    pub flickers: Vec<(f64, f64)>,
    pub rolls: Vec<(f64, f64)>,
    pub talks: Vec<(f64, f64)>,
    /// How far the person's hand is held out.
    pub offer: Track<f32>,
    pub looks: Vec<Glance>,
    pub deeds: Vec<Deed>,
    /// Which place the wearer stands before.
    pub here: Option<usize>,
    /// Where each thing lies; `None`: in a hand.
    pub lies: Vec<Option<SpotId>>,
    /// What each of the wearer's hands holds.
    pub in_hand: [Option<usize>; 2],
}

impl Script {
    pub fn free_spots(&self, place: usize) -> Vec<usize> {
        (0..self.room.places[place].spots.len())
            .filter(|spot| !self.lies.contains(&Some((place, *spot))))
            .collect()
    }

    /// Things in a place, in the order of its spots.
    pub fn things_in(&self, place: usize) -> Vec<usize> {
        let mut found: Vec<(usize, usize)> = self
            .lies
            .iter()
            .enumerate()
            .filter_map(|(thing, lies)| lies.filter(|(p, _)| *p == place).map(|(_, spot)| (spot, thing)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, thing)| thing).collect()
    }

    pub fn fits(&self, thing: usize, (place, spot): SpotId) -> bool {
        let spot = &self.room.places[place].spots[spot];
        let kind = self.things[thing].kind;
        let wide = kind.half[0].max(0.03) <= spot.half[0] + 0.06;
        wide && kind.half[1] <= spot.half[1] + 0.06 && height(kind) < spot.headroom
    }

    pub fn is_open(&self, container: usize) -> bool {
        self.open[container].last() > 0.5
    }

    /// Whether a hand can get at what lies there.
    pub fn is_within_reach(&self, place: usize) -> bool {
        self.room.places[place].container.is_none_or(|c| self.is_open(c))
    }
}

/// How high a thing is, roughly: its grip is near its middle or at its top.
pub fn height(kind: &Kind) -> f32 {
    (kind.grip.y * 2.0).clamp(0.03, 0.3)
}

/// Hands come from above to flat things, handles and what lies; from the side to what stands.
pub fn over(kind: &Kind) -> f32 {
    if kind.grip.y < 0.045 || kind.grip.y > 0.15 { 1.0 } else { 0.15 }
}

/// Half of what the hand closes around.
pub fn spread(kind: &Kind) -> f32 {
    match over(kind) > 0.5 {
        true => 0.012,
        false => kind.half[0].min(kind.half[1]).clamp(0.012, 0.045),
    }
}
