//! Why the queries of a data set were not answered: the failure analysis of its prediction files, row
//! by row, for one set of thresholds. Everything that a new threshold or another setting behind the
//! network needs is kept, so that it can be asked for while a slider is dragged.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::{DataSet, OpenedPredictions};
use crate::eval::compare::{Comparison, cell, compare};
use crate::eval::failure::{
    Class, Diagnosis, FailureConfig, FailureReport, Finding, Geometry, Grouping, Header, Query, QuerySet,
    Ranked, class_counts, groupings, header,
};
use crate::eval::review::{ReviewReason, review_queue};
use crate::eval::what_if::{Candidates, WhatIf, what_if};
use crate::job::{Cancelled, JobCtx};

/// Cases of the random sample among those to be reviewed.
const SAMPLE: usize = 100;

/// What does not depend on any threshold of the window.
pub struct Basis {
    pub set: QuerySet,
    pub groupings: Vec<Grouping>,
    place_of_row: Vec<Option<u32>>,
    row_of_place: Vec<u32>,
    files: Vec<Arc<OpenedPredictions>>,
    /// The raw or else the stored windows of each, laid out once somebody asks "what if".
    candidates: Vec<OnceLock<Candidates>>,
}

/// What the analysis is to be of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    pub config: FailureConfig,
    /// The prediction file under review.
    pub model: usize,
    /// The one that it is compared with.
    pub other: Option<usize>,
    /// Settings behind the network, for the one under review.
    pub what_if: WhatIf,
}

/// The analysis of a data set's prediction files.
pub struct Analysis {
    pub wanted: Wanted,
    pub basis: Arc<Basis>,
    /// As stored, one a prediction file.
    pub models: Vec<Arc<Diagnosis>>,
    /// Figures of each, as stored.
    pub headers: Vec<Header>,
    /// The one under review, with the settings of "what if".
    pub shown: Arc<Diagnosis>,
    pub report: FailureReport,
    /// From the other to the one under review.
    pub comparison: Option<Comparison>,
}

/// Cases that belong together, in the order in which they are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseList {
    /// Right in the model under review, in the other one.
    Flip(bool, bool),
    /// From a class of the other model to one of the model under review.
    Transition(Class, Class),
    /// Both models give the same wrong answer.
    AgreeButWrong,
    Review(ReviewReason),
}

impl Analysis {
    /// `None` where there is nothing to analyze: no prediction file, or no true moment.
    pub fn new(data: &DataSet, wanted: Wanted, ctx: &JobCtx) -> Result<Option<Self>, Cancelled> {
        if data.predictions.is_empty() {
            return Ok(None);
        }
        ctx.stage("Sorting the queries");
        let set = QuerySet::new(&data.annotations, &wanted.config);
        if set.is_empty() {
            return Ok(None);
        }
        let mut row_of_place = vec![0; set.len()];
        let place = |row| set.place_of(&data.row(row)?.key());
        let places: Vec<Option<u32>> = (0..data.rows.len()).map(|row| Some(place(row)? as u32)).collect();
        // of rows with one name the first is the one that was analyzed
        for (row, place) in places.iter().enumerate().rev() {
            if let Some(place) = place {
                row_of_place[*place as usize] = row as u32;
            }
        }
        let train = data.train.as_deref().map(|train| QuerySet::new(train, &wanted.config));
        let groupings = groupings(&set, train.as_ref());
        ctx.check()?;
        ctx.stage("Comparing the predictions with the truth");
        let models: Vec<Arc<Diagnosis>> = data
            .predictions
            .par_iter()
            .map(|file| {
                let windows = row_of_place.iter().map(|row| {
                    let windows = file.windows(*row as usize);
                    &windows[..windows.len().min(wanted.config.kept)]
                });
                let mut ranked = Ranked::from_lists(file.name.clone(), &set, windows);
                if let Some(raw) = &file.raw {
                    ranked =
                        ranked.with_raw_lists(&set, row_of_place.iter().map(|r| raw.windows(*r as usize)));
                }
                Arc::new(Diagnosis::new(&set, ranked, wanted.config.clone()))
            })
            .collect();
        ctx.check()?;
        let candidates = models.iter().map(|_| OnceLock::new()).collect();
        let files = data.predictions.clone();
        let basis = Basis { set, groupings, place_of_row: places, row_of_place, files, candidates };
        Ok(Some(Self::of(Arc::new(basis), models, wanted)))
    }

