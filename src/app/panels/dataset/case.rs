//! The chosen query: what was asked, what is true, what was found, and why.

use egui::{RichText, ScrollArea, Ui};

use super::colours::of_class;
use super::table::signed;
use crate::app::command::{Command, QueryCommand, SessionCommand};
use crate::app::dataset::{CaseState, DataSetCommand, DataSetSession, Source};
use crate::dataset::{Analysis, Case, RowView, Verdict};
use crate::eval::failure::{Class, shared};
use crate::time::{MediaTime, TimeRange};
use crate::view::moments::{MomentEvent, Truths, moments_ui};
use crate::view::theme;

pub fn case_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    let Some((row, shown)) = set.selected.zip(set.selected_view()) else {
        note_ui(ui, "Choose a query in the table.");
        return;
    };
    ScrollArea::vertical().show(ui, |ui| {
        ui.set_width(ui.available_width());
        query_ui(ui, &shown, set, out);
        if let Some(analysis) = set.analysis() {
            finding_ui(ui, row, set, analysis, out);
        }
        ui.separator();
        answer_ui(ui, row, set, out);
    });
}

fn note_ui(ui: &mut Ui, text: &str) {
    let faint = theme::of(ui).faint;
    ui.add(egui::Label::new(RichText::new(text).color(faint)).wrap());
}

fn query_ui(ui: &mut Ui, shown: &RowView<'_>, set: &DataSetSession, out: &mut Vec<Command>) {
    ui.add(egui::Label::new(RichText::new(shown.text()).strong().size(15.0)).wrap());
    if !shown.template().is_empty() {
        note_ui(ui, shown.template());
    }
    for [start, end] in shown.windows {
        let range = TimeRange::from_secs(*start, *end);
        let text =
            format!("True moment: {} – {}   {:.1} s", range.start(), range.end(), range.duration().secs());
        if ui.button(text).on_hover_text("Jump to the true moment (key 0)").clicked() {
            out.push(QueryCommand::JumpToTruth.into());
        }
    }
    if shown.windows.is_empty() {
        note_ui(ui, "No true moment is annotated.");
    }
    let clip = shown.clip;
    let secs = clip
        .duration_secs
        .map_or_else(|| "of unknown length".to_owned(), |s| MediaTime::from_secs(s).to_string());
    let place = clip.video_secs.map_or_else(String::new, |[start, _]| {
        format!(", from {} of its video", MediaTime::from_secs(start.max(0.0)))
    });
    let faint = theme::of(ui).faint;
    let name = RichText::new(format!("Clip {}, {secs}{place}", clip.clip_uid)).color(faint).small();
    ui.add(egui::Label::new(name).wrap()).on_hover_text(format!("Video {}\n{}", clip.video_uid, shown.key()));
    if set.video.is_none() {
        ui.horizontal_wrapped(|ui| {
            ui.colored_label(faint, "Its video is not at hand.");
            let hint = "Videos are found by the clip's or the video's uid in their names";
            if ui.link("Name a folder of videos…").on_hover_text(hint).clicked() {
                out.push(SessionCommand::OpenFolderDialog.into());
            }
        });
    }
}

