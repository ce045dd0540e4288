//! Where the eyes are at every moment, and what a tracker on them would record.
//!
//! The script says what the eyes have to do with; between that they wander. Fixations hold on to
//! points of the room or of things, so they stay put while the head turns and follow what is
//! carried. Saccades last 21 ms and 2.2 ms a degree (Carpenter 1988, the main sequence).

use glam::{Quat, Vec3};

use super::config::GazeConfig;
use super::dice::Dice;
use super::motion::ease;
use super::script::{Glance, Sight, Verb};
use super::stage::{Stage, View};

/// The eyes turn no farther than this from the head's direction.
const WIDEST: f32 = 46.0 * std::f32::consts::PI / 180.0;
/// Targets faster than this, degrees a second, are followed and not fixated.
const PURSUIT_DEGREES: f32 = 6.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EyeState {
    Fixation,
    Saccade,
    Pursuit,
    Blink,
    Dropout,
}

/// The eyes at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    /// Where they point, fractions of the picture from its upper left corner.
    pub pos: [f32; 2],
    pub state: EyeState,
    /// What they are meant to be on.
    pub sight: Sight,
}

/// One row of the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub secs: f64,
    pub pos: [f32; 2],
    pub confidence: f32,
}

#[derive(Clone, Copy, Debug)]
struct Fixation {
    from: f64,
    sight: Sight,
    /// Aside of the middle of what is looked at, metres.
    aside: Vec3,
}

pub struct Eyes<'a> {
    stage: &'a Stage,
    fixations: Vec<Fixation>,
    /// Start and length.
    blinks: Vec<(f64, f64)>,
    dropouts: Vec<(f64, f64)>,
    config: GazeConfig,
    length: f64,
}

impl<'a> Eyes<'a> {
    pub fn new(stage: &'a Stage, config: &GazeConfig, length: f64, dice: &mut Dice) -> Self {
        let fixations = fixate(stage, length, dice);
        let mut blinks = Vec::new();
        let mut time = dice.between(0.6, 3.0);
        while config.blinks_per_minute > 0.0 && time < length - 0.5 {
            blinks.push((time, dice.between(0.14, 0.28)));
            let gap = 60.0 / config.blinks_per_minute;
            time += 0.7 + (gap - 0.7).max(0.2) * -libm::log(1.0 - dice.unit());
        }
        let mut dropouts = Vec::new();
        let count = config.dropouts_per_minute * length / 60.0;
        let whole = count as usize + usize::from(dice.chance(count.fract()));
        for _ in 0..whole {
            dropouts.push((dice.between(1.0, (length - 2.5).max(1.1)), dice.between(0.5, 1.6)));
        }
        Self { stage, fixations, blinks, dropouts, config: config.clone(), length }
    }

    /// The direction of a fixation, as far as the eyes turn.
    fn direction(&self, fixation: &Fixation, view: &View, time: f64) -> Vec3 {
        let at = self.stage.sight_at(fixation.sight, time) + fixation.aside;
        let way = (at - view.eye).normalize_or(view.ahead());
        let ahead = view.ahead();
        let angle = ahead.angle_between(way);
        if angle <= WIDEST {
            return way;
        }
        let axis = ahead.cross(way).normalize_or(Vec3::Y);
        Quat::from_axis_angle(axis, WIDEST) * ahead
    }

    pub fn at(&self, time: f64, view: &View) -> Eye {
        let next = self.fixations.partition_point(|f| f.from <= time);
        let index = next.saturating_sub(1);
        let now = &self.fixations[index];
        let to = self.direction(now, view, time);
        let before = index.checked_sub(1).map(|i| &self.fixations[i]);
        let (way, mut state) = match before {
            Some(before) => {
                let from = self.direction(before, view, time);
                let degrees = from.angle_between(to).to_degrees();
                let secs = 0.021 + 0.0022 * f64::from(degrees);
                let share = ease((time - now.from) / secs);
                if share < 1.0 && degrees > 0.3 {
                    let axis = from.cross(to).normalize_or(Vec3::Y);
                    let turned = Quat::from_axis_angle(axis, degrees.to_radians() * share) * from;
                    (turned, EyeState::Saccade)
                } else {
                    (to, EyeState::Fixation)
                }
            }
            None => (to, EyeState::Fixation),
        };
        if state == EyeState::Fixation {
            let (a, b) =
                (self.stage.sight_at(now.sight, time - 0.02), self.stage.sight_at(now.sight, time + 0.02));
            let angle = (a - view.eye).angle_between(b - view.eye).to_degrees() / 0.04;
            if angle > PURSUIT_DEGREES {
                state = EyeState::Pursuit;
            }
        }
        if self.within(&self.dropouts, time) {
            state = EyeState::Dropout;
        }
        if self.within(&self.blinks, time) {
            state = EyeState::Blink;
        }
        Eye { pos: view.project_direction(way), state, sight: now.sight }
    }

    fn within(&self, spans: &[(f64, f64)], time: f64) -> bool {
        spans.iter().any(|(from, secs)| (*from..from + secs).contains(&time))
    }

