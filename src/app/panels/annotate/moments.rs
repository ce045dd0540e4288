//! The person's own questions about what is open, and their moments.

use egui::{RichText, Ui};

use super::typed::Typing;
use crate::app::actions::Action;
use crate::app::annotate::{self, AnnotateCommand, Edge, Nudge};
use crate::app::command::Command;
use crate::app::place::place;
use crate::app::state::AppState;
use crate::project::{Moment, Query, TEMPLATES};
use crate::time::{MediaTime, TimeRange};
use crate::view::controls::{choices_ui, note_ui, row_ui};
use crate::view::theme;

/// Overlap from which the benchmark counts a moment as found (R@0.3).
const FOUND_IOU: f64 = 0.3;

pub fn moments_ui(ui: &mut Ui, state: &AppState, typing: &mut Typing<'_>, out: &mut Vec<Command>) {
    let here = annotate::queries_here(state);
    let chosen = annotate::chosen_query(state);
    if here.is_empty() {
        note_ui(
            ui,
            "Nothing yet. Drag in the lane \u{201c}Mine\u{201d} of the timeline, or mark a range with I and O and press Enter.",
        );
    }
    if state.dataset.is_none() {
        for query in &here {
            query_row_ui(ui, query, chosen.is_some_and(|c| c.id == query.id), out);
        }
    }
    ui.horizontal_wrapped(|ui| {
        for id in ["new-moment", "copy-truth", "new-question"] {
            action_ui(ui, id, state, out);
        }
    });
    let Some(query) = chosen else { return };
    ui.add_space(4.0);
    question_ui(ui, query, typing, out);
    ui.add_space(4.0);
    let mut moments: Vec<&Moment> = query.moments.iter().collect();
    moments.sort_by_key(|moment| moment.range.start());
    for moment in moments {
        let is_chosen = annotate::chosen_moment(state).is_some_and(|(_, chosen)| chosen.id == moment.id);
        moment_ui(ui, state, moment, is_chosen, out);
        if is_chosen {
            editor_ui(ui, state, moment, typing, out);
        }
    }
}

/// A small button for a named action.
fn action_ui(ui: &mut Ui, id: &str, state: &AppState, out: &mut Vec<Command>) {
    let Some(action) = Action::by_id(id) else { return };
    let is_enabled = (action.is_enabled)(state);
    let shortcut = action.shortcut_text(ui.ctx());
    let hint = if shortcut.is_empty() {
        action.tooltip.to_owned()
    } else {
        format!("{} ({shortcut})", action.tooltip)
    };
    let button = ui.add_enabled(is_enabled, egui::Button::new(action.label).small());
    if button.on_hover_text(&hint).on_disabled_hover_text(hint).clicked() {
        out.push((action.command)(state));
    }
}

fn query_row_ui(ui: &mut Ui, query: &Query, is_chosen: bool, out: &mut Vec<Command>) {
    let text = if query.text.is_empty() { "No question yet" } else { &query.text };
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let faint = theme::of(ui).faint;
            let count = query.moments.len();
            ui.label(RichText::new(format!("{count}")).color(faint).small()).on_hover_text(if count == 1 {
                "moment"
            } else {
                "moments"
            });
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                if ui.add(egui::Button::selectable(is_chosen, text).truncate()).on_hover_text(text).clicked()
                {
                    out.push(AnnotateCommand::ChooseQuery(query.id).into());
                }
            });
        });
    });
}

/// Words and template of the chosen question.
fn question_ui(ui: &mut Ui, query: &Query, typing: &mut Typing<'_>, out: &mut Vec<Command>) {
    let id = egui::Id::unique("own question").with(query.id);
    let wants_focus = std::mem::take(&mut typing.view().wants_text);
    let query_id = query.id;
    let hint = "Where did I put the knife?";
    let (response, written) = typing.lines_ui(ui, id, "My question", &query.text, hint, move |text| {
        AnnotateCommand::SetText(query_id, text.trim().to_owned()).into()
    });
    if wants_focus {
        response.request_focus();
        response.scroll_to_me(None);
    }
    out.extend(written);
    row_ui(ui, "Template", |ui, label| {
        let shown = query.template.as_deref().unwrap_or("None");
        let width = (ui.available_width() - 66.0).max(80.0);
        egui::ComboBox::from_id_salt("own template")
            .selected_text(shown)
            .width(width)
            .truncate()
            .show_ui(ui, |ui| {
                if ui.selectable_label(query.template.is_none(), "None").clicked() {
                    out.push(AnnotateCommand::SetTemplate(query_id, None).into());
                }
                for template in TEMPLATES {
                    let is_on = query.template.as_deref() == Some(template.name);
                    if ui.selectable_label(is_on, template.name).clicked() {
                        out.push(
                            AnnotateCommand::SetTemplate(query_id, Some(template.name.to_owned())).into(),
                        );
                    }
                }
            })
            .response
            .labelled_by(label);
        let delete = ui.small_button("Delete");
        if delete.on_hover_text("Delete this question and its moments; Ctrl+Z brings them back").clicked() {
            out.push(AnnotateCommand::RemoveQuery(query_id).into());
        }
    });
}

