//! Preferences.

use egui::Ui;

use super::window;
use crate::app::command::{AppCommand, Command, LayoutPreset};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::view::controls::{choices_ui, note_ui};
use crate::view::theme::ThemeChoice;

pub fn settings_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let window = window(ui.ctx(), "Settings", [420.0, 440.0]).open(&mut view.is_settings_open);
    window.resizable(false).show(ui.ctx(), |ui| {
        ui.set_width(420.0);
        let settings = &state.settings;
        ui.strong("Appearance");
        let themes = [
            (ThemeChoice::Dark, "Dark", "Light text on dark", true),
            (ThemeChoice::Light, "Light", "Dark text on light", true),
            (ThemeChoice::System, "System", "As the desktop has it", true),
            (ThemeChoice::HighContrast, "Contrast", "White and yellow on black", true),
        ];
        if let Some(theme) = choices_ui(ui, Some(settings.theme), &themes) {
            out.push(AppCommand::Theme(theme).into());
        }
        ui.horizontal(|ui| {
            ui.label("Size of text and controls");
            for (text, hint, by) in [("−", "Smaller", -0.1), ("+", "Larger", 0.1)] {
                let button = ui.button(text);
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, hint));
                if button.on_hover_text(format!("{hint} (Ctrl+{text})")).clicked() {
                    out.push(AppCommand::ScaleUi(by).into());
                }
            }
            ui.label(format!("{:.0} %", ui.ctx().zoom_factor() * 100.0));
        });
        if ui.button("Reset the layout").clicked() {
            out.push(AppCommand::Layout(LayoutPreset::Reset).into());
        }
        ui.separator();
        ui.strong("Looking through clips");
        let rates = [
            (0.5, "every 2 s", "Half the work; short moments may be missed", true),
            (1.0, "every second", "What the figures of the README were measured with", true),
            (2.0, "twice a second", "Twice the work, finer edges", true),
        ];
        if let Some(fps) = choices_ui(ui, Some(settings.feature_fps), &rates) {
            out.push(AppCommand::FeatureRate(fps).into());
        }
        note_ui(
            ui,
            "How often a picture is looked at; counts from the next clip on. What is computed once is kept.",
        );
        ui.separator();
        ui.strong("Sound");
        let mut has_sound = settings.has_sound;
        if ui.checkbox(&mut has_sound, "Hear clips at normal speed").changed() {
            out.push(AppCommand::ToggleSound.into());
        }
        if !cfg!(feature = "sound") {
            note_ui(ui, "This build has no sound: it takes `--features sound`.");
        }
        ui.separator();
        ui.strong("Where things are kept");
        for (name, folder) in [
            ("Notes on clips", &state.places.notes),
            ("Pictures of recent clips", &state.places.pictures),
            ("Logs", &state.places.logs),
        ] {
            let text = folder.as_ref().map_or("nowhere".to_owned(), |folder| folder.display().to_string());
            note_ui(ui, format!("{name}: {text}"));
        }
    });
}
