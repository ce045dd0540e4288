//! The failure analysis as one file to read: what the panels of the window show, with thresholds and
//! hashes, as HTML that needs nothing else, or as Markdown.

mod html;
mod markdown;

use std::path::PathBuf;

use super::compare::Comparison;
use super::failure::{Class, Count, Diagnosis, FailureConfig, FailureReport, QuerySet};
use super::what_if::WhatIf;
use crate::project::annotations::SYNTHETIC_NOTE;
use crate::project::shell_quoted;

/// A file that the analysis is of.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    pub sha256: String,
}

pub struct Model<'a> {
    pub report: &'a FailureReport,
    pub diagnosis: &'a Diagnosis,
    pub predictions: Source,
    /// Its windows before Soft-NMS, where they were read.
    pub raw: Option<PathBuf>,
}

pub struct Page<'a> {
    pub set: &'a QuerySet,
    pub annotations: Source,
    /// The training split's annotations, where they were read.
    pub train: Option<PathBuf>,
    /// The first one's cases are listed.
    pub models: Vec<Model<'a>>,
    pub comparisons: Vec<&'a Comparison>,
    /// Settings behind the network that are not those of the stored file.
    pub what_if: &'a WhatIf,
}

/// What a page consists of, before it is written in one language or the other.
enum Block {
    Heading(u8, String),
    Text(String),
    Code(String),
    /// The whole in parts: name, share, class.
    Stack(Vec<(String, f64, Class)>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Field>>,
    },
}

/// A cell of a table; with a share it is drawn as a bar as well.
struct Field {
    text: String,
    share: Option<f64>,
    hint: String,
}

impl Field {
    fn new(text: impl ToString) -> Self {
        Self { text: text.to_string(), share: None, hint: String::new() }
    }

    fn share(share: f64) -> Self {
        Self { text: percent(share), share: Some(share), hint: String::new() }
    }

    fn hinted(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn points(difference: f64) -> String {
    format!("{:+.2}", difference * 100.0)
}

impl Page<'_> {
    pub fn html(&self) -> String {
        html::write(self)
    }

    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    fn title(&self) -> String {
        self.models
            .first()
            .map_or_else(String::new, |model| format!("Why queries fail: {}", model.report.model))
    }

    /// Everything but the list of cases.
    fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Heading(1, self.title())];
        if self.set.is_synthetic {
            blocks.push(Block::Text(SYNTHETIC_NOTE.to_owned()));
        }
        if *self.what_if != WhatIf::default() {
            blocks.push(Block::Text(format!(
                "These are not the stored answers but what other settings behind the network give: {}.",
                serde_json::to_string(self.what_if).unwrap_or_default()
            )));
        }
        for (i, model) in self.models.iter().enumerate() {
            if i > 0 {
                blocks.push(Block::Heading(1, model.report.model.clone()));
            }
            model_blocks(model, &mut blocks);
        }
        self.comparisons.iter().for_each(|found| comparison_blocks(found, &mut blocks));
        self.origin_blocks(&mut blocks);
        blocks
    }

    /// What writes this page in a terminal.
    fn command(&self) -> String {
        let mut words = vec!["gazenlq".to_owned(), "analyze".to_owned(), "--annotations".to_owned()];
        words.push(shell_quoted(self.annotations.path.display()));
        let mut add = |flag: &str, values: Vec<String>| {
            if !values.is_empty() {
                words.push(flag.to_owned());
                words.extend(values);
            }
        };
        let path = |path: &PathBuf| shell_quoted(path.display());
        add("--predictions", self.models.iter().map(|model| path(&model.predictions.path)).collect());
        add("--raw", self.models.iter().filter_map(|model| model.raw.as_ref()).map(path).collect());
        add("--train", self.train.iter().map(path).collect());
        for (flag, value) in self.what_if.arguments() {
            add(flag, vec![value]);
        }
        add("--config", vec!["thresholds.json".to_owned()]);
        add("--report", vec!["report.html".to_owned()]);
        words.join(" ")
    }

    fn origin_blocks(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(2, "Where this comes from".to_owned()));
        let row = |what: &str, source: &Source| {
            vec![Field::new(what), Field::new(source.path.display()), Field::new(&source.sha256)]
        };
        let mut rows = vec![row("annotations", &self.annotations)];
        rows.extend(self.models.iter().map(|model| row("predictions", &model.predictions)));
        blocks.push(table(&["", "file", "SHA-256"], rows));
        blocks.push(Block::Text(format!("GazeNLQ {}. The same again:", env!("CARGO_PKG_VERSION"))));
        blocks.push(Block::Code(self.command()));
        if !self.what_if.oracles.is_empty() {
            blocks.push(Block::Text("Repairs of first windows are made in the window only.".to_owned()));
        }
        blocks.push(Block::Text("thresholds.json:".to_owned()));
        let config = self.models.first().map(|model| &model.report.config);
        blocks
            .push(Block::Code(config.and_then(|c| serde_json::to_string_pretty(c).ok()).unwrap_or_default()));
    }
}

