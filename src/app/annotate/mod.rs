//! What a person says about the open clip or case: moments, tags and verdicts, corrected gaze. All of it
//! is in the project; here is what is chosen, and what can be asked.

mod cases;
mod gaze;
mod lanes;
mod moments;

use std::sync::Arc;

pub use cases::{Queue, case_key, judgement, queue_reason};
pub use gaze::{edges_of_fixes, fixes_here, refresh as refresh_gaze};
pub use lanes::{MINE, own_events, own_lanes};
pub use moments::{chosen_moment, chosen_query, queries_here};

use super::state::AppState;
use crate::eval::review::ReviewReason;
use crate::project::{Id, QueryKey, ReviewState, Tag, Verdict};
use crate::time::{MediaTime, TimeRange};

/// Which part of the chosen moment the keys move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    Start,
    #[default]
    End,
    Whole,
}

impl Edge {
    pub const ALL: [Self; 3] = [Self::Start, Self::End, Self::Whole];

    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::End => "End",
            Self::Whole => "Whole",
        }
    }
}

/// How far a nudge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nudge {
    Frames(i32),
    /// Features of the model.
    Steps(i32),
}

#[derive(Clone, Debug)]
pub enum AnnotateCommand {
    /// A moment of the marked range; without one, of the chosen predicted moment.
    NewMoment,
    Create(TimeRange),
    /// The annotated moments become the person's own, to be corrected.
    CopyTruth,
    Choose(Option<Id>),
    /// The moment after or before the chosen one.
    Step(i32),
    /// While it is dragged, and the edge to look at.
    Drag {
        moment: Id,
        range: TimeRange,
        edge: MediaTime,
        is_trim: bool,
    },
    Drop,
    CancelDrag,
    SetRange(Id, TimeRange),
    /// An edge of the chosen moment comes to the playhead.
    ToPlayhead(Edge),
    SetEdge(Edge),
    NextEdge,
    Nudge(Nudge),
    Split,
    Join,
    Duplicate,
    Delete,
    LoopOwn,
    NewQuery,
    ChooseQuery(Id),
    SetText(Id, String),
    SetTemplate(Id, Option<String>),
    RemoveQuery(Id),
    SetAuthor(String),
    /// Of the case at hand; the same again takes it back.
    Verdict(Verdict),
    Tag(String),
    /// The tag on a key.
    TagKey(char),
    PutTag(Tag),
    RemoveTag(String),
    Note(QueryKey, String),
    Review(ReviewState),
    MakeQueue,
    Queued(Arc<Queue>),
    /// The next case of the queue that is still to do, or the one before.
    StepQueue(i32),
    ToggleGazeTool,
    /// Fractions of the picture: the gaze at the playhead is here.
    PointGaze([f32; 2]),
    DropGaze,
    InvalidateRange,
    RemoveFix(Id),
    RemoveFixesHere,
}

#[derive(Default)]
pub struct Annotate {
    query: Option<Id>,
    moment: Option<Id>,
    pub edge: Edge,
    /// Clicks on the picture correct the gaze.
    pub is_gaze_tool: bool,
    /// The correction that is being dragged.
    dragged_fix: Option<Id>,
    pub queue: Option<Arc<Queue>>,
    gaze: gaze::Shown,
}

impl Annotate {
    /// What was chosen is of another project or clip.
    pub fn forget_choice(&mut self) {
        (self.query, self.moment, self.dragged_fix) = (None, None, None);
        self.is_gaze_tool = false;
    }

    /// Another question is looked at: what is written is about that one.
    pub fn follow_question(&mut self) {
        (self.query, self.moment) = (None, None);
    }

    pub fn reason(&self, row: usize) -> Option<ReviewReason> {
        self.queue.as_ref().and_then(|queue| queue.reason(row))
    }
}

pub fn apply(state: &mut AppState, command: AnnotateCommand, wall_secs: f64) {
    match command {
        AnnotateCommand::Verdict(_)
        | AnnotateCommand::Tag(_)
        | AnnotateCommand::TagKey(_)
        | AnnotateCommand::PutTag(_)
        | AnnotateCommand::RemoveTag(_)
        | AnnotateCommand::Note(..)
        | AnnotateCommand::Review(_)
        | AnnotateCommand::MakeQueue
        | AnnotateCommand::Queued(_)
        | AnnotateCommand::StepQueue(_) => cases::apply(state, command, wall_secs),
        AnnotateCommand::ToggleGazeTool
        | AnnotateCommand::PointGaze(_)
        | AnnotateCommand::DropGaze
        | AnnotateCommand::InvalidateRange
        | AnnotateCommand::RemoveFix(_)
        | AnnotateCommand::RemoveFixesHere => gaze::apply(state, command),
        _ => moments::apply(state, command, wall_secs),
    }
}
