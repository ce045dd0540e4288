//! What a person's project holds: where the data lies and everything they wrote about it. What was
//! computed is not in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Id, Keyed, List, QueryKey};
use crate::time::{MediaTime, TimeRange};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Who is working.
    pub author: String,
    pub sources: List<Source>,
    pub queries: List<Query>,
    pub gaze_fixes: List<GazeFix>,
    pub tags: List<Tag>,
    pub judgements: List<Judgement>,
    pub markers: List<Marker>,
    pub filters: List<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Video,
    Gaze,
    Annotations,
    Predictions,
    /// Features computed elsewhere.
    Store,
    /// A checkpoint, or its configuration.
    Model,
}

impl SourceKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Gaze => "gaze",
            Self::Annotations => "annotations",
            Self::Predictions => "predictions",
            Self::Store => "features",
            Self::Model => "model",
        }
    }
}

/// A file or folder that the project is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub id: Id,
    pub kind: SourceKind,
    /// Absolute in memory, relative to the project in its file.
    pub path: PathBuf,
    /// Tells the file again when it has moved; none for folders.
    pub fingerprint: Option<Fingerprint>,
    /// The clip that it is of, where it is of one.
    pub clip: Option<String>,
}

/// Size and SHA-256 of the first and the last MiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    pub size: u64,
    pub ends_sha256: String,
}

/// A question that a person asked, or a data set's that they changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub id: Id,
    pub clip: String,
    /// The data set's query that this one replaces; the file itself stays as it is.
    pub origin: Option<QueryKey>,
    pub text: String,
    pub template: Option<String>,
    pub author: String,
    /// Where the answer is, in the order in which they were made.
    pub moments: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub id: Id,
    pub range: TimeRange,
    pub author: String,
}

/// A correction of recorded gaze; the recording itself stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GazeFix {
    pub id: Id,
    /// The gaze source.
    pub source: Id,
    pub author: String,
    pub what: GazeFixKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeFixKind {
    /// Looked here at this time; fractions of the picture from its top left.
    Point { time: MediaTime, pos: [f32; 2] },
    /// The recording means nothing here.
    Invalid { range: TimeRange },
}

/// A word for cases, and the key that sets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub name: String,
    pub key: Option<char>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    ModelWrong,
    TruthWrong,
    BothAcceptable,
    CannotTell,
}

impl Verdict {
    pub const ALL: [Self; 4] = [Self::ModelWrong, Self::TruthWrong, Self::BothAcceptable, Self::CannotTell];

    pub fn name(self) -> &'static str {
        match self {
            Self::ModelWrong => "model wrong",
            Self::TruthWrong => "truth wrong",
            Self::BothAcceptable => "both acceptable",
            Self::CannotTell => "cannot tell",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    #[default]
    Todo,
    Done,
    Rejected,
}

impl ReviewState {
    pub const ALL: [Self; 3] = [Self::Todo, Self::Done, Self::Rejected];

    pub fn name(self) -> &'static str {
        match self {
            Self::Todo => "to do",
            Self::Done => "done",
            Self::Rejected => "rejected",
        }
    }
}

/// What one person thinks of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub case: QueryKey,
    pub author: String,
    pub verdict: Option<Verdict>,
    pub tags: Vec<String>,
    pub note: String,
    pub review: ReviewState,
    /// Of the last change, seconds since 1970.
    pub unix_secs: u64,
}

impl Judgement {
    /// Nothing said yet.
    pub fn empty(case: QueryKey, author: impl Into<String>) -> Self {
        Self {
            case,
            author: author.into(),
            verdict: None,
            tags: Vec::new(),
            note: String::new(),
            review: ReviewState::Todo,
            unix_secs: 0,
        }
    }
}

/// A place in a clip to come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub id: Id,
    pub clip: String,
    pub time: MediaTime,
    #[serde(default)]
    pub colour: MarkerColour,
    pub label: String,
    pub author: String,
}

/// Colours have names, so that a file can be read and colours can be told by word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkerColour {
    #[default]
    Yellow,
    Red,
    Green,
    Blue,
    Purple,
    Grey,
}

impl MarkerColour {
    pub const ALL: [Self; 6] = [Self::Yellow, Self::Red, Self::Green, Self::Blue, Self::Purple, Self::Grey];

    pub fn name(self) -> &'static str {
        match self {
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Grey => "grey",
        }
    }
}

/// A filter of the case table, kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub name: String,
    pub text: String,
}

/// The tags that a new project has, on the keys 1 to 8.
const CAUSES: [&str; 8] = [
    "wrong object",
    "wrong actor",
    "wrong action or state",
    "temporal relation",
    "counting",
    "long action truncated",
    "not visible or too small",
    "ambiguous query",
];

impl Project {
    /// Empty but for the usual tags.
    pub fn new(author: impl Into<String>) -> Self {
        let tags =
            CAUSES.iter().zip('1'..).map(|(name, key)| Tag { name: (*name).to_owned(), key: Some(key) });
        Self { author: author.into(), tags: tags.collect(), ..Self::default() }
    }

    /// What this person has said of a case.
    pub fn judgement(&self, case: &QueryKey, author: &str) -> Option<&Judgement> {
        self.judgements.iter().find(|j| j.case == *case && j.author == author)
    }
}

macro_rules! keyed {
    ($($item:ty, $key:ty, $of:expr;)*) => {$(
        impl Keyed for $item {
            type Key = $key;
            fn key(&self) -> $key {
                let of: fn(&$item) -> $key = $of;
                of(self)
            }
        }
    )*};
}

keyed! {
    Source, Id, |s| s.id;
    Query, Id, |q| q.id;
    GazeFix, Id, |g| g.id;
    Tag, String, |t| t.name.clone();
    Judgement, (QueryKey, String), |j| (j.case.clone(), j.author.clone());
    Marker, Id, |m| m.id;
    Filter, String, |f| f.name.clone();
}