/// Class, sub-class, flags, and how far the right moment was: each with its definition.
fn finding_ui(ui: &mut Ui, row: usize, set: &DataSetSession, analysis: &Analysis, out: &mut Vec<Command>) {
    let Some(finding) = analysis.finding(row) else { return };
    let config = &analysis.wanted.config;
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let ground = of_class(ui, finding.class);
        let ink = theme::of(ui).text_on_block;
        let name = RichText::new(format!(" {} ", finding.class.name())).strong().color(ink);
        ui.label(name.background_color(ground)).on_hover_text(finding.class.definition(config));
        if let Some(kind) = finding.boundary {
            ui.label(RichText::new(kind.name()).strong()).on_hover_text(kind.definition(config));
        }
        for flag in finding.flags.iter() {
            let text = RichText::new(format!(" {} ", flag.name())).small();
            let ground = ui.visuals().widgets.inactive.weak_bg_fill;
            ui.label(text.background_color(ground)).on_hover_text(flag.definition(config));
        }
    });
    if let Some(recovery) = finding.recovery {
        let text = format!("The right moment: {}", recovery.name());
        ui.add(egui::Label::new(text).wrap()).on_hover_text(recovery.definition(config));
    }
    if let Some(gap) = finding.score_gap {
        note_ui(ui, &format!("{gap:.3} of score between the first and the right moment"));
    }
    if let Some(geometry) = analysis.geometry(row).filter(|_| finding.class == Class::Boundary) {
        note_ui(ui, &format!("Start {:+.2} s, end {:+.2} s", geometry.start_error, geometry.end_error));
    }
    let hit = finding.hit.and_then(|hit| Some((hit, analysis.place(row)?)));
    if let Some((hit, place)) = hit {
        let common = shared(&analysis.basis.set, place, hit);
        let common: Vec<&str> =
            [(common.template, "template"), (common.object, "object"), (common.verb, "verb")]
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, name)| *name)
                .collect();
        let same = if common.is_empty() { String::new() } else { format!(" (same {})", common.join(", ")) };
        note_ui(ui, &format!("The answer is the moment of another question{same}:"));
        if ui.link(&analysis.basis.set.queries[hit].text).on_hover_text("Go to that question").clicked() {
            out.push(DataSetCommand::Select(analysis.row(hit)).into());
        }
    }
    let change = set.with_facts(|facts| facts.number(row, crate::dataset::Column::Change));
    if let (Some(change), Some(other)) = (change, analysis.other()) {
        let class = analysis.place(row).map(|place| other.findings[place].class);
        let class = class.map_or("", Class::name);
        note_ui(
            ui,
            &format!("{}: {class}; here the IoU is {} against it", other.ranked.name, signed(change)),
        );
    }
}

fn answer_ui(ui: &mut Ui, row: usize, set: &DataSetSession, out: &mut Vec<Command>) {
    match set.source {
        Source::Network => match set.case(row) {
            Some(CaseState::Ready(case)) => reasons_ui(ui, case),
            Some(CaseState::Asking) => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label("Asking the network…");
                });
                return;
            }
            Some(CaseState::Failed(what)) => {
                ui.add(egui::Label::new(RichText::new(what).color(theme::of(ui).error)).wrap());
                return;
            }
            None => {
                let is_asked = set.selected_view().is_some_and(|view| view.query.is_some());
                let without_words = "This entry has no words to ask; the reference leaves it out.";
                note_ui(ui, if is_asked { set.data.hindrance().unwrap_or_default() } else { without_words });
                return;
            }
        },
        Source::File(file) => {
            let name = set.data.predictions.get(file).map_or("", |file| &file.name);
            note_ui(ui, &format!("From {name}"));
        }
    }
    if let Some(verdict) = set.verdict(row) {
        verdict_ui(ui, verdict, set);
    }
    let (moments, ranges) = (set.moments(), set.truths());
    if moments.is_empty() {
        ui.label("No moment was predicted.");
    }
    let truths = Truths { ranges: &ranges, theta: set.wanted.config.theta };
    match moments_ui(ui, &moments, set.moment, &truths, |_| None) {
        Some(MomentEvent::Jump(rank)) => out.push(QueryCommand::Jump(rank).into()),
        Some(MomentEvent::Loop(rank)) => out.push(QueryCommand::Loop(rank).into()),
        None => {}
    }
}

fn verdict_ui(ui: &mut Ui, verdict: Verdict, set: &DataSetSession) {
    let windows = set.selected.and_then(|row| set.windows(row)).map_or(0, <[_]>::len);
    let theta = set.wanted.config.theta;
    let text = match verdict.rank {
        Some(0) => format!("Right: the first moment overlaps by {:.2}", verdict.iou),
        Some(rank) => format!("The right moment stands at rank {} of {windows}", rank + 1),
        None => format!("None of {windows} moments overlaps by more than {theta}"),
    };
    ui.add(egui::Label::new(RichText::new(text).strong()).wrap()).on_hover_text(format!(
        "A moment counts as right if its overlap with the true one, divided by their union, is above {theta}"
    ));
}

fn reasons_ui(ui: &mut Ui, case: &Case) {
    let mut text = format!(
        "{} windows of {} candidates, {:.0} ms",
        case.windows.len(),
        case.candidates,
        case.elapsed_secs * 1e3
    );
    if case.pieces > 1 {
        text += &format!(
            "; the clip is longer than the network's array and was cut into {} overlapping pieces",
            case.pieces
        );
    }
    let faint = theme::of(ui).faint;
    ui.add(egui::Label::new(RichText::new(text).color(faint).small()).wrap());
}
