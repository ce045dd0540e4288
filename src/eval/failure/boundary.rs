//! In which way a window that touches the truth is off at its edges.

use serde::{Deserialize, Serialize};

use super::{FailureConfig, Geometry};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundaryKind {
    /// Too short and inside: only the beginning of the event is found.
    FirstPart,
    /// Only its end.
    LastPart,
    /// Neither edge is met.
    MiddlePart,
    /// Too long: the event and more.
    Bloated,
    EarlyShift,
    LateShift,
}

impl BoundaryKind {
    pub const ALL: [Self; 6] =
        [Self::FirstPart, Self::LastPart, Self::MiddlePart, Self::Bloated, Self::EarlyShift, Self::LateShift];

    pub fn name(self) -> &'static str {
        match self {
            Self::FirstPart => "truncated, first part only",
            Self::LastPart => "truncated, last part only",
            Self::MiddlePart => "truncated, middle",
            Self::Bloated => "bloated",
            Self::EarlyShift => "early shift",
            Self::LateShift => "late shift",
        }
    }

    pub fn is_truncated(self) -> bool {
        matches!(self, Self::FirstPart | Self::LastPart | Self::MiddlePart)
    }

    pub fn definition(self, config: &FailureConfig) -> String {
        let (inside, edge) = (config.inside_share * 100.0, config.edge_share * 100.0);
        let truncated = format!("Shorter than the true moment and at least {inside:.0} % inside it");
        match self {
            Self::FirstPart => format!(
                "{truncated}; the start is met within {edge:.0} % of its length and the end comes earlier than that."
            ),
            Self::LastPart => format!(
                "{truncated}; the end is met within {edge:.0} % of its length and the start comes later than that."
            ),
            Self::MiddlePart => format!("{truncated}; neither just its first nor just its last part."),
            Self::Bloated => {
                format!("Longer than the true moment, of which it covers at least {inside:.0} %.")
            }
            Self::EarlyShift => {
                "Neither truncated nor bloated; its middle comes before the true one.".to_owned()
            }
            Self::LateShift => {
                "Neither truncated nor bloated; its middle comes after the true one.".to_owned()
            }
        }
    }
}

/// Whatever the main class is: the window is short and inside the truth.
pub(super) fn is_truncated(g: &Geometry, config: &FailureConfig) -> bool {
    g.inside >= config.inside_share && g.scale < 1.0
}

pub(super) fn kind_of(g: &Geometry, config: &FailureConfig) -> BoundaryKind {
    let allowed = config.edge_share * (g.truth[1] - g.truth[0]);
    if is_truncated(g, config) {
        if g.start_error.abs() <= allowed && g.end_error < -allowed {
            BoundaryKind::FirstPart
        } else if g.end_error.abs() <= allowed && g.start_error > allowed {
            BoundaryKind::LastPart
        } else {
            BoundaryKind::MiddlePart
        }
    } else if g.found >= config.inside_share && g.scale > 1.0 {
        BoundaryKind::Bloated
    } else if g.shift < 0.0 {
        BoundaryKind::EarlyShift
    } else {
        BoundaryKind::LateShift
    }
}
