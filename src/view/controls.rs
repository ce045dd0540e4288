//! Small controls that several panels share: headings, rows of choices, labelled rows.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::theme;

/// Width of the labels at the left of a panel's rows.
const LABEL_WIDTH: f32 = 56.0;

/// A part of a panel under a heading that folds it away; whether it is open is remembered.
pub fn section_ui(ui: &mut Ui, title: &str, is_open: bool, body: impl FnOnce(&mut Ui)) {
    let heading = RichText::new(title).strong();
    egui::CollapsingHeader::new(heading).default_open(is_open).show_unindented(ui, |ui| {
        ui.add_space(2.0);
        body(ui);
        ui.add_space(6.0);
    });
}

/// Choices side by side over the whole width, one of them chosen: value, text, hint, whether it can
/// be chosen. Gives the choice that was clicked.
pub fn choices_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    chosen: Option<T>,
    choices: &[(T, &str, &str, bool)],
) -> Option<T> {
    let mut clicked = None;
    let ground = ui.visuals().widgets.inactive.weak_bg_fill;
    let radius = ui.visuals().widgets.inactive.corner_radius;
    egui::Frame::new().fill(ground).corner_radius(radius).inner_margin(2.0).show(ui, |ui| {
        let gap = 2.0;
        ui.spacing_mut().item_spacing.x = gap;
        ui.spacing_mut().button_padding = vec2(1.0, 1.0);
        let count = choices.len().max(1) as f32;
        // whole points, so that rounding never asks for more than there is
        let width = ((ui.available_width() - gap * (count - 1.0)) / count - 0.5).floor().max(20.0);
        ui.horizontal(|ui| {
            for (value, text, hint, is_enabled) in choices {
                let is_on = chosen == Some(*value);
                let button = egui::Button::selectable(is_on, RichText::new(*text).size(12.5)).truncate();
                let response =
                    ui.add_enabled_ui(*is_enabled, |ui| ui.add_sized(vec2(width, 20.0), button)).inner;
                if response.on_hover_text(*hint).on_disabled_hover_text(*hint).clicked() {
                    clicked = Some(*value);
                }
            }
        });
    });
    clicked
}

/// A label of fixed width and what belongs to it, so that rows line up.
pub fn row_ui<R>(ui: &mut Ui, label: &str, body: impl FnOnce(&mut Ui, egui::Id) -> R) -> R {
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y;
        let label = ui
            .allocate_ui_with_layout(vec2(LABEL_WIDTH, height), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(LABEL_WIDTH);
                ui.add(egui::Label::new(RichText::new(label).color(theme::of(ui).faint)).truncate())
            })
            .inner;
        body(ui, label.id)
    })
    .inner
}

/// A slider over the rest of the row, with its value at the end.
pub fn slider_ui(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    mut value: f32,
    range: std::ops::RangeInclusive<f32>,
    suffix: &str,
) -> Option<f32> {
    row_ui(ui, label, |ui, id| {
        ui.spacing_mut().slider_width = (ui.available_width() - 62.0).max(40.0);
        let slider = egui::Slider::new(&mut value, range).fixed_decimals(2).suffix(suffix);
        ui.add(slider).labelled_by(id).on_hover_text(hint).changed().then_some(value)
    })
}

/// Text that steps back and wraps.
pub fn note_ui(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let text = RichText::new(text).color(theme::of(ui).faint).small();
    ui.add(egui::Label::new(text).wrap())
}
