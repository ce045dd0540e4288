//! The question box and, on the right, the answers.

use egui::{Key, RichText, Ui, vec2};

use crate::app::actions::Action;
use crate::app::command::{AppCommand, Command, QueryCommand};
use crate::app::queries::Query;
use crate::app::state::{AppState, Models};
use crate::app::tasks::TaskKind;
use crate::app::view_state::{QueryText, ViewState};
use crate::grounding::{GazeMode, Localization};
use crate::view::controls::{choices_ui, note_ui, section_ui};
use crate::view::moments::{FOUND_IOU, MomentEvent, Truths, moments_ui};
use crate::view::theme;

/// Height of the question box and its buttons, in points.
const BOX_HEIGHT: f32 = 32.0;

pub fn query_box_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = BOX_HEIGHT;
        // the buttons first, from the right, so that the box takes what is left
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !state.annotations.is_empty() {
                annotated_ui(ui, state, view, out);
            }
            let tall = |text| egui::Button::new(text).min_size(vec2(0.0, BOX_HEIGHT));
            let templates = ui.add(tall(RichText::new("Templates")));
            if templates.on_hover_text("The 13 kinds of question of Ego4D NLQ (Ctrl+T)").clicked() {
                out.push(AppCommand::ToggleTemplates.into());
            }
            let colours = theme::of(ui);
            let ask = tall(RichText::new("Ask").color(colours.text_on_accent).strong()).fill(colours.accent);
            let is_asked = ui.add(ask).on_hover_text("Find the moments that answer (Enter)").clicked();
            question_ui(ui, state, &mut view.query, is_asked, out);
        });
    });
}

fn question_ui(ui: &mut Ui, state: &AppState, query: &mut QueryText, is_asked: bool, out: &mut Vec<Command>) {
    let id = egui::Id::unique("question");
    let edit = egui::TextEdit::singleline(&mut query.text)
        .id(id)
        .font(egui::FontId::proportional(15.0))
        .margin(egui::Margin::symmetric(10, 6))
        .hint_text("Ask the clip, for example: Where did I put the knife?   ( / )")
        .desired_width(ui.available_width());
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Question"));
    if std::mem::take(&mut query.wants_focus) {
        response.request_focus();
        if let Some(letters) = query.selection.take() {
            select(ui.ctx(), id, letters);
        }
    }
    if response.has_focus() {
        walk_history(ui, &state.settings.query_history, query);
    }
    let is_entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    if (is_entered || is_asked) && !query.text.trim().is_empty() {
        query.history_back = 0;
        out.push(QueryCommand::Ask(query.text.clone()).into());
    }
}

/// Selects letters of a text box: the next key replaces them.
fn select(ctx: &egui::Context, id: egui::Id, letters: std::ops::Range<usize>) {
    use egui::text::{CCursor, CCursorRange};
    let mut state = egui::text_edit::TextEditState::load(ctx, id).unwrap_or_default();
    let range = CCursorRange::two(CCursor::new(letters.start), CCursor::new(letters.end));
    state.cursor.set_char_range(Some(range));
    state.store(ctx, id);
}

/// The questions of the annotation file, each with a sign whether it was asked.
fn annotated_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let title = format!("Annotated ({})", state.annotations.len());
    let button = egui::Button::new(title).min_size(vec2(0.0, BOX_HEIGHT));
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(320.0);
        if ui.button(format!("Ask all {}", state.annotations.len())).clicked() {
            out.push(QueryCommand::AskAllAnnotated.into());
            ui.close();
        }
        ui.separator();
        egui::ScrollArea::vertical().max_height(400.0).show(ui, |ui| {
            for annotation in &state.annotations {
                let is_asked = state.queries.iter().any(|q| q.text == annotation.text);
                let button = egui::Button::selectable(is_asked, &annotation.text);
                let hint = annotation.template.clone().unwrap_or_else(|| "No template named".into());
                if ui.add(button).on_hover_text(hint).clicked() {
                    view.query.text.clone_from(&annotation.text);
                    out.push(QueryCommand::Ask(annotation.text.clone()).into());
                    ui.close();
                }
            }
        });
    });
}

/// Up and down go through what was asked before.
fn walk_history(ui: &Ui, history: &[String], query: &mut QueryText) {
    let (up, down) = ui.input(|i| (i.key_pressed(Key::ArrowUp), i.key_pressed(Key::ArrowDown)));
    if up && query.history_back < history.len() {
        query.history_back += 1;
    } else if down && query.history_back > 0 {
        query.history_back -= 1;
    } else {
        return;
    }
    query.text = match query.history_back {
        0 => String::new(),
        back => history[history.len() - back].clone(),
    };
}