/// One moment in a row: where it is, and how it compares with the annotated one.
fn moment_ui(ui: &mut Ui, state: &AppState, moment: &Moment, is_chosen: bool, out: &mut Vec<Command>) {
    let range = moment.range;
    ui.horizontal(|ui| {
        let text = format!("{} – {}", range.start(), range.end());
        let button = egui::Button::selectable(is_chosen, RichText::new(text).strong());
        if ui.add(button).on_hover_text("Choose it and go there").clicked() {
            out.push(AnnotateCommand::Choose(Some(moment.id)).into());
            out.push(state.seek_command(range.start()));
        }
        ui.label(RichText::new(format!("{:.2} s", range.duration().secs())).color(theme::of(ui).faint));
        let author = if moment.author == state.work.author() { "" } else { moment.author.as_str() };
        ui.label(RichText::new(author).color(theme::of(ui).faint).small());
        if let Some(truth) = best_truth(state, range) {
            let iou = truth.iou(range);
            let text = RichText::new(format!("IoU {iou:.2}"));
            let text = if iou > FOUND_IOU { text.strong() } else { text.color(theme::of(ui).faint) };
            ui.label(text).on_hover_text("Overlap with the annotated moment, divided by their union");
        }
    });
}

fn best_truth(state: &AppState, range: TimeRange) -> Option<TimeRange> {
    state.truths().into_iter().max_by(|a, b| a.iou(range).total_cmp(&b.iou(range)))
}

/// Exact times, the edge that the keys move, and what can be done.
fn editor_ui(
    ui: &mut Ui,
    state: &AppState,
    moment: &Moment,
    typing: &mut Typing<'_>,
    out: &mut Vec<Command>,
) {
    ui.indent("own moment", |ui| {
        let range = moment.range;
        time_ui(ui, state, moment, Edge::Start, typing, out);
        time_ui(ui, state, moment, Edge::End, typing, out);
        if let Some(truth) = best_truth(state, range) {
            let delta = |own: MediaTime, truth: MediaTime| format!("{:+.2} s", (own - truth).secs());
            note_ui(
                ui,
                format!(
                    "Start {} and end {} from the annotated moment",
                    delta(range.start(), truth.start()),
                    delta(range.end(), truth.end())
                ),
            );
        }
        row_ui(ui, "Edge", |ui, _| {
            let edges = Edge::ALL.map(|edge| (edge, edge.name(), "What the nudges move (E)", true));
            if let Some(edge) = choices_ui(ui, Some(state.annotate.edge), &edges) {
                out.push(AnnotateCommand::SetEdge(edge).into());
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (text, hint, by) in [
                ("−1 step", "One feature of the model back (Alt+Shift+,)", Nudge::Steps(-1)),
                ("−1 frame", "One picture back (Alt+,)", Nudge::Frames(-1)),
                ("+1 frame", "One picture on (Alt+.)", Nudge::Frames(1)),
                ("+1 step", "One feature of the model on (Alt+Shift+.)", Nudge::Steps(1)),
            ] {
                if ui.small_button(text).on_hover_text(hint).clicked() {
                    out.push(AnnotateCommand::Nudge(by).into());
                }
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for id in ["own-start", "own-end", "loop-own", "split", "join", "duplicate", "delete"] {
                action_ui(ui, id, state, out);
            }
        });
    });
    ui.add_space(4.0);
}

/// A time to be typed exactly, in every spelling that "go to" takes.
fn time_ui(
    ui: &mut Ui,
    state: &AppState,
    moment: &Moment,
    edge: Edge,
    typing: &mut Typing<'_>,
    out: &mut Vec<Command>,
) {
    let (range, moment_id) = (moment.range, moment.id);
    let time = if edge == Edge::Start { range.start() } else { range.end() };
    let written = time.to_string();
    // a data set's pictures are counted in its video
    let table = state.player.as_ref().filter(|_| state.dataset.is_none()).map(|player| player.table());
    let clip = state.clip_range();
    row_ui(ui, edge.name(), |ui, _| {
        let id = egui::Id::unique("own time").with(moment_id).with(edge.name());
        let read = |text: &str| place(text, clip, table.map(AsRef::as_ref));
        let name = format!("{} of my moment", edge.name());
        let (response, typed) = typing.line_ui(ui, id, &name, &written, 92.0, |text| {
            let time = read(&text).unwrap_or(time);
            let (start, end) = if edge == Edge::Start { (time, range.end()) } else { (range.start(), time) };
            AnnotateCommand::SetRange(moment_id, TimeRange::new(start, end)).into()
        });
        response.on_hover_text("1:23.4   83.4s   f2490   35%");
        out.extend(typed);
        let shown = typing.text(id, &written);
        match read(&shown) {
            Some(time) => {
                let frame = table.map(|table| format!("frame {}", table.at(time).0)).unwrap_or_default();
                ui.label(RichText::new(frame).color(theme::of(ui).faint).small());
            }
            None => {
                let text = RichText::new("1:23.4, 83.4s, f2490 or 35%").color(theme::of(ui).warning).small();
                ui.label(text);
            }
        }
    });
}
