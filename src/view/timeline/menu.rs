//! The reader's choices: which lanes, which unit, what to do with the playhead.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Popup, PopupCloseBehavior, Rect, Ui, UiBuilder, vec2};

use super::ruler::TimeUnit;
use super::view::{Follow, LaneSize, TimelineView};
use super::{GUTTER_WIDTH, Lane, RULER_HEIGHT};

/// The button left of the ruler, and the same menu under the right mouse button.
pub fn menus_ui(ui: &mut Ui, response: &egui::Response, rect: Rect, lanes: &[Lane], view: &mut TimelineView) {
    let place = Rect::from_min_size(rect.min, vec2(GUTTER_WIDTH - 10.0, RULER_HEIGHT));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(place).layout(layout), |ui| {
        let stays_open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (button, _) =
            MenuButton::new("Lanes…").config(stays_open).ui(ui, |ui| choices_ui(ui, lanes, view));
        button.on_hover_text("Lanes, units and following");
    });
    Popup::context_menu(response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| choices_ui(ui, lanes, view));
}

fn choices_ui(ui: &mut Ui, lanes: &[Lane], view: &mut TimelineView) {
    ui.set_min_width(210.0);
    let labels: Vec<&str> = lanes.iter().map(|lane| lane.label.as_str()).collect();
    let order = view.options.arranged(&labels);
    for (place, index) in order.iter().enumerate() {
        let label = labels[*index];
        let name = if label.is_empty() { "Pictures" } else { label };
        ui.horizontal(|ui| {
            let mut is_shown = view.options.is_shown(label);
            if ui.checkbox(&mut is_shown, name).changed() {
                view.options.show(label, is_shown);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for (words, by) in [("down", 1), ("up", -1)] {
                    let to = place as i32 + by;
                    let is_enabled = to >= 0 && to < order.len() as i32;
                    let response = ui.add_enabled(is_enabled, egui::Button::new(words).small());
                    let hint = format!("Move {name} {words}");
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, &hint));
                    if response.on_hover_text(hint).clicked() {
                        view.options.move_lane(&labels, place, to as usize);
                    }
                }
            });
        });
    }
    if ui.button("Show the whole clip").clicked() {
        view.fit();
        ui.close();
    }
    ui.separator();
    ui.weak("Ruler");
    for unit in TimeUnit::ALL {
        let is_known = match unit {
            TimeUnit::Frames => view.frames().is_some(),
            TimeUnit::Source => view.scale().source_start.is_some(),
            TimeUnit::Clock | TimeUnit::Seconds => true,
        };
        if is_known {
            ui.radio_value(&mut view.options.unit, unit, unit.label());
        }
    }
    ui.separator();
    ui.weak("When the playhead leaves the view");
    for follow in Follow::ALL {
        ui.radio_value(&mut view.options.follow, follow, follow.label());
    }
    ui.separator();
    ui.weak("Lane height");
    ui.horizontal(|ui| {
        for size in LaneSize::ALL {
            ui.selectable_value(&mut view.options.size, size, size.label());
        }
    });
}
