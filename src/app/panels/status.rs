//! The bottom line: what runs and how long it will take, what is under the cursor, what was said.

use egui::Ui;

use crate::app::command::{AppCommand, Command, QueryCommand};
use crate::app::state::{AppState, Models};
use crate::app::tasks::{TaskKind, WAITED_FOR};
use crate::app::view_state::ViewState;
use crate::job::Progress;
use crate::view::theme;

pub fn status_ui(ui: &mut Ui, state: &AppState, view: &ViewState, out: &mut Vec<Command>) {
    let faint = theme::of(ui).faint;
    ui.horizontal(|ui| {
        progress_ui(ui, state, out);
        if let Some(hover) = view.hover {
            let mut text = format!("pixel {}, {}", hover.pixel[0], hover.pixel[1]);
            let mut add = |name: &str, value: Option<f32>| {
                if let Some(value) = value {
                    text += &format!("   {name} {value:.2}");
                }
            };
            add("predicted", hover.predicted);
            add("recorded", hover.recorded);
            ui.colored_label(faint, text).on_hover_text("Heatmap values are fractions of each map's peak");
        } else if !state.tasks.is_computing() {
            ui.colored_label(faint, hint(state));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let count = state.notices.history().len();
            let notices = ui.small_button(format!("Notices ({count})"));
            if notices.on_hover_text("Everything the app has told you").clicked() {
                out.push(AppCommand::ToggleNotices.into());
            }
            if let Some(player) = &state.player {
                ui.colored_label(faint, format!("{} MiB of frames kept", player.cached_bytes() >> 20))
                    .on_hover_text(format!(
                        "Decoded pictures around the playhead; at most {} MiB. Decoded by the processor.",
                        player.cache_limit_bytes() >> 20
                    ));
                if player.has_sound() {
                    ui.colored_label(faint, "sound on");
                }
            }
        });
    });
}

/// What can be done now.
fn hint(state: &AppState) -> &'static str {
    if state.tasks.is_running(TaskKind::LoadModels) {
        "Loading the networks…"
    } else if state.dataset.is_some() {
        "N next failure   Enter opens the case   Ctrl+F finds   Shift+0, Shift+1 loop the true and the found moment   Ctrl+P: all commands"
    } else if state.player.is_none() {
        "Drop files anywhere in this window   Ctrl+P: all commands   F1: help"
    } else if matches!(state.models, Models::Missing(_)) {
        "Without the networks: video, recorded gaze and annotations"
    } else if state.queries.selected().is_none() {
        "/ asks a question   Space plays   M puts a marker   Ctrl+P: all commands"
    } else {
        "1 to 5 jump to moments   R loops   I and O mark a range   H changes the heatmap   Ctrl+P: all commands"
    }
}

/// Each piece of work with its stage, what is done, and the time that is left.
fn progress_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let mut is_any = false;
    for kind in WAITED_FOR {
        let Some(progress) = state.tasks.progress(kind) else { continue };
        is_any = true;
        let text = progress_text(kind, &progress);
        ui.label(&text);
        let bar = egui::ProgressBar::new(progress.fraction().unwrap_or(0.0))
            .desired_width(120.0)
            .desired_height(8.0);
        let response = ui.add(bar);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &text));
    }
    if is_any && ui.small_button("Cancel").on_hover_text("Stop; what is done is kept (Esc)").clicked() {
        out.push(QueryCommand::CancelWork.into());
    }
    if state.is_extraction_unfinished() {
        ui.colored_label(theme::of(ui).warning, "Part of the clip has not been looked at");
        if ui.small_button("Go on looking").clicked() {
            out.push(QueryCommand::Resume.into());
        }
    }
}

fn progress_text(kind: TaskKind, progress: &Progress) -> String {
    let mut text = if progress.stage.is_empty() { kind.label().to_owned() } else { progress.stage.clone() };
    if let Some(fraction) = progress.fraction() {
        text += &format!("  {:.0} %", fraction * 100.0);
    }
    text += &format!("  {} so far", duration(progress.elapsed_secs));
    if let Some(left) = progress.left_secs() {
        text += &format!(", {} left", duration(left));
    }
    text
}

fn duration(secs: f64) -> String {
    match secs {
        secs if secs < 100.0 => format!("{secs:.0} s"),
        secs if secs < 5_400.0 => format!("{:.0} min", secs / 60.0),
        secs => format!("{:.1} h", secs / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_stage_part_and_time() {
        let progress = Progress {
            stage: "Looking".into(),
            note: String::new(),
            done: 25,
            total: 100,
            elapsed_secs: 40.0,
        };
        assert_eq!(progress_text(TaskKind::Features, &progress), "Looking  25 %  40 s so far, 2 min left");
        let begun =
            Progress { stage: String::new(), note: String::new(), done: 0, total: 0, elapsed_secs: 0.2 };
        assert_eq!(progress_text(TaskKind::Open, &begun), "Opening  0 s so far");
    }
}
