//! The chosen query: what was asked, what is true, what was found, and why.

use egui::{RichText, ScrollArea, Ui};

use crate::app::command::{Command, QueryCommand, SessionCommand};
use crate::app::dataset::{CaseState, DataSetSession, Source};
use crate::dataset::{Case, RowView, Verdict};
use crate::time::{MediaTime, TimeRange};
use crate::view::moments::{MomentEvent, moments_ui};
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
    let (moments, truths) = (set.moments(), set.truths());
    if moments.is_empty() {
        ui.label("No moment was predicted.");
    }
    match moments_ui(ui, &moments, set.moment, &truths, |_| None) {
        Some(MomentEvent::Jump(rank)) => out.push(QueryCommand::Jump(rank).into()),
        Some(MomentEvent::Loop(rank)) => out.push(QueryCommand::Loop(rank).into()),
        None => {}
    }
}

fn verdict_ui(ui: &mut Ui, verdict: Verdict, set: &DataSetSession) {
    let windows = set.selected.and_then(|row| set.windows(row)).map_or(0, <[_]>::len);
    let text = match verdict.rank {
        Some(0) => format!("Right: the first moment overlaps by {:.2}", verdict.iou),
        Some(rank) => format!("The right moment stands at rank {} of {windows}", rank + 1),
        None => format!("None of {windows} moments overlaps by more than 0.3"),
    };
    ui.add(egui::Label::new(RichText::new(text).strong()).wrap()).on_hover_text(
        "A moment counts as right if its overlap with the true one, divided by their union, is above 0.3",
    );
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
