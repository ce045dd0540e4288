//! Corrections of the recorded gaze.

use egui::{RichText, Ui};

use crate::app::actions::Action;
use crate::app::annotate::{self, AnnotateCommand};
use crate::app::command::Command;
use crate::app::menu::action_row_ui;
use crate::app::state::AppState;
use crate::project::GazeFixKind;
use crate::view::controls::{note_ui, row_ui};
use crate::view::theme;

pub fn gaze_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let mut is_on = state.annotate.is_gaze_tool;
    let tool = ui.checkbox(&mut is_on, "Click on the picture to say where the wearer looked");
    if tool.on_hover_text("Shift+C. The recording itself stays as it is.").changed() {
        out.push(AnnotateCommand::ToggleGazeTool.into());
    }
    point_ui(ui, state, out);
    for id in ["gaze-invalid", "gaze-restore"] {
        if let Some(action) = Action::by_id(id) {
            action_row_ui(ui, action, state, out);
        }
    }
    let colours = theme::of(ui);
    for fix in annotate::fixes_here(state) {
        ui.horizontal(|ui| {
            let text = match fix.what {
                GazeFixKind::Point { .. } => "This picture's gaze is corrected".to_owned(),
                GazeFixKind::Invalid { range } => {
                    format!("Invalid from {} to {}", range.start(), range.end())
                }
            };
            ui.label(RichText::new(text).color(colours.own).small());
            if ui.small_button("Delete").on_hover_text("Back to the recorded gaze").clicked() {
                out.push(AnnotateCommand::RemoveFix(fix.id).into());
            }
        });
    }
    let count = annotate::edges_of_fixes(state).len();
    if count > 0 {
        note_ui(
            ui,
            format!(
                "{count} corrections; drawn with a second ring, and hatched in the lane \u{201c}Corrected\u{201d}"
            ),
        );
    }
}

/// The point in numbers, for those who have no mouse.
fn point_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(gaze) = &state.gaze else { return };
    let shown = state.player.as_ref().and_then(|player| player.shown());
    let Some(sample) = shown.and_then(|frame| gaze.track().at(frame.time)) else { return };
    row_ui(ui, "Here", |ui, _| {
        let mut percent = sample.pos.map(|p| f64::from(p) * 100.0);
        let mut is_changed = false;
        let mut is_done = false;
        for (value, (prefix, name)) in percent.iter_mut().zip([("x ", "Gaze x"), ("y ", "Gaze y")]) {
            let drag = egui::DragValue::new(value).prefix(prefix).suffix(" %").range(0.0..=100.0).speed(0.2);
            let response = ui.add(drag.max_decimals(1));
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, name));
            is_changed |= response.changed();
            is_done |= response.drag_stopped() || (response.changed() && !response.dragged());
            response.on_hover_text("Fractions of the picture from its top left; drag or type to correct");
        }
        if is_changed {
            out.push(AnnotateCommand::PointGaze(percent.map(|p| (p / 100.0) as f32)).into());
        }
        if is_done {
            out.push(AnnotateCommand::DropGaze.into());
        }
        if gaze.is_corrected(sample) {
            ui.label(RichText::new("corrected").color(theme::of(ui).own).small());
        }
    });
}
