//! The form for a table of an unknown recorder, in its window.

use egui::Ui;

use crate::app::command::{Command, SessionCommand};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::view::mapping_form::{MappingEvent, MappingForm, mapping_ui};

/// The columns of an unknown table; the gaze is drawn on the picture while they are chosen.
pub fn mapping_window_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(table) = &state.unknown_table else {
        view.mapping = None;
        return;
    };
    let form = view.mapping.get_or_insert_with(|| {
        let remembered = state.settings.mapping_of(&table.header).cloned();
        MappingForm::new(table.header.clone(), table.rows.clone(), remembered)
    });
    let name = table.path.file_name().unwrap_or_default().to_string_lossy();
    egui::Window::new(format!("Columns of {name}"))
        .id(egui::Id::unique("mapping"))
        .default_pos([260.0, 90.0])
        .show(ui.ctx(), |ui| {
            let event = mapping_ui(ui, form);
            let mapping = Box::new(form.mapping.clone());
            match event {
                Some(MappingEvent::Changed) if form.problem().is_none() => {
                    out.push(SessionCommand::MapGaze { mapping, is_final: false }.into());
                }
                Some(MappingEvent::Apply) => {
                    out.push(SessionCommand::MapGaze { mapping, is_final: true }.into())
                }
                Some(MappingEvent::Cancel) => out.push(SessionCommand::ForgetTable.into()),
                _ => {}
            }
        });
}
