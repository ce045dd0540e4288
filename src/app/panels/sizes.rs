//! How large the panels are. egui keeps that itself; here it is read, and put back when it is undone.

use std::collections::BTreeMap;

use egui::containers::panel::PanelState;
use egui::{Pos2, Rect, Ui, Vec2};

/// Panels with an edge that can be dragged, and whether it goes up and down.
const PANELS: [(&str, bool); 8] = [
    ("timeline", true),
    ("session", false),
    ("results", false),
    ("set-timeline", true),
    ("set-queries", true),
    ("why", false),
    ("sources", false),
    ("case", false),
];

/// Whole points across or down, of the panels that were shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelSizes(BTreeMap<&'static str, i32>);

impl PanelSizes {
    /// Sizes change by hand only: what the window's own size does to them is no step of anybody's.
    /// `ui` is the one that the panels are in.
    pub fn follow(&mut self, ui: &Ui) {
        let by_hand = ui.input(|i| i.pointer.any_released());
        for (name, is_height) in PANELS {
            let Some(state) = PanelState::load(ui, ui.scope_id().with(name)) else {
                self.0.remove(name);
                continue;
            };
            let size = if is_height { state.size().y } else { state.size().x }.round() as i32;
            let known = self.0.entry(name).or_insert(size);
            if by_hand {
                *known = size;
            }
        }
    }

    pub fn restore(&self, ui: &Ui) {
        for (name, size) in &self.0 {
            let outer_rect = Rect::from_min_size(Pos2::ZERO, Vec2::splat(*size as f32));
            let id = ui.scope_id().with(name);
            ui.data_mut(|data| data.insert_persisted(id, PanelState { outer_rect }));
        }
    }

    /// A panel that only one of both has seen makes no difference.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().all(|(name, size)| other.0.get(name).is_none_or(|there| there == size))
    }
}
