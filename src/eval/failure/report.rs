//! Everything about one model at one θ, ready to be printed, stored or drawn.

use std::sync::Arc;

use serde::Serialize;

use super::confusion::{self, Confusion, TemplateTable};
use super::impact::{self, Impacts};
use super::spread::{self, AtTheta, IouHistogram};
use super::summary::{self, Count, Header, RankingPanel};
use super::{
    BoundaryKind, Calibration, Class, FailureConfig, Finding, Flag, Geometry, Grouping, Profile, QuerySet,
    Ranked, RankedNotes, Recovery, calibration, classify, measure, profile,
};
use crate::job::{Cancelled, JobCtx};
use crate::project::QueryKey;

/// One model with what was computed about it. A new θ needs [`Diagnosis::reclassify`] only.
/// Cheap to clone: what does not depend on θ is shared.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub ranked: Arc<Ranked>,
    pub geometry: Arc<Vec<Option<Geometry>>>,
    pub findings: Vec<Finding>,
    pub config: FailureConfig,
}

impl Diagnosis {
    pub fn new(set: &QuerySet, ranked: Ranked, config: FailureConfig) -> Self {
        let geometry = measure(set, &ranked, &config);
        let findings = classify(set, &ranked, &geometry, &config);
        Self { ranked: Arc::new(ranked), geometry: Arc::new(geometry), findings, config }
    }

    /// Classifies again. Geometry is measured again only when a threshold that it uses has changed.
    pub fn reclassify(&mut self, set: &QuerySet, config: FailureConfig) {
        let same_geometry = FailureConfig { theta: self.config.theta, ..config.clone() } == self.config;
        if !same_geometry {
            self.geometry = Arc::new(measure(set, &self.ranked, &config));
        }
        self.findings = classify(set, &self.ranked, &self.geometry, &config);
        self.config = config;
    }

    pub fn report(&self, set: &QuerySet, groupings: &[Grouping]) -> FailureReport {
        let Self { ranked, geometry, findings, config } = self;
        let invalid = set.queries.iter().filter_map(|q| Some((q.key.clone(), q.fault?.meaning())));
        FailureReport {
            model: ranked.name.clone(),
            config: config.clone(),
            notes: ranked.notes,
            raw_candidates_known: ranked.raw_best.is_some(),
            header: summary::header(set, ranked, findings, config),
            classes: summary::classes(findings),
            boundaries: summary::boundaries(findings),
            recoveries: summary::recoveries(findings),
            flags: summary::flags(findings),
            ranking: summary::ranking_panel(findings),
            impacts: impact::impacts(set, ranked, geometry, findings, config.theta),
            confusion: confusion::confusion(set, findings),
            template_by_class: confusion::template_by_class(set, findings),
            template_confusion: confusion::template_confusion(set, findings),
            profiles: groupings.iter().map(|g| profile(g, findings, config)).collect(),
            iou_histogram: spread::iou_histogram(ranked, findings),
            calibration: calibration(set, ranked, config),
            theta_stack: spread::theta_stack(set, ranked, geometry, config),
            invalid: invalid.collect(),
        }
    }

    /// The chance rate of query confusion; takes a while, so it is not part of [`Self::report`].
    pub fn chance_of_confusion(&self, set: &QuerySet, ctx: &JobCtx) -> Result<f64, Cancelled> {
        confusion::chance_of_confusion(set, &self.ranked, &self.geometry, &self.config, ctx)
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct FailureReport {
    pub model: String,
    pub config: FailureConfig,
    pub notes: RankedNotes,
    pub raw_candidates_known: bool,
    pub header: Header,
    pub classes: Vec<Count<Class>>,
    pub boundaries: Vec<Count<BoundaryKind>>,
    pub recoveries: Vec<Count<Recovery>>,
    pub flags: Vec<Count<Flag>>,
    pub ranking: RankingPanel,
    pub impacts: Impacts,
    pub confusion: Confusion,
    pub template_by_class: TemplateTable,
    pub template_confusion: TemplateTable,
    pub profiles: Vec<Profile>,
    pub iou_histogram: IouHistogram,
    pub calibration: Calibration,
    pub theta_stack: Vec<AtTheta>,
    /// Queries of class 0 and why.
    pub invalid: Vec<(QueryKey, &'static str)>,
}
