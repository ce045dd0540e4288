//! The 13 question templates: chosen, their first slot is ready to be typed over.

use egui::{Key, RichText, Ui, vec2};

use super::palette::{search_ui, typed_moved};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::project::{TEMPLATES, Template};
use crate::view::controls::note_ui;
use crate::view::{fuzzy, theme};

pub fn templates_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState) {
    let Some(typed) = &mut view.templates else { return };
    if state.player.is_none() {
        view.templates = None;
        return;
    }
    let mut chosen: Option<Template> = None;
    let modal = super::list("templates").show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        search_ui(ui, typed, "Template", "Which kind of question?");
        let mut found: Vec<(u32, Template)> = TEMPLATES
            .iter()
            .filter_map(|t| fuzzy::fit(&format!("{} {}", t.pattern, t.category), &typed.text).map(|c| (c, *t)))
            .collect();
        if !typed.text.trim().is_empty() {
            found.sort_by_key(|(cost, _)| *cost);
        }
        typed.chosen = typed.chosen.min(found.len().saturating_sub(1));
        let is_entered = ui.input(|i| i.key_pressed(Key::Enter));
        let room = (ui.ctx().content_rect().height() - 230.0).max(120.0);
        egui::ScrollArea::vertical().max_height(room).show(ui, |ui| {
            let mut category = "";
            for (i, (_, template)) in found.iter().enumerate() {
                if typed.text.trim().is_empty() && template.category != category {
                    category = template.category;
                    ui.add_space(2.0);
                    ui.colored_label(theme::of(ui).faint, RichText::new(category).small());
                }
                let is_chosen = i == typed.chosen;
                let share = format!("{:.1} %", template.share_percent);
                let button = egui::Button::selectable(is_chosen, template.pattern)
                    .shortcut_text(RichText::new(share).color(theme::of(ui).faint))
                    .min_size(vec2(ui.available_width(), 0.0));
                let response = ui.add(button);
                if is_chosen && typed_moved(ui) {
                    response.scroll_to_me(None);
                }
                if response.clicked() || (is_chosen && is_entered) {
                    chosen = Some(*template);
                }
            }
        });
        ui.separator();
        note_ui(ui, "X and Y are slots: the first is selected, so just type. Percent of the validation questions of Ego4D NLQ v2.");
    });
    if let Some(template) = chosen {
        view.query.text = template.pattern.to_owned();
        view.query.wants_focus = true;
        view.query.selection = template.slots().first().map(|at| *at..at + 1);
    }
    if chosen.is_some() || modal.should_close() {
        view.templates = None;
    }
}
