//! The second axis: how far the right moment was from being an answer. Tells a wrong order and a
//! strict NMS from a network that did not see the moment at all.

use serde::{Deserialize, Serialize};

use super::{Class, FailureConfig, Ranked};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Right among the top K.
    InTopK,
    /// The top K only touch it.
    TouchedInTopK,
    /// Right further down among the windows that are stored.
    CutOff,
    /// Right among the candidates that NMS or the minimum score took away.
    Suppressed,
    /// Right nowhere among all candidates.
    NotProposed,
    /// Right nowhere among the stored windows; the candidates before them are not known.
    NotStored,
}

impl Recovery {
    pub const ALL: [Self; 6] = [
        Self::InTopK,
        Self::TouchedInTopK,
        Self::CutOff,
        Self::Suppressed,
        Self::NotProposed,
        Self::NotStored,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::InTopK => "in the top answers",
            Self::TouchedInTopK => "touched by the top answers",
            Self::CutOff => "cut off",
            Self::Suppressed => "suppressed",
            Self::NotProposed => "not proposed",
            Self::NotStored => "not among the stored windows",
        }
    }

    pub fn definition(self, config: &FailureConfig) -> String {
        let FailureConfig { theta, background_iou, top_k, kept, .. } = config;
        match self {
            Self::InTopK => format!("One of the first {top_k} answers has an IoU above {theta}."),
            Self::TouchedInTopK => {
                format!("The best of the first {top_k} answers has an IoU from {background_iou} to {theta}.")
            }
            Self::CutOff => {
                format!("A stored window below the first {top_k}, to rank {kept}, has an IoU above {theta}.")
            }
            Self::Suppressed => format!(
                "A candidate with an IoU above {theta} was taken away by Soft-NMS or the minimum score."
            ),
            Self::NotProposed => format!("No candidate of the network has an IoU above {theta}."),
            Self::NotStored => {
                format!("No stored window has an IoU above {theta}; what came before Soft-NMS is not known.")
            }
        }
    }
}

pub(super) fn recovery_of(
    ranked: &Ranked,
    place: usize,
    class: Class,
    right_rank: Option<usize>,
    config: &FailureConfig,
) -> Option<Recovery> {
    if matches!(class, Class::Correct | Class::InvalidTruth) {
        return None;
    }
    let ious = ranked.ious(place);
    let mut top = ious[..ious.len().min(config.top_k)].iter();
    Some(if right_rank.is_some_and(|rank| rank <= config.top_k) {
        Recovery::InTopK
    } else if top.any(|iou| *iou >= config.background_iou) {
        Recovery::TouchedInTopK
    } else if right_rank.is_some() {
        Recovery::CutOff
    } else {
        match &ranked.raw_best {
            Some(best) if best[place] > config.theta => Recovery::Suppressed,
            Some(_) => Recovery::NotProposed,
            None => Recovery::NotStored,
        }
    })
}
