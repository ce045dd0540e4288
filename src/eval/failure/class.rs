//! The main classes: one a query, the first definition that fits.

use serde::{Deserialize, Serialize};

use super::boundary::{self, BoundaryKind};
use super::flags::{self, Flags};
use super::recovery::{self, Recovery};
use super::{FailureConfig, Geometry, QuerySet, Ranked};
use crate::eval::hull_iou;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    InvalidTruth,
    Correct,
    Ranking,
    Boundary,
    OtherOccurrence,
    QueryConfusion,
    NearMiss,
    Background,
    NoPrediction,
}

impl Class {
    pub const ALL: [Self; 9] = [
        Self::InvalidTruth,
        Self::Correct,
        Self::Ranking,
        Self::Boundary,
        Self::OtherOccurrence,
        Self::QueryConfusion,
        Self::NearMiss,
        Self::Background,
        Self::NoPrediction,
    ];

    /// Its number in the taxonomy, 0 to 8.
    pub fn number(self) -> usize {
        self as usize
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidTruth => "invalid truth",
            Self::Correct => "correct",
            Self::Ranking => "ranking",
            Self::Boundary => "boundary",
            Self::OtherOccurrence => "other valid occurrence",
            Self::QueryConfusion => "query confusion",
            Self::NearMiss => "near miss",
            Self::Background => "background",
            Self::NoPrediction => "no prediction",
        }
    }

    /// The definition with its numbers, for the hover text.
    pub fn definition(self, config: &FailureConfig) -> String {
        let FailureConfig { theta, background_iou, top_k, outside_secs, near_secs, .. } = config;
        match self {
            Self::InvalidTruth => format!(
                "The query has no text, or its true moment has no length or lies more than {outside_secs} s outside the clip: counted in the official figures, not diagnosed."
            ),
            Self::Correct => format!("The first answer's IoU is above {theta}."),
            Self::Ranking => format!("An answer further down, to rank {top_k}, has an IoU above {theta}."),
            Self::Boundary => format!(
                "The first answer touches the true moment (IoU from {background_iou} to {theta}) but its edges are off."
            ),
            Self::OtherOccurrence => format!(
                "The first answer fits (IoU above {theta}) another annotated moment of the same question in this clip, or one that a person accepted."
            ),
            Self::QueryConfusion => format!(
                "The first answer fits (IoU above {theta}) the moment of another question about this clip, which lies elsewhere."
            ),
            Self::NearMiss => format!(
                "The first answer lies within {near_secs} s of the true moment, or within the moment's own length."
            ),
            Self::Background => "The first answer lies somewhere else in the clip.".to_owned(),
            Self::NoPrediction => "There is no answer.".to_owned(),
        }
    }

    /// Wrong, and not for the order of the answers alone: class 3 and above.
    pub fn is_miss(self) -> bool {
        self >= Self::Boundary
    }
}

/// What is found about one query for one model at one θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    pub class: Class,
    /// Of class 3 only.
    pub boundary: Option<BoundaryKind>,
    pub flags: Flags,
    /// How far the right moment was from being an answer; none for what is correct or invalid.
    pub recovery: Option<Recovery>,
    /// Rank of the first window above θ among all that are stored, from 1 (r*).
    pub right_rank: Option<usize>,
    /// c1 − c_r*, where both have scores.
    pub score_gap: Option<f64>,
    /// Windows before r* that are duplicates of the first, itself included.
    pub crowding: usize,
    /// The query whose moment was hit, of classes 4 and 5.
    pub hit: Option<usize>,
}

impl Finding {
    /// What a query without a usable truth gets.
    const INVALID: Self = Self {
        class: Class::InvalidTruth,
        boundary: None,
        flags: Flags::NONE,
        recovery: None,
        right_rank: None,
        score_gap: None,
        crowding: 0,
        hit: None,
    };
}

/// One finding a query. Only compares: IoUs and geometry are ready.
pub fn classify(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: &[Option<Geometry>],
    config: &FailureConfig,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        (0..set.len()).map(|place| finding(set, ranked, geometry[place].as_ref(), place, config)).collect();
    flags::mark_over_confident(&mut findings, ranked, config);
    findings
}

fn finding(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: Option<&Geometry>,
    place: usize,
    config: &FailureConfig,
) -> Finding {
    if set.queries[place].fault.is_some() {
        return Finding::INVALID;
    }
    let right_rank = ranked.ious(place).iter().position(|iou| *iou > config.theta).map(|at| at + 1);
    let (class, hit) = class_of(right_rank, geometry, config);
    let windows = ranked.windows(place);
    let is_ranking = class == Class::Ranking;
    let right = right_rank.filter(|_| is_ranking).map(|rank| rank - 1);
    Finding {
        class,
        boundary: geometry.filter(|_| class == Class::Boundary).map(|g| boundary::kind_of(g, config)),
        flags: flags::flags_of(set, ranked, geometry, place, class, config),
        recovery: recovery::recovery_of(ranked, place, class, right_rank, config),
        right_rank,
        score_gap: right.and_then(|at| Some(windows[0].score? - windows[at].score?)),
        crowding: right.map_or(0, |at| {
            let first = [windows[0].start, windows[0].end];
            windows[..at].iter().filter(|w| hull_iou([w.start, w.end], first) >= config.duplicate_iou).count()
        }),
        hit,
    }
}

/// Classes 1 to 8, and the query that was hit instead.
pub(super) fn class_of(
    right_rank: Option<usize>,
    geometry: Option<&Geometry>,
    config: &FailureConfig,
) -> (Class, Option<usize>) {
    let Some(g) = geometry else { return (Class::NoPrediction, None) };
    match right_rank {
        Some(1) => return (Class::Correct, None),
        Some(rank) if rank <= config.top_k => return (Class::Ranking, None),
        _ => {}
    }
    if g.iou >= config.background_iou {
        return (Class::Boundary, None);
    }
    let is_fit = |iou: f64| iou > config.theta;
    if let Some(hit) = g.same_words.filter(|hit| is_fit(hit.iou)) {
        return (Class::OtherOccurrence, Some(hit.query));
    }
    if is_fit(g.accepted_iou) {
        return (Class::OtherOccurrence, None);
    }
    if let Some(hit) = g.other_words.filter(|hit| is_fit(hit.iou)) {
        return (Class::QueryConfusion, Some(hit.query));
    }
    if g.gap <= config.near_secs.max(g.truth[1] - g.truth[0]) {
        return (Class::NearMiss, None);
    }
    (Class::Background, None)
}