pub fn results_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    gaze_modes_ui(ui, state, out);
    ui.add_space(2.0);
    ui.separator();
    egui::ScrollArea::vertical().show(ui, |ui| {
        if let Models::Missing(reason) = &state.models {
            ui.add(egui::Label::new(reason).wrap());
            if ui.button("Download models").clicked() {
                out.push(AppCommand::FetchModels.into());
            }
            return;
        }
        let Some(query) = state.queries.selected() else {
            empty_ui(ui, state, out);
            return;
        };
        ui.add(egui::Label::new(RichText::new(&query.text).strong().size(15.0)).wrap());
        match state.queries.shown() {
            None => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    note_ui(ui, waiting_for(state));
                });
            }
            Some(answer) => answer_ui(ui, state, query, answer, view, out),
        }
        if state.queries.iter().count() > 1 {
            section_ui(ui, "Asked of this clip", true, |ui| asked_ui(ui, state, view, out));
        }
    });
}

fn waiting_for(state: &AppState) -> &'static str {
    if state.tasks.is_running(TaskKind::LoadModels) { "Loading the networks…" } else { "Looking for it…" }
}

/// Before the first question.
fn empty_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    note_ui(
        ui,
        "Type a question above and press Enter. The moments that may answer it appear here and on the timeline; keys 1 to 5 jump to them.",
    );
    if state.annotations.is_empty() {
        return;
    }
    ui.add_space(6.0);
    ui.label(RichText::new("Questions that came with the clip").strong());
    for annotation in state.annotations.iter().take(6) {
        if ui.add(egui::Button::new(&annotation.text).wrap()).clicked() {
            out.push(QueryCommand::Ask(annotation.text.clone()).into());
        }
    }
}

fn answer_ui(
    ui: &mut Ui,
    state: &AppState,
    query: &Query,
    answer: &Localization,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    let note =
        format!("{}; question by {}; gaze: {}", answer.pipeline, answer.query_basis, answer.gaze_basis);
    if note_ui(ui, note).interact(egui::Sense::click()).on_hover_text("Click: which model is this?").clicked()
    {
        out.push(AppCommand::ToggleModelCard.into());
    }
    let ms = answer.elapsed_secs * 1e3;
    let evidence = format!("Looked at {} pictures, answered in {ms:.0} ms", answer.evidence);
    note_ui(ui, evidence);
    let unknown = answer.unknown_words();
    if !unknown.is_empty() {
        note_ui(ui, format!("Not understood: {}", unknown.join(", "))).on_hover_text(
            "The vocabulary holds English names of things and few colours; CLIP's own text tower knows more",
        );
    }
    let understood: Vec<String> = answer
        .words
        .iter()
        .filter(|(_, name)| !name.is_empty())
        .map(|(word, name)| if word == name { word.clone() } else { format!("{word} = {name}") })
        .collect();
    if !understood.is_empty() {
        note_ui(ui, format!("Understood: {}", understood.join(", ")))
            .on_hover_text("The words of the question and the names that stand in for them");
    }
    ui.add_space(4.0);
    let pictures = view.thumbnails.update(ui.ctx(), state.thumbnails.as_ref());
    let thumbnail = |rank: usize| {
        let range = answer.moments.get(rank).map(|m| m.range)?;
        let at = range.start() + crate::time::MediaTime::from_nanos(range.duration().nanos() / 2);
        pictures.iter().min_by_key(|(t, ..)| t.distance(at)).map(|(_, id, size)| (*id, *size))
    };
    let truths = Truths { ranges: query.truth.as_slice(), theta: FOUND_IOU };
    match moments_ui(ui, &answer.moments, state.queries.moment, &truths, thumbnail) {
        Some(MomentEvent::Jump(rank)) => out.push(QueryCommand::Jump(rank).into()),
        Some(MomentEvent::Loop(rank)) => out.push(QueryCommand::Loop(rank).into()),
        None => {}
    }
    if answer.moments.is_empty() {
        let text =
            if answer.evidence == 0 { "Nothing has been looked at yet." } else { "No moment stands out." };
        ui.label(text);
    }
    if query.answers.len() > 1 {
        section_ui(ui, "What gaze changes", true, |ui| modes_ui(ui, state, query, out));
    }
}

