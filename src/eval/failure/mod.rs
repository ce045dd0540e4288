//! Why a query was not answered: classes, flags and profiles of failures in temporal grounding.
//!
//! The classes follow TIDE (Bolya et al. 2020) and DETAD (Alwassel et al. 2018), adapted to one
//! question with one moment. [`QuerySet`] holds the questions, [`Ranked`] one model's windows with
//! their IoUs, [`Diagnosis`] what follows for one set of thresholds; all is plain data that is cheap
//! to compute again.

mod adjusted;
mod boundary;
mod calibration;
mod class;
mod config;
mod confusion;
mod flags;
mod geometry;
mod grouping;
mod impact;
mod profile;
mod queries;
mod ranked;
mod recovery;
mod report;
mod spread;
mod summary;
mod table;
#[cfg(test)]
mod tests;

pub use adjusted::{Adjusted, adjusted};
pub use boundary::BoundaryKind;
pub use calibration::{Calibration, ReliabilityBin, RiskPoint, calibration};
pub use class::{Class, Finding, classify};
pub use config::FailureConfig;
pub use confusion::{Confusion, Shared, TemplateTable, shared, template_by_class, template_confusion};
pub(super) use flags::quantile;
pub use flags::{Flag, Flags};
pub use geometry::{Geometry, Hit, measure};
pub use grouping::{Grouping, groupings};
pub(super) use impact::repaired;
pub use impact::{Impact, Impacts, Oracle, impacts};
pub use profile::{Group, Profile, profile, wilson};
pub use queries::{Clip, Query, QuerySet, TruthFault, template_name};
pub use ranked::{Origin, Ranked, RankedNotes};
pub use recovery::Recovery;
pub use report::{Diagnosis, FailureReport};
pub use spread::{AtTheta, IOU_BINS, IouHistogram, iou_histogram, theta_stack};
pub use summary::{Count, Header, RankingPanel, class_counts, flags as flag_counts, header, ranking_panel};
pub use table::{CaseNote, cases_csv};
