//! Small controls that several panels share: headings, rows of choices, labelled rows.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::theme;

/// Width of the labels at the left of a panel's rows.
const LABEL_WIDTH: f32 = 56.0;

const CHOICE_HEIGHT: f32 = 20.0;
/// What a slider's number takes at the end of its row, with the space before it.
const NUMBER_WIDTH: f32 = 78.0;

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
        let size = vec2(ui.available_width(), CHOICE_HEIGHT);
        let (area, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        let width = area.width() / choices.len().max(1) as f32;
        for (i, (value, text, hint, is_enabled)) in choices.iter().enumerate() {
            let corner = area.min + vec2(width * i as f32, 0.0);
            let place = egui::Rect::from_min_size(corner, vec2(width, area.height())).shrink2(vec2(1.0, 0.0));
            let layout = Layout::centered_and_justified(egui::Direction::LeftToRight);
            let mut cell = ui.new_child(egui::UiBuilder::new().id_salt(i).max_rect(place).layout(layout));
            if !is_enabled {
                cell.disable();
            }
            cell.spacing_mut().button_padding = vec2(1.0, 1.0);
            cell.spacing_mut().interact_size.y = CHOICE_HEIGHT;
            let is_on = chosen == Some(*value);
            let button = egui::Button::selectable(is_on, RichText::new(*text).size(12.5)).truncate();
            let response = cell.add(button);
            if response.on_hover_text(*hint).on_disabled_hover_text(*hint).clicked() {
                clicked = Some(*value);
            }
        }
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
        ui.spacing_mut().slider_width = (ui.available_width() - NUMBER_WIDTH).max(40.0);
        let slider = egui::Slider::new(&mut value, range).fixed_decimals(2).suffix(suffix);
        ui.add(slider).labelled_by(id).on_hover_text(hint).changed().then_some(value)
    })
}

/// Text that steps back and wraps.
pub fn note_ui(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let text = RichText::new(text).color(theme::of(ui).faint).small();
    ui.add(egui::Label::new(text).wrap())
}