fn gaze_modes_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.colored_label(theme::of(ui).faint, "Gaze").on_hover_text("Which part of each picture counts");
        let choices = GazeMode::ALL.map(|mode| {
            let has_it = state.models.ready().is_none_or(|pipeline| pipeline.modes().contains(&mode));
            let is_enabled = has_it && (mode != GazeMode::Recorded || state.gaze.is_some());
            (mode, mode.name(), hint(mode), is_enabled)
        });
        if let Some(mode) = choices_ui(ui, Some(state.queries.mode), &choices) {
            out.push(QueryCommand::SetGazeMode(mode).into());
        }
    });
}

fn hint(mode: GazeMode) -> &'static str {
    match mode {
        GazeMode::Off => "Whole pictures only",
        GazeMode::Predicted => "Weigh what the model thinks was looked at",
        GazeMode::Recorded => "Weigh what was looked at; needs a recording",
        GazeMode::Negative => "Weigh what was not looked at",
    }
}

/// The best moment of each gaze mode, and how far it moved from the one without gaze.
fn modes_ui(ui: &mut Ui, state: &AppState, query: &Query, out: &mut Vec<Command>) {
    let faint = theme::of(ui).faint;
    let without = query.answers.get(&GazeMode::Off).and_then(|a| a.moments.first());
    let columns = if query.truth.is_some() { 5 } else { 4 };
    egui::Grid::new("modes").num_columns(columns).spacing([10.0, 4.0]).striped(true).show(ui, |ui| {
        for title in ["Gaze", "Best moment", "Moved", "Score", "IoU"].iter().take(columns) {
            ui.colored_label(faint, RichText::new(*title).small());
        }
        ui.end_row();
        for (mode, answer) in &query.answers {
            let is_on = state.queries.mode == *mode;
            if ui.selectable_label(is_on, mode.name()).on_hover_text(hint(*mode)).clicked() {
                out.push(QueryCommand::SetGazeMode(*mode).into());
            }
            let Some(best) = answer.moments.first() else {
                ui.label("none");
                ui.end_row();
                continue;
            };
            ui.label(format!("{:.1} – {:.1} s", best.range.start().secs(), best.range.end().secs()));
            let moved = without.map(|w| best.range.start().secs() - w.range.start().secs());
            let moved = moved.filter(|_| *mode != GazeMode::Off);
            ui.label(moved.map_or(String::new(), |secs| format!("{secs:+.1} s")));
            ui.label(format!("{:.2}", best.score));
            if let Some(truth) = query.truth {
                ui.label(format!("{:.2}", truth.iou(best.range)));
            }
            ui.end_row();
        }
    });
    if let Some(action) = Action::by_id("mode-lanes") {
        let mut is_on = state.settings.has_mode_lanes;
        if ui.checkbox(&mut is_on, "A lane for each").on_hover_text(action.tooltip).changed() {
            out.push((action.command)(state));
        }
    }
}

/// What was asked of this clip; searched once there are many.
fn asked_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    const FEW: usize = 6;
    let count = state.queries.iter().count();
    if count > FEW {
        let edit = egui::TextEdit::singleline(&mut view.asked_search)
            .hint_text(format!("Search {count} questions"))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the questions"));
    } else {
        view.asked_search.clear();
    }
    let wanted = view.asked_search.to_lowercase();
    for query in state.queries.iter().filter(|q| q.text.to_lowercase().contains(&wanted)) {
        ui.horizontal(|ui| {
            let is_selected = state.queries.selected().is_some_and(|s| s.id == query.id);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let forget = ui.small_button("Forget");
                if forget.on_hover_text(format!("Forget: {}", query.text)).clicked() {
                    out.push(QueryCommand::Remove(query.id).into());
                }
                let best = query.answers.get(&state.queries.mode).and_then(|a| a.moments.first());
                if let (Some(truth), Some(best)) = (query.truth, best) {
                    let iou = truth.iou(best.range);
                    ui.colored_label(theme::of(ui).faint, format!("{iou:.2}"))
                        .on_hover_text("IoU of the best moment with the annotated one");
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let label = egui::Button::selectable(is_selected, &query.text).truncate();
                    if ui.add(label).on_hover_text(&query.text).clicked() {
                        out.push(QueryCommand::Select(query.id).into());
                    }
                });
            });
        });
    }
}
