//! The classes: one bar that is the whole, one line a class, flags and recoverability, and how the mix
//! depends on θ.

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent};
use crate::app::command::Command;
use crate::app::dataset::DataSetCommand;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::{CaseList, Condition};
use crate::eval::failure::{BoundaryKind, Class, Count, FailureConfig};
use crate::eval::review::ReviewReason;
use crate::view::charts::{Bar, Layers, Part, bars_ui, layers_ui, stack_ui};
use crate::view::controls::note_ui;
use crate::view::theme;

const LABELS: [f32; 2] = [148.0, 92.0];
/// The right ones first, the unusable ones last.
const ORDER: [Class; 9] = [
    Class::Correct,
    Class::Ranking,
    Class::Boundary,
    Class::OtherOccurrence,
    Class::QueryConfusion,
    Class::NearMiss,
    Class::Background,
    Class::NoPrediction,
    Class::InvalidTruth,
];

pub fn classes_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let (report, config) = (&look.analysis.report, &look.analysis.wanted.config);
    let header = &report.header;
    let count = |class: Class| report.classes[class.number()].count;
    heading_ui(
        ui,
        "Error classes",
        "Every query has exactly one class: the first definition that fits. Click a class to see its queries.",
    );
    stack_bar_ui(ui, look, out);
    let failed: usize = ORDER[1..8].iter().map(|class| count(*class)).sum();
    let share = |n: usize| n as f64 / header.queries.max(1) as f64;
    note_ui(
        ui,
        format!(
            "{} of the queries are not right at rank 1 (100 − R1); classes 2 to 8 explain {}, unusable truths the rest.",
            percent(1.0 - header.r1),
            percent(share(failed)),
        ),
    );
    let most = ORDER.iter().map(|class| count(*class)).max().unwrap_or(1).max(1) as f64;
    let is_changed = look.analysis.wanted.what_if != crate::eval::what_if::WhatIf::default();
    let before = look.analysis.stored_classes();
    let bars: Vec<Bar> = ORDER
        .iter()
        .map(|class| {
            let n = count(*class);
            let text = format!("{n}   {}", percent(share(n)));
            let label = format!("{} {}", class.number(), class.name());
            let mut bar = Bar::new(label, n as f64 / most, text, of_class(ui, *class));
            bar.is_on = look.has(&Condition::Class(*class));
            bar.hint = class.definition(config);
            bar.before = is_changed.then(|| before[class.number()] as f64 / most);
            if *class == Class::QueryConfusion {
                let c = &report.confusion;
                bar.hint += &format!(
                    "\nOf these {} share the template, {} the object, {} the verb of the question that was hit.",
                    c.share_template, c.share_object, c.share_verb
                );
                if let Some(chance) = look.set.chance_of_confusion() {
                    bar.hint += &format!("\nAnswers at random places would give {}.", percent(chance));
                }
            }
            bar
        })
        .collect();
    let pick = ui.push_id("classes", |ui| bars_ui(ui, &bars, None, LABELS)).inner;
    filter_by(pick, |i| Condition::Class(ORDER[i]), out);
}

/// The whole split as one bar.
pub fn stack_bar_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let report = &look.analysis.report;
    let part = |class: &Class| Part {
        label: class.name().to_owned(),
        count: report.classes[class.number()].count,
        colour: of_class(ui, *class),
        is_on: look.has(&Condition::Class(*class)),
        hint: class.definition(&look.analysis.wanted.config),
    };
    let parts: Vec<Part> = ORDER.iter().map(part).collect();
    let pick = ui.push_id("stack", |ui| stack_ui(ui, &parts, report.header.queries, 26.0)).inner;
    filter_by(pick, |i| Condition::Class(ORDER[i]), out);
}

