//! Templates beside classes, whose moment was hit instead, and how often chance would do it.

use serde::Serialize;

use super::class::class_of;
use super::geometry::{best_iou, gap, hits};
use super::{Class, FailureConfig, Finding, Geometry, QuerySet, Ranked};
use crate::eval::random::SplitMix;
use crate::job::{Cancelled, JobCtx};

/// Rows of counts by template; the last row and column are of queries without one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemplateTable {
    /// One name a row, `(none)` last.
    pub templates: Vec<String>,
    pub rows: Vec<Vec<usize>>,
}

impl TemplateTable {
    fn new(set: &QuerySet, columns: usize) -> Self {
        let mut templates = set.templates.clone();
        templates.push("(none)".to_owned());
        let rows = vec![vec![0; columns]; templates.len()];
        Self { templates, rows }
    }

    /// A count by the number of its row.
    pub fn shares(&self, row: usize) -> Vec<f64> {
        let total: usize = self.rows[row].iter().sum();
        self.rows[row].iter().map(|n| if total == 0 { 0.0 } else { *n as f64 / total as f64 }).collect()
    }
}

fn row_of(set: &QuerySet, place: usize) -> usize {
    set.queries[place].template.unwrap_or(set.templates.len())
}

/// Columns are the classes 0 to 8.
pub fn template_by_class(set: &QuerySet, findings: &[Finding]) -> TemplateTable {
    let mut table = TemplateTable::new(set, Class::ALL.len());
    for (place, finding) in findings.iter().enumerate() {
        table.rows[row_of(set, place)][finding.class.number()] += 1;
    }
    table
}

/// For class 5: rows are the templates asked, columns those whose moment was hit.
pub fn template_confusion(set: &QuerySet, findings: &[Finding]) -> TemplateTable {
    let mut table = TemplateTable::new(set, set.templates.len() + 1);
    for (place, finding) in findings.iter().enumerate() {
        if let Some(hit) = finding.hit.filter(|_| finding.class == Class::QueryConfusion) {
            table.rows[row_of(set, place)][row_of(set, hit)] += 1;
        }
    }
    table
}

/// What the asked query and the one that was hit have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shared {
    pub template: bool,
    pub object: bool,
    pub verb: bool,
}

pub fn shared(set: &QuerySet, place: usize, hit: usize) -> Shared {
    let (asked, hit) = (&set.queries[place], &set.queries[hit]);
    let is_same = |a: &Option<String>, b: &Option<String>| {
        let word = |slot: &Option<String>| slot.as_ref().map(|s| s.trim().to_lowercase());
        a.is_some() && word(a) == word(b)
    };
    Shared {
        template: asked.template.is_some() && asked.template == hit.template,
        object: is_same(&asked.slots.slot_x, &hit.slots.slot_x),
        verb: is_same(&asked.slots.verb_x, &hit.slots.verb_x),
    }
}

/// How often class 5 shares each of them, and how often it would come about by chance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confusion {
    pub cases: usize,
    pub share_template: usize,
    pub share_object: usize,
    pub share_verb: usize,
    /// Class 5's share of all queries,
    pub share: f64,
    /// and its share when each first window is moved to a random place of its clip.
    pub chance: Option<f64>,
}

pub fn confusion(set: &QuerySet, findings: &[Finding]) -> Confusion {
    let cases = findings.iter().enumerate().filter(|(_, f)| f.class == Class::QueryConfusion);
    let pairs: Vec<Shared> = cases.filter_map(|(place, f)| Some(shared(set, place, f.hit?))).collect();
    let count = |is: fn(&Shared) -> bool| pairs.iter().filter(|s| is(s)).count();
    Confusion {
        cases: pairs.len(),
        share_template: count(|s| s.template),
        share_object: count(|s| s.object),
        share_verb: count(|s| s.verb),
        share: pairs.len() as f64 / findings.len() as f64,
        chance: None,
    }
}

/// Class 5's share of all queries when each first window is moved uniformly at random inside its
/// clip, `placements` times, and the rest stays as it is. The same seed gives the same figure.
pub fn chance_of_confusion(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: &[Option<Geometry>],
    config: &FailureConfig,
    ctx: &JobCtx,
) -> Result<f64, Cancelled> {
    let mut random = SplitMix(config.seed);
    let mut found = 0;
    for (place, query) in set.queries.iter().enumerate() {
        let (Some(g), None, Some(duration)) =
            (&geometry[place], query.fault, set.clip_of(query).duration_secs)
        else {
            continue;
        };
        let length = g.window[1] - g.window[0];
        let room = (duration - length).max(0.0);
        // the other windows stay: what is right among them still makes it class 2
        let others = &ranked.ious(place)[1..];
        let right_later = others.iter().position(|iou| *iou > config.theta).map(|at| at + 2);
        ctx.check()?;
        for _ in 0..config.placements {
            let start = random.fraction() * room;
            found += usize::from(is_confused(set, place, g, [start, start + length], right_later, config));
        }
    }
    Ok(found as f64 / (config.placements.max(1) * set.len()) as f64)
}

fn is_confused(
    set: &QuerySet,
    place: usize,
    geometry: &Geometry,
    window: [f64; 2],
    right_later: Option<usize>,
    config: &FailureConfig,
) -> bool {
    let [same_words, other_words] = hits(set, place, window, config);
    if !other_words.is_some_and(|hit| hit.iou > config.theta) {
        return false;
    }
    let iou = best_iou(window, &set.queries[place].truths);
    let right_rank = if iou > config.theta { Some(1) } else { right_later };
    let moved = Geometry {
        window,
        iou,
        gap: gap(window, geometry.truth),
        same_words,
        other_words,
        accepted_iou: 0.0,
        ..*geometry
    };
    class_of(right_rank, Some(&moved), config).0 == Class::QueryConfusion
}