    /// The same predictions, looked at in another way.
    pub fn again(&self, wanted: Wanted) -> Self {
        let models = if wanted.config == self.wanted.config {
            self.models.clone()
        } else {
            let again = |model: &Arc<Diagnosis>| {
                let mut model = Diagnosis::clone(model);
                model.reclassify(&self.basis.set, wanted.config.clone());
                Arc::new(model)
            };
            self.models.par_iter().map(again).collect()
        };
        Self::of(Arc::clone(&self.basis), models, wanted)
    }

    fn of(basis: Arc<Basis>, models: Vec<Arc<Diagnosis>>, mut wanted: Wanted) -> Self {
        let set = &basis.set;
        let config = &wanted.config;
        wanted.model = wanted.model.min(models.len() - 1);
        wanted.other = wanted.other.filter(|other| *other < models.len());
        let stored = &models[wanted.model];
        let shown = if wanted.what_if == WhatIf::default() {
            Arc::clone(stored)
        } else {
            let candidates =
                basis.candidates[wanted.model].get_or_init(|| match &basis.files[wanted.model].raw {
                    Some(raw) => {
                        Candidates::raw(basis.row_of_place.iter().map(|row| raw.windows(*row as usize)))
                    }
                    None => Candidates::stored(&stored.ranked),
                });
            let mut changed = what_if(set, candidates, &wanted.what_if, config);
            Arc::make_mut(&mut changed.ranked).name = format!("{} (what if)", stored.ranked.name);
            Arc::new(changed)
        };
        let other = wanted.other.map(|other| &models[other]);
        let (report, comparison) = rayon::join(
            || shown.report(set, &basis.groupings),
            || other.map(|other| compare(set, other, &shown)),
        );
        let headers =
            models.iter().map(|model| header(set, &model.ranked, &model.findings, config)).collect();
        Self { headers, models, shown, report, comparison, wanted, basis }
    }

    /// Where a row stands in what was analyzed.
    pub fn place(&self, row: usize) -> Option<usize> {
        (*self.basis.place_of_row.get(row)?).map(|place| place as usize)
    }

    pub fn row(&self, place: usize) -> usize {
        self.basis.row_of_place[place] as usize
    }

    pub fn query(&self, row: usize) -> Option<&Query> {
        self.basis.set.queries.get(self.place(row)?)
    }

    pub fn finding(&self, row: usize) -> Option<&Finding> {
        self.shown.findings.get(self.place(row)?)
    }

    pub fn geometry(&self, row: usize) -> Option<&Geometry> {
        self.shown.geometry.get(self.place(row)?)?.as_ref()
    }

    /// Class counts of the model under review as it is stored.
    pub fn stored_classes(&self) -> [usize; 9] {
        class_counts(&self.models[self.wanted.model].findings)
    }

    pub fn stored_header(&self) -> &Header {
        &self.headers[self.wanted.model]
    }

    pub fn other(&self) -> Option<&Arc<Diagnosis>> {
        self.models.get(self.wanted.other?)
    }

    /// The rows of a list, in its order.
    pub fn rows_of(&self, list: CaseList) -> Vec<usize> {
        let set = &self.basis.set;
        let places = match (list, self.other()) {
            (CaseList::Flip(here, there), Some(other)) => {
                let is_right =
                    |model: &Diagnosis, q: usize| model.ranked.first_iou(q) > self.wanted.config.theta;
                (0..set.len())
                    .filter(|q| is_right(&self.shown, *q) == here && is_right(other, *q) == there)
                    .collect()
            }
            (CaseList::Transition(from, to), Some(other)) => cell(set, other, &self.shown, from, to),
            (CaseList::AgreeButWrong, _) => {
                self.comparison.as_ref().map(|found| found.agree_but_wrong.clone()).unwrap_or_default()
            }
            (CaseList::Review(reason), other) => {
                let models: Vec<&Diagnosis> = [&*self.shown].into_iter().chain(other.map(|o| &**o)).collect();
                let queue = review_queue(set, &models, SAMPLE).into_iter();
                queue.filter(|(_, why)| *why == reason).map(|(place, _)| place).collect()
            }
            (CaseList::Flip(..) | CaseList::Transition(..), None) => Vec::new(),
        };
        places.into_iter().map(|place| self.row(place)).collect()
    }
}