    /// What a tracker records of it: scatter, a constant error, blinks and dropouts as missing rows.
    pub fn record(&self, dice: &mut Dice) -> Vec<Sample> {
        let step = 1.0 / self.config.rate_hz;
        let tangent = self.stage.view(0.0).tangent;
        // a degree in the middle of the picture
        let degree = std::f32::consts::PI / 180.0 * 0.5 / tangent;
        let mut wide = || self.config.offset_degrees * (2.0 * dice.unit() - 1.0) * 0.7;
        let offset = [wide() as f32 * degree, wide() as f32 * degree];
        let scatter = self.config.noise_degrees as f32 * degree;
        let mut drift = [0.0f32; 2];
        let mut samples = Vec::with_capacity((self.length * self.config.rate_hz) as usize);
        let mut tick = 0u64;
        loop {
            let secs = tick as f64 * step + if tick == 0 { 0.0 } else { dice.between(-0.1, 0.1) * step };
            tick += 1;
            if secs >= self.length {
                return samples;
            }
            let noise = [dice.normal() as f32, dice.normal() as f32];
            let push = [dice.normal() as f32, dice.normal() as f32];
            let trust = dice.between(0.94, 1.0);
            for axis in 0..2 {
                drift[axis] = 0.995 * drift[axis] + 0.09 * scatter * push[axis];
            }
            if self.within(&self.dropouts, secs) {
                continue;
            }
            let view = self.stage.view(secs);
            let eye = self.at(secs, &view);
            let mut pos = [0, 1].map(|i| eye.pos[i] + offset[i] + drift[i] + 0.6 * scatter * noise[i]);
            let mut confidence = trust;
            if let Some((from, long)) =
                self.blinks.iter().find(|(from, long)| (*from..from + long).contains(&secs))
            {
                let shut = 1.0 - 2.0 * ((secs - from) / long - 0.5).abs();
                if shut > 0.4 {
                    continue; // the lid hides the pupil
                }
                // a closing lid drags the estimate down
                pos[1] += 0.12 * shut as f32;
                confidence = 0.8 - 1.6 * shut;
            }
            samples.push(Sample { secs, pos, confidence: confidence.max(0.05) as f32 });
        }
    }
}

/// The script's glances cut into fixations, with wandering in between.
fn fixate(stage: &Stage, length: f64, dice: &mut Dice) -> Vec<Fixation> {
    let mut fixations = Vec::new();
    let mut time = 0.0;
    let mut glances: Vec<Glance> = stage.script.looks.clone();
    glances.sort_by(|a, b| a.from.total_cmp(&b.from));
    for (index, glance) in glances.iter().enumerate() {
        if glance.from >= length {
            break;
        }
        if glance.from > time {
            wander(stage, time, glance.from, &mut fixations, dice);
        }
        let next = glances.get(index + 1).map_or(f64::MAX, |g| g.from);
        let until = glance.until.min(next);
        let mut from = glance.from.max(time);
        while from < until - 0.08 {
            let spread = match glance.sight {
                Sight::Thing(thing) => stage.script.things[thing].kind.half[0].min(0.05),
                Sight::Face => 0.045,
                _ => 0.03,
            };
            let mut aside = || (dice.normal().clamp(-2.0, 2.0) as f32) * spread * 0.42;
            let aside = Vec3::new(aside(), aside() * 0.7, aside());
            fixations.push(Fixation { from, sight: glance.sight, aside });
            from += dice.between(0.26, 0.75);
        }
        time = until.max(time);
    }
    wander(stage, time, length, &mut fixations, dice);
    if fixations.is_empty() {
        let sight = Sight::Point(stage.script.room.places[0].centre);
        fixations.push(Fixation { from: 0.0, sight, aside: Vec3::ZERO });
    }
    fixations
}

/// Short fixations near where the head points.
fn wander(stage: &Stage, from: f64, until: f64, fixations: &mut Vec<Fixation>, dice: &mut Dice) {
    let script = &stage.script;
    let mut time = from;
    // too short to go anywhere and come back: stay
    while until - time > 0.24 {
        let view = stage.view(time + 0.15);
        let shown = |point: Vec3| {
            let (x, y, depth) = view.project(point);
            depth > 0.3 && (0.12..0.88).contains(&x) && (0.12..0.88).contains(&y)
        };
        let mut choice: Vec<Sight> = (0..script.things.len())
            .filter(|t| !is_kept(stage, *t) && is_out(stage, *t, time))
            .map(Sight::Thing)
            .chain(script.room.places.iter().map(|p| Sight::Point(p.centre)))
            .filter(|s| shown(stage.sight_at(*s, time)))
            .collect();
        // somewhere ahead, on nothing in particular
        for _ in 0..3 {
            let aside = |dice: &mut Dice| 0.55 * dice.normal().clamp(-1.5, 1.5) as f32;
            let way = view.turn * Vec3::new(aside(dice), aside(dice) - 0.1, -1.8);
            choice.push(Sight::Point(view.eye + way));
        }
        let sight = dice.pick(&choice).copied().unwrap_or(Sight::Point(view.eye + view.ahead()));
        fixations.push(Fixation { from: time, sight, aside: Vec3::ZERO });
        let secs = dice.between(0.2, 0.48);
        time += secs;
    }
}

/// Kept for a look of its own: in passing it is not looked at, so that the look is the only one.
fn is_kept(stage: &Stage, thing: usize) -> bool {
    let script = &stage.script;
    let is_same = |other: usize| script.things[other].name == script.things[thing].name;
    script.deeds.iter().any(|d| d.verb == Verb::Inspect && d.thing.is_some_and(is_same))
}

/// Not shut away.
fn is_out(stage: &Stage, thing: usize, time: f64) -> bool {
    let at = stage.thing_at(thing, time);
    stage.script.room.containers.iter().enumerate().all(|(index, c)| {
        let inside = stage.script.room.places[c.place].spots.iter().any(|s| s.pos.distance(at) < 0.12);
        !inside || stage.script.open[index].value(time) > 0.5
    })
}
