//! What repairing one kind of failure would bring. For recall at 1 it is the class's share; for the
//! mean IoU the first window is replaced by the repaired one, as TIDE's oracles do.

use serde::{Deserialize, Serialize};

use super::geometry::best_iou;
use super::{Class, Finding, Geometry, QuerySet, Ranked};

/// One repair of first windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oracle {
    /// Class 2: the first right window comes first.
    Ranking,
    /// Class 3: the start is the true one.
    Start,
    /// Class 3: the end is.
    End,
    /// Class 3: both are.
    BothEdges,
    /// Class 5: the truth instead of another question's moment.
    Confusion,
}

impl Oracle {
    pub const ALL: [Self; 5] = [Self::Ranking, Self::Start, Self::End, Self::BothEdges, Self::Confusion];
    /// The order in which repairs are added up; start and end together are both edges.
    const PROGRESSION: [Self; 4] = [Self::Ranking, Self::Start, Self::End, Self::Confusion];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ranking => "fix ranking",
            Self::Start => "fix start",
            Self::End => "fix end",
            Self::BothEdges => "fix both edges",
            Self::Confusion => "fix confusion",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Impact {
    pub oracle: Oracle,
    /// Queries it touches.
    pub cases: usize,
    /// What it adds to the mean IoU by itself.
    pub mean_iou_gain: f64,
    /// What it adds to recall at 1 by itself.
    pub r1_gain: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Impacts {
    pub mean_iou: f64,
    pub alone: Vec<Impact>,
    /// Mean IoU after each repair of ranking, start, end, confusion on top of those before it.
    pub progressive: Vec<(Oracle, f64)>,
}

/// The first window after the repairs that fit the case.
pub(in crate::eval) fn repaired(
    ranked: &Ranked,
    place: usize,
    finding: &Finding,
    geometry: &Geometry,
    oracles: &[Oracle],
) -> [f64; 2] {
    let has = |oracle: Oracle| oracles.contains(&oracle);
    let [mut start, mut end] = geometry.window;
    match finding.class {
        Class::Ranking if has(Oracle::Ranking) => {
            let right = finding.right_rank.and_then(|rank| ranked.windows(place).get(rank - 1));
            [start, end] = right.map_or([start, end], |w| [w.start, w.end]);
        }
        Class::Boundary => {
            if has(Oracle::Start) || has(Oracle::BothEdges) {
                start = geometry.truth[0];
            }
            if has(Oracle::End) || has(Oracle::BothEdges) {
                end = geometry.truth[1];
            }
        }
        Class::QueryConfusion if has(Oracle::Confusion) => [start, end] = geometry.truth,
        _ => {}
    }
    [start, end]
}

pub fn impacts(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: &[Option<Geometry>],
    findings: &[Finding],
    theta: f64,
) -> Impacts {
    let n = set.len() as f64;
    // sum of IoUs, right ones, and how many windows changed
    let after = |oracles: &[Oracle]| {
        let (mut sum, mut right, mut changed) = (0.0, 0, 0);
        for place in 0..set.len() {
            let Some(g) = &geometry[place] else { continue };
            let window = repaired(ranked, place, &findings[place], g, oracles);
            let is_changed = window != g.window;
            let iou = if is_changed { best_iou(window, &set.queries[place].truths) } else { g.iou };
            sum += if iou.is_nan() { 0.0 } else { iou };
            right += usize::from(iou > theta);
            changed += usize::from(is_changed);
        }
        (sum / n, right as f64 / n, changed)
    };
    let (mean_iou, r1, _) = after(&[]);
    let alone = Oracle::ALL.map(|oracle| {
        let (iou, right, cases) = after(&[oracle]);
        Impact { oracle, cases, mean_iou_gain: iou - mean_iou, r1_gain: right - r1 }
    });
    let progressive = (1..=Oracle::PROGRESSION.len())
        .map(|steps| (Oracle::PROGRESSION[steps - 1], after(&Oracle::PROGRESSION[..steps]).0));
    Impacts { mean_iou, alone: alone.to_vec(), progressive: progressive.collect() }
}