fn table(head: &[&str], rows: Vec<Vec<Field>>) -> Block {
    Block::Table { head: head.iter().map(|h| (*h).to_owned()).collect(), rows }
}

fn counts<T: Copy>(
    what: &str,
    counts: &[Count<T>],
    config: &FailureConfig,
    name: fn(T) -> &'static str,
    definition: fn(T, &FailureConfig) -> String,
) -> Block {
    let rows = counts.iter().filter(|c| c.count > 0).map(|c| {
        vec![
            Field::new(name(c.what)).hinted(definition(c.what, config)),
            Field::new(c.count),
            Field::share(c.share),
        ]
    });
    table(&[what, "queries", "share"], rows.collect())
}

fn model_blocks(model: &Model<'_>, blocks: &mut Vec<Block>) {
    use super::failure::{BoundaryKind, Flag, Recovery};
    let FailureReport { header, config, .. } = model.report;
    let report = model.report;
    let k = config.top_k;
    let text = format!(
        "{} queries, {} without a prediction, {} with a truth that cannot be used. An answer is right when its IoU is above {}.",
        header.queries, header.missing, header.invalid, config.theta
    );
    blocks.push(Block::Text(text));
    blocks.push(table(
        &["", "R1", &format!("R{k}"), "mIoU"],
        vec![
            vec![
                Field::new("over every query"),
                Field::new(percent(header.r1)),
                Field::new(percent(header.r_k)),
                Field::new(percent(header.mean_iou)),
            ],
            vec![
                Field::new("officially (queries with a prediction)"),
                Field::new(percent(header.official_r1)),
                Field::new(percent(header.official_r_k)),
                Field::new(""),
            ],
        ],
    ));
    blocks.push(Block::Heading(2, "Why".to_owned()));
    let mut order = Class::ALL.to_vec();
    order.rotate_left(1);
    let part = |class: &Class| {
        let count = &report.classes[class.number()];
        (class.name().to_owned(), count.share, *class)
    };
    blocks.push(Block::Stack(order.iter().map(part).collect()));
    let row = |class: &Class| {
        let count = &report.classes[class.number()];
        vec![
            Field::new(format!("{} {}", class.number(), class.name())).hinted(class.definition(config)),
            Field::new(count.count),
            Field::share(count.share),
        ]
    };
    blocks.push(table(&["class", "queries", "share"], order.iter().map(row).collect()));
    if let Some(chance) = report.confusion.chance {
        let text = format!(
            "Query confusion is {} of the queries; with every first answer at a random place of its clip it would be {}.",
            percent(report.confusion.share),
            percent(chance)
        );
        blocks.push(Block::Text(text));
    }
    blocks.push(Block::Heading(3, "Boundaries".to_owned()));
    blocks.push(counts("kind", &report.boundaries, config, BoundaryKind::name, BoundaryKind::definition));
    blocks.push(Block::Heading(3, "Where the right moment was".to_owned()));
    blocks.push(counts("recoverability", &report.recoveries, config, Recovery::name, Recovery::definition));
    blocks.push(Block::Heading(3, "Flags".to_owned()));
    blocks.push(counts("flag", &report.flags, config, Flag::name, Flag::definition));
    ranking_blocks(report, blocks);
    blocks.push(Block::Heading(2, "What a repair would bring".to_owned()));
    let rows = report.impacts.alone.iter().map(|impact| {
        vec![
            Field::new(impact.oracle.name()),
            Field::new(impact.cases),
            Field::new(points(impact.r1_gain)),
            Field::new(points(impact.mean_iou_gain)),
        ]
    });
    blocks.push(table(&["repair", "queries", "R1 points", "mIoU points"], rows.collect()));
    profile_blocks(report, blocks);
    template_blocks(report, blocks);
    if let Some(error) = report.calibration.expected_error {
        blocks.push(Block::Heading(2, "Calibration".to_owned()));
        blocks.push(Block::Text(format!(
            "Expected calibration error {} over {} scored answers.",
            percent(error),
            report.calibration.scored
        )));
    }
}

