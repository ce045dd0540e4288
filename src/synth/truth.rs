//! The truth of one clip, picture by picture.

use super::eyes::{EyeState, Eyes};
use super::script::Sight;
use super::sight::{Seen, SightBuffer};
use super::stage::{Stage, View};
use crate::render::world::PartPose;

/// What counts as looked at: this far around the eyes' direction, degrees.
const FOVEA_DEGREES: f32 = 1.5;

#[derive(Clone, Debug)]
pub struct FrameTruth {
    pub seen: Vec<Seen>,
    /// Where the eyes truly point, fractions of the picture.
    pub gaze: [f32; 2],
    pub state: EyeState,
    /// The actor that is looked at.
    pub looked_at: Option<usize>,
    /// Where the base of every thing is in the room.
    pub things: Vec<[f32; 3]>,
}

impl FrameTruth {
    pub fn new(
        stage: &Stage,
        eyes: &Eyes<'_>,
        buffer: &mut SightBuffer,
        time: f64,
        view: &View,
        poses: &[PartPose],
    ) -> Self {
        let seen = buffer.look(stage, view, poses);
        let eye = eyes.at(time, view);
        let radius = FOVEA_DEGREES.to_radians() * 0.5 / view.tangent;
        let is_looking = matches!(eye.state, EyeState::Fixation | EyeState::Pursuit);
        let meant = match eye.sight {
            Sight::Thing(thing) => Some(thing),
            Sight::Handle(container) => Some(stage.script.things.len() + container),
            Sight::Face => stage.actors.iter().position(|a| a.id == "person-0"),
            Sight::Lamp => stage.actors.iter().position(|a| a.id == "lamp-0"),
            Sight::Ball => stage.actors.iter().position(|a| a.id == "ball-0"),
            Sight::Point(_) => None,
        };
        let looked_at = match is_looking {
            // the tracker's error is not the eye's: what is meant wins where it is in view
            true => {
                meant.filter(|m| buffer.is_near(eye.pos, radius, *m)).or_else(|| buffer.owner_at(eye.pos))
            }
            false => None,
        };
        let things = (0..stage.script.things.len())
            .map(|t| stage.thing_pose(t, time).translation.into())
            .map(|t: glam::Vec3| t.to_array())
            .collect();
        Self { seen, gaze: eye.pos, state: eye.state, looked_at, things }
    }
}
