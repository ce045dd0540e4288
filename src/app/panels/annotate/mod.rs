//! Right, beside the answer: the person's own work on the open clip or case, and the steps so far.

mod case;
mod colleague;
mod gaze;
mod history;
mod moments;
mod typed;

use egui::{RichText, Ui};

use crate::app::annotate::AnnotateCommand;
use crate::app::command::{Command, SessionCommand};
use crate::app::state::AppState;
use crate::app::view_state::{SideTab, ViewState};
use crate::app::work::{Keeping, WorkCommand};
use crate::project::{Source, SourceKind};
use crate::view::controls::{choices_ui, section_ui};
use crate::view::theme;
pub use typed::Typed;
use typed::Typing;

/// The tabs, and what the chosen one shows; the first is the caller's.
pub fn side_ui(
    ui: &mut Ui,
    state: &AppState,
    view: &mut ViewState,
    out: &mut Vec<Command>,
    first: &str,
    answer_ui: impl FnOnce(&mut Ui, &AppState, &mut ViewState, &mut Vec<Command>),
) {
    ui.add_space(4.0);
    let tabs = [
        (SideTab::Answer, first, "What the model says", true),
        (SideTab::Annotate, "Annotate", "Your own moments, tags, verdicts and corrections", true),
        (SideTab::History, "History", "Every step so far (Ctrl+H)", true),
    ];
    if let Some(tab) = choices_ui(ui, Some(view.annotate.tab), &tabs) {
        view.annotate.tab = tab;
    }
    match view.annotate.tab {
        SideTab::Answer => answer_ui(ui, state, view, out),
        SideTab::Annotate => annotate_ui(ui, state, view, out),
        SideTab::History => history::history_ui(ui, state, out),
    }
}

fn annotate_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    let mut typing = Typing::begin(&mut view.annotate);
    project_ui(ui, state, &mut typing, out);
    ui.separator();
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        section_ui(ui, "Moments", true, |ui| moments::moments_ui(ui, state, &mut typing, out));
        section_ui(ui, "Verdict and tags", true, |ui| case::case_ui(ui, state, &mut typing, out));
        if state.gaze.is_some() {
            section_ui(ui, "Gaze corrections", true, |ui| gaze::gaze_ui(ui, state, out));
        }
        section_ui(ui, "Second annotator", state.work.colleague.is_some(), |ui| {
            colleague::colleague_ui(ui, state, out);
        });
    });
    typing.end(out);
}

/// What the project is called, how safe it is, and who works.
fn project_ui(ui: &mut Ui, state: &AppState, typing: &mut Typing<'_>, out: &mut Vec<Command>) {
    let colours = theme::of(ui);
    let work = &state.work;
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let save = if work.is_named() { "Save" } else { "Save as…" };
            let can_save = !work.is_named() || work.has_unsaved();
            let hint = if work.is_named() {
                "Save the project (Ctrl+S)"
            } else {
                "Give it a name and a place (Ctrl+S)"
            };
            if ui.add_enabled(can_save, egui::Button::new(save).small()).on_hover_text(hint).clicked() {
                out.push(WorkCommand::Save.into());
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(work.title()).strong()).truncate());
            });
        });
    });
    let ink = match &work.keeping {
        Keeping::Unkept(_) => colours.warning,
        Keeping::Named if work.has_unsaved() => colours.accent,
        _ => colours.faint,
    };
    ui.horizontal(|ui| {
        let place = match (work.workspace().path(), work.workspace().journal_path()) {
            (Some(path), Some(journal)) => format!(
                "{}\nEvery change is on the disk at once, before it is saved:\n{}",
                path.display(),
                journal.display()
            ),
            _ => match &work.keeping {
                Keeping::Unkept(reason) => format!("Not kept: {reason}. Save it under a name to keep it."),
                _ => String::new(),
            },
        };
        let label = ui.label(RichText::new(work.state_text()).color(ink).small());
        if !place.is_empty() {
            label.on_hover_text(place);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let id = ui.make_persistent_id("author");
            let author = work.author().to_owned();
            let (_, written) = typing.line_ui(ui, id, "Your name", &author, 96.0, |text| {
                AnnotateCommand::SetAuthor(text.trim().to_owned()).into()
            });
            out.extend(written);
            ui.label(RichText::new("by").color(colours.faint).small());
        });
    });
    if !state.work.sources.is_empty() && state.work.is_named() {
        clips_ui(ui, state, out);
    }
}

/// The project's other clips.
fn clips_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let is_video = |s: &&Source| s.kind == SourceKind::Video && s.clip.is_some();
    let videos: Vec<_> = state.work.project().sources.iter().filter(is_video).collect();
    if videos.len() < 2 {
        return;
    }
    ui.menu_button(format!("Clips of this project ({})", videos.len()), |ui| {
        for video in videos {
            let name = video.clip.clone().unwrap_or_default();
            let is_on = state.work.clip.as_deref() == Some(&name);
            if ui.selectable_label(is_on, name).on_hover_text(video.path.display().to_string()).clicked() {
                let gaze = state.work.project().sources.iter();
                let gaze = gaze.filter(|s| s.clip == video.clip && s.kind != SourceKind::Video);
                let files = std::iter::once(video.path.clone()).chain(gaze.map(|s| s.path.clone()));
                out.push(SessionCommand::Open(files.collect()).into());
                ui.close();
            }
        }
    });
}