fn ranking_blocks(report: &FailureReport, blocks: &mut Vec<Block>) {
    let ranking = &report.ranking;
    blocks.push(Block::Heading(2, "Ranking".to_owned()));
    blocks.push(Block::Text(format!(
        "In the best order the first {} answers would give R1 {} instead of {}.",
        report.config.top_k,
        percent(ranking.reranked_r1),
        percent(report.header.r1)
    )));
    let n = report.header.queries.max(1) as f64;
    let rows = ranking
        .by_rank
        .iter()
        .map(|(rank, count)| vec![Field::new(rank), Field::new(count), Field::share(*count as f64 / n)]);
    blocks.push(table(&["rank of the right moment", "queries", "share"], rows.collect()));
}

fn profile_blocks(report: &FailureReport, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, "Where".to_owned()));
    for profile in &report.profiles {
        let mut title = format!("By {}", profile.characteristic);
        if let Some(ratio) = profile.sensitivity {
            title += &format!(" (best by worst group × {ratio:.2})");
        }
        blocks.push(Block::Heading(3, title));
        let rows = profile.groups.iter().filter(|g| g.n > 0).map(|g| {
            let (low, high) = (percent(g.r1_interval.low), percent(g.r1_interval.high));
            vec![
                Field::new(&g.label),
                Field::new(g.n),
                Field::share(g.r1),
                Field::new(format!("{low} to {high}")),
                Field::share(g.miss),
                Field::new(if g.is_small { "too few to compare" } else { "" }),
            ]
        });
        blocks.push(table(&["group", "queries", "R1", "95 %", "missed", ""], rows.collect()));
    }
}

fn template_blocks(report: &FailureReport, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, "Templates by class".to_owned()));
    let found = &report.template_by_class;
    let head: Vec<String> = ["template".to_owned(), "queries".to_owned()]
        .into_iter()
        .chain(Class::ALL.iter().map(|class| format!("{} {}", class.number(), class.name())))
        .collect();
    let rows = (0..found.templates.len()).filter_map(|row| {
        let total: usize = found.rows[row].iter().sum();
        let cells = found.shares(row).into_iter().map(Field::share);
        let first = [Field::new(&found.templates[row]), Field::new(total)];
        (total > 0).then(|| first.into_iter().chain(cells).collect())
    });
    blocks.push(Block::Table { head, rows: rows.collect() });
}

fn comparison_blocks(found: &Comparison, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, format!("{} against {}", found.b, found.a)));
    let rows = found.flip_rows().map(|(name, count)| vec![Field::new(name), Field::new(count)]);
    blocks.push(table(&["right", "queries"], rows.into()));
    blocks.push(Block::Text(format!("McNemar's exact p {:.2e}.", found.mcnemar_p)));
    let gain = |what: &str, gain: f64, interval: super::Interval| {
        let [gain, low, high] = [gain, interval.low, interval.high].map(points);
        vec![Field::new(what), Field::new(gain), Field::new(format!("{low} to {high}"))]
    };
    blocks.push(table(
        &["", "points", "95 % (draws of whole clips)"],
        vec![
            gain("R1", found.r1_gain, found.r1_interval),
            gain("mIoU", found.mean_iou_gain, found.mean_iou_interval),
        ],
    ));
    blocks.push(Block::Text(format!(
        "The better answer each time: R1 {}, mIoU {}. The same wrong answer from both: {} queries.",
        percent(found.oracle_r1),
        percent(found.oracle_mean_iou),
        found.agree_but_wrong.len()
    )));
    let head: Vec<String> =
        ["from, to".to_owned()].into_iter().chain((0..9).map(|i: usize| i.to_string())).collect();
    let rows = Class::ALL.iter().map(|class| {
        let cells = found.transitions[class.number()].iter().map(Field::new);
        [Field::new(format!("{} {}", class.number(), class.name()))].into_iter().chain(cells).collect()
    });
    blocks.push(Block::Table { head, rows: rows.collect() });
}
