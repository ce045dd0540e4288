//! The question box and, on the right, the answers.

use egui::{Key, RichText, Ui};

use crate::app::command::{AppCommand, Command, QueryCommand};
use crate::app::state::{AppState, Models};
use crate::app::tasks::TaskKind;
use crate::app::view_state::ViewState;
use crate::grounding::GazeMode;
use crate::project::TEMPLATES;
use crate::view::moments::{MomentEvent, moments_ui};
use crate::view::theme;

pub fn query_box_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let query = &mut view.query;
        let width = (ui.available_width() - 420.0).max(220.0);
        let edit = egui::TextEdit::singleline(&mut query.text)
            .hint_text("Ask the clip, for example: Where did I put the knife?   ( / )")
            .desired_width(width);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Question"));
        if std::mem::take(&mut query.wants_focus) {
            response.request_focus();
        }
        if response.has_focus() {
            walk_history(ui, &state.settings.query_history, query);
        }
        let is_entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let is_asked = ui.button("Ask").clicked();
        if (is_entered || is_asked) && !query.text.trim().is_empty() {
            query.history_back = 0;
            out.push(QueryCommand::Ask(query.text.clone()).into());
        }
        ui.menu_button("Templates", |ui| {
            for (category, pattern) in TEMPLATES {
                if ui.button(format!("{category}: {pattern}")).clicked() {
                    query.text = pattern.to_owned();
                    query.wants_focus = true;
                    ui.close();
                }
            }
        });
        if !state.annotations.is_empty() {
            ui.menu_button("Annotated", |ui| {
                egui::ScrollArea::vertical().max_height(400.0).show(ui, |ui| {
                    for annotation in &state.annotations {
                        if ui.button(&annotation.text).clicked() {
                            query.text.clone_from(&annotation.text);
                            out.push(QueryCommand::Ask(annotation.text.clone()).into());
                            ui.close();
                        }
                    }
                });
            });
        }
    });
    progress_ui(ui, state, out);
    ui.add_space(2.0);
}

/// Up and down go through what was asked before.
fn walk_history(ui: &Ui, history: &[String], query: &mut crate::app::view_state::QueryText) {
    let (up, down) = ui.input(|i| (i.key_pressed(Key::ArrowUp), i.key_pressed(Key::ArrowDown)));
    if up && query.history_back < history.len() {
        query.history_back += 1;
    } else if down && query.history_back > 0 {
        query.history_back -= 1;
    } else {
        return;
    }
    query.text = match query.history_back {
        0 => String::new(),
        back => history[history.len() - back].clone(),
    };
}

/// Long work with its progress and a way to stop it.
pub fn progress_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    for kind in [TaskKind::Open, TaskKind::FetchModels, TaskKind::Features, TaskKind::Export] {
        let Some(progress) = state.tasks.progress(kind) else { continue };
        ui.horizontal(|ui| {
            let mut text =
                if progress.stage.is_empty() { kind.label().to_owned() } else { progress.stage.clone() };
            if let Some(fraction) = progress.fraction() {
                text += &format!("  {:.0} %", fraction * 100.0);
            }
            if let Some(left) = progress.left_secs() {
                text += &match left {
                    secs if secs < 100.0 => format!(", {secs:.0} s left"),
                    secs => format!(", {:.0} min left", secs / 60.0),
                };
            }
            let bar =
                egui::ProgressBar::new(progress.fraction().unwrap_or(0.0)).desired_width(260.0).text(text);
            ui.add(bar);
            if ui.button("Cancel").clicked() {
                out.push(QueryCommand::CancelWork.into());
            }
        });
    }
}

pub fn results_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    gaze_modes_ui(ui, state, out);
    ui.separator();
    egui::ScrollArea::vertical().show(ui, |ui| {
        if let Models::Missing(reason) = &state.models {
            ui.add(egui::Label::new(reason).wrap());
            if ui.button("Download models").clicked() {
                out.push(AppCommand::FetchModels.into());
            }
            return;
        }
        let Some(query) = state.queries.selected() else {
            let hint = "Type a question above and press Enter. Moments appear here and on the timeline.";
            ui.add(egui::Label::new(RichText::new(hint).color(theme::of(ui).faint)).wrap());
            return;
        };
        ui.add(egui::Label::new(RichText::new(&query.text).strong()).wrap());
        match state.queries.shown() {
            None => {
                ui.spinner();
            }
            Some(answer) => {
                let faint = theme::of(ui).faint;
                let note = format!(
                    "{}; gaze: {}; {} pictures, {:.0} ms",
                    answer.pipeline,
                    answer.gaze_basis,
                    answer.evidence,
                    answer.elapsed_secs * 1e3
                );
                ui.add(egui::Label::new(RichText::new(note).color(faint).small()).wrap());
                let understood: Vec<String> = answer
                    .words
                    .iter()
                    .map(|(word, name)| if word == name { word.clone() } else { format!("{word} = {name}") })
                    .collect();
                ui.add(egui::Label::new(RichText::new(understood.join(", ")).color(faint).small()).wrap())
                    .on_hover_text("The words of the question and the names that stand in for them");
                let pictures = view.thumbnails.update(ui.ctx(), state.thumbnails.as_ref());
                let thumbnail = |rank: usize| {
                    let middle = answer.moments.get(rank).map(|m| m.range)?;
                    let at =
                        middle.start() + crate::time::MediaTime::from_nanos(middle.duration().nanos() / 2);
                    pictures.iter().min_by_key(|(t, ..)| t.distance(at)).map(|(_, id, size)| (*id, *size))
                };
                let event =
                    moments_ui(ui, &answer.moments, state.queries.moment, query.truth.as_slice(), thumbnail);
                match event {
                    Some(MomentEvent::Jump(rank)) => out.push(QueryCommand::Jump(rank).into()),
                    Some(MomentEvent::Loop(rank)) => out.push(QueryCommand::Loop(rank).into()),
                    None => {}
                }
                if answer.moments.is_empty() && answer.evidence > 0 {
                    ui.label("No moment stands out.");
                }
            }
        }
        other_queries_ui(ui, state, out);
    });
}

fn gaze_modes_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.label("Gaze");
        for mode in GazeMode::ALL {
            let is_enabled = mode != GazeMode::Recorded || state.gaze.is_some();
            let is_on = state.queries.mode == mode;
            let button = egui::Button::selectable(is_on, mode.name());
            let hint = match mode {
                GazeMode::Off => "Whole pictures only",
                GazeMode::Predicted => "Weigh what the model thinks was looked at",
                GazeMode::Recorded => "Weigh what was looked at",
                GazeMode::Negative => "Weigh what was not looked at",
            };
            if ui.add_enabled(is_enabled, button).on_hover_text(hint).clicked() {
                out.push(QueryCommand::SetGazeMode(mode).into());
            }
        }
    });
}

fn other_queries_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    if state.queries.iter().count() < 2 {
        return;
    }
    ui.separator();
    ui.label(RichText::new("Asked before").strong());
    for query in state.queries.iter() {
        ui.horizontal(|ui| {
            let is_selected = state.queries.selected().is_some_and(|s| s.id == query.id);
            if ui.small_button("Forget").on_hover_text(format!("Forget: {}", query.text)).clicked() {
                out.push(QueryCommand::Remove(query.id).into());
            }
            let label = egui::Button::selectable(is_selected, &query.text).truncate();
            if ui.add(label).clicked() {
                out.push(QueryCommand::Select(query.id).into());
            }
        });
    }
}
