//! What the person thinks of the case at hand.

use egui::{RichText, Ui};

use super::typed::Typing;
use crate::app::actions::Action;
use crate::app::annotate::{self, AnnotateCommand};
use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::project::{Judgement, ReviewState, Tag, Verdict};
use crate::view::controls::{choices_ui, note_ui, row_ui};
use crate::view::theme;

pub fn case_ui(ui: &mut Ui, state: &AppState, typing: &mut Typing<'_>, out: &mut Vec<Command>) {
    if let Some(set) = &state.dataset
        && !set.data.predictions.is_empty()
    {
        queue_ui(ui, state, out);
    }
    let Some(judgement) = annotate::judgement(state) else {
        note_ui(ui, "Choose a case: a row of the table, or one of the clip's questions.");
        return;
    };
    verdict_ui(ui, &judgement, out);
    tags_ui(ui, state, &judgement, typing, out);
    ui.add_space(4.0);
    let key = judgement.case.clone();
    let id = egui::Id::unique("note on").with(key.to_string());
    let wants_focus = std::mem::take(&mut typing.view().wants_note);
    let (response, written) =
        typing.lines_ui(ui, id, "Note on this case", &judgement.note, "A note on this case", move |text| {
            AnnotateCommand::Note(key, text).into()
        });
    if wants_focus {
        response.request_focus();
        response.scroll_to_me(None);
    }
    out.extend(written);
    row_ui(ui, "Review", |ui, _| {
        let states = ReviewState::ALL
            .map(|review| (review, review.name(), "How far the review of this case is", true));
        if let Some(review) = choices_ui(ui, Some(judgement.review), &states) {
            out.push(AnnotateCommand::Review(review).into());
        }
    });
}

/// Two by two: four verdicts do not fit beside each other.
fn verdict_ui(ui: &mut Ui, judgement: &Judgement, out: &mut Vec<Command>) {
    for pair in Verdict::ALL.chunks(2) {
        let choices: Vec<(Verdict, &str, &str, bool)> = pair
            .iter()
            .map(|v| (*v, v.name(), "The verdict on this case; again to take it back", true))
            .collect();
        if let Some(verdict) = choices_ui(ui, judgement.verdict, &choices) {
            out.push(AnnotateCommand::Verdict(verdict).into());
        }
    }
}

fn tags_ui(
    ui: &mut Ui,
    state: &AppState,
    judgement: &Judgement,
    typing: &mut Typing<'_>,
    out: &mut Vec<Command>,
) {
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
        for tag in state.work.project().tags.iter() {
            let is_on = judgement.tags.contains(&tag.name);
            let text = match tag.key {
                Some(key) => format!("{key}  {}", tag.name),
                None => tag.name.clone(),
            };
            let button = egui::Button::new(RichText::new(text).size(12.0)).selected(is_on);
            let response = ui.add(button);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_on, format!("Tag: {}", tag.name))
            });
            let key = tag.key.map(|key| format!("Ctrl+{key}; ")).unwrap_or_default();
            let response = response.on_hover_text(format!("{key}right-click for more"));
            response.context_menu(|ui| tag_menu_ui(ui, state, tag, out));
            if response.clicked() {
                out.push(AnnotateCommand::Tag(tag.name.clone()).into());
            }
        }
    });
    ui.horizontal(|ui| {
        let new = &mut typing.view().new_tag;
        let edit = egui::TextEdit::singleline(new).hint_text("A new tag").desired_width(150.0);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "New tag"));
        let is_entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let name = new.trim().to_owned();
        let is_new = !name.is_empty() && state.work.project().tags.get(&name).is_none();
        if (ui.add_enabled(is_new, egui::Button::new("Add").small()).clicked() || is_entered) && is_new {
            let keys = || state.work.project().tags.iter().filter_map(|tag| tag.key);
            let key = ('1'..='8').find(|key| keys().all(|taken| taken != *key));
            out.push(AnnotateCommand::PutTag(Tag { name, key }).into());
            new.clear();
        }
    });
}

/// Which key sets it, and that it can go.
fn tag_menu_ui(ui: &mut Ui, state: &AppState, tag: &Tag, out: &mut Vec<Command>) {
    ui.weak("Key, with Ctrl");
    ui.horizontal(|ui| {
        for key in '1'..='8' {
            let owner = state.work.project().tags.iter().find(|other| other.key == Some(key));
            let hint = match owner {
                Some(owner) if owner.name != tag.name => format!("Sets {} now", owner.name),
                _ => "Free".to_owned(),
            };
            if ui.selectable_label(tag.key == Some(key), key.to_string()).on_hover_text(hint).clicked() {
                out.push(AnnotateCommand::PutTag(Tag { key: Some(key), ..tag.clone() }).into());
                ui.close();
            }
        }
        if ui.selectable_label(tag.key.is_none(), "none").clicked() {
            out.push(AnnotateCommand::PutTag(Tag { key: None, ..tag.clone() }).into());
            ui.close();
        }
    });
    if ui.button("Delete this tag").on_hover_text("Cases that have it keep it").clicked() {
        out.push(AnnotateCommand::RemoveTag(tag.name.clone()).into());
        ui.close();
    }
}

/// Which case is next, and why.
fn queue_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let colours = theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        if state.tasks.is_running(TaskKind::Queue) {
            ui.spinner();
            ui.label("Putting cases in order…");
            return;
        }
        let Some((_, left, all)) = annotate::queue_reason(state) else {
            button_ui(ui, "queue", "Make a review queue", state, out);
            return;
        };
        button_ui(ui, "queue-previous", "Previous", state, out);
        button_ui(ui, "queue-next", "Next case", state, out);
        ui.label(RichText::new(format!("{left} of {all} to do")).color(colours.faint).small());
    });
    if let Some((Some(reason), ..)) = annotate::queue_reason(state) {
        note_ui(ui, format!("In the queue: {}", reason.name()));
    }
    ui.add_space(2.0);
}

fn button_ui(ui: &mut Ui, id: &str, label: &str, state: &AppState, out: &mut Vec<Command>) {
    let Some(action) = Action::by_id(id) else { return };
    let hint = format!("{} {}", action.tooltip, action.shortcut_text(ui.ctx()));
    let button = ui.add_enabled((action.is_enabled)(state), egui::Button::new(label).small());
    if button.on_hover_text(hint.trim_end()).clicked() {
        out.push((action.command)(state));
    }
}
