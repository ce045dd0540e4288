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
    ui.set_min_width(190.0);
    for lane in lanes {
        let mut is_shown = view.options.is_shown(&lane.label);
        let name = if lane.label.is_empty() { "Pictures" } else { &lane.label };
        if ui.checkbox(&mut is_shown, name).changed() {
            view.options.show(&lane.label, is_shown);
        }
    }
    if ui.button("Show the whole clip").clicked() {
        view.fit();
        ui.close();
    }
    ui.separator();
    ui.weak("Ruler");
    for unit in TimeUnit::ALL {
        if unit != TimeUnit::Frames || view.frames().is_some() {
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