fn counts_ui<T: Copy>(
    ui: &mut Ui,
    look: &Look<'_>,
    counts: &[Count<T>],
    name: impl Fn(T) -> &'static str,
    definition: impl Fn(T, &FailureConfig) -> String,
    condition: impl Fn(T) -> Condition,
    out: &mut Vec<Command>,
) {
    let mut shown: Vec<&Count<T>> = counts.iter().filter(|c| c.count > 0).collect();
    shown.sort_by_key(|c| std::cmp::Reverse(c.count));
    if shown.is_empty() {
        note_ui(ui, "None.");
        return;
    }
    let most = shown[0].count as f64;
    let colour = theme::of(ui).curve;
    let bars: Vec<Bar> = shown
        .iter()
        .map(|c| {
            let text = format!("{}   {}", c.count, percent(c.share));
            let mut bar = Bar::new(name(c.what), c.count as f64 / most, text, colour);
            bar.is_on = look.has(&condition(c.what));
            bar.hint = definition(c.what, &look.analysis.wanted.config);
            bar
        })
        .collect();
    filter_by(bars_ui(ui, &bars, None, LABELS), |i| condition(shown[i].what), out);
}

/// Boundary kinds: in which way an answer that touches is off.
pub fn kinds_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let counts = &look.analysis.report.boundaries;
    ui.push_id("kinds", |ui| {
        counts_ui(ui, look, counts, BoundaryKind::name, BoundaryKind::definition, Condition::Boundary, out);
    });
}

pub fn marks_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    use crate::eval::failure::{Flag, Recovery};
    let report = &look.analysis.report;
    heading_ui(
        ui,
        "Where the right moment was",
        "How far the right moment was from being the answer: in a wrong order, cut off, or never proposed.",
    );
    ui.push_id("recovery", |ui| {
        counts_ui(
            ui,
            look,
            &report.recoveries,
            Recovery::name,
            Recovery::definition,
            Condition::Recovery,
            out,
        );
    });
    heading_ui(
        ui,
        "Flags",
        "What else is known about a case. Any number a query; they never change the class.",
    );
    ui.push_id("flags", |ui| {
        counts_ui(ui, look, &report.flags, Flag::name, Flag::definition, Condition::Flag, out);
    });
    heading_ui(
        ui,
        "Look at these first",
        "Review queues: where models agree and are wrong, wrong with confidence, close calls, and a random sample.",
    );
    ui.horizontal_wrapped(|ui| {
        for reason in [
            ReviewReason::AgreeButWrong,
            ReviewReason::OverConfident,
            ReviewReason::CloseCall,
            ReviewReason::Sample,
        ] {
            let condition = Condition::List(CaseList::Review(reason));
            let is_enabled = reason != ReviewReason::AgreeButWrong || look.analysis.comparison.is_some();
            let button = egui::Button::selectable(look.has(&condition), reason.name());
            let response = ui.add_enabled(is_enabled, button);
            if response.on_disabled_hover_text("Choose a model to compare with first").clicked() {
                out.push(DataSetCommand::Only(condition).into());
            }
        }
    });
}

/// The class mix from lenient to strict.
pub fn mix_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Mix by threshold",
        "The classes from a lenient to a strict IoU threshold. Click to go to a threshold.",
    );
    let stack = &look.analysis.report.theta_stack;
    let n = look.analysis.report.header.queries.max(1) as f64;
    let layers = ORDER.iter().map(|class| {
        let shares = stack.iter().map(|at| at.counts[class.number()] as f64 / n).collect();
        (class.name().to_owned(), of_class(ui, *class), shares)
    });
    let layers = Layers {
        name: "Class mix by IoU threshold",
        x: "IoU threshold",
        settings: stack.iter().map(|at| at.theta).collect(),
        layers: layers.collect(),
        at: look.analysis.wanted.config.theta,
    };
    if let Some(theta) = layers_ui(ui, &layers, 150.0) {
        let theta = (theta * 100.0).round() / 100.0;
        let config = FailureConfig { theta, ..look.set.wanted.config.clone() };
        out.push(DataSetCommand::Thresholds(Box::new(config)).into());
    }
}
