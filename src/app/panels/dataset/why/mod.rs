//! Why queries fail: panels beside the table. Whatever is clicked filters the table; Ctrl+click adds
//! to what is chosen.

mod boundary;
mod classes;
mod compare;
mod confidence;
mod gaze;
mod people;
mod profiles;
mod ranking;
mod templates;
mod thresholds;
mod what_if;

use egui::{RichText, ScrollArea, Ui};

use crate::app::command::{AppCommand, Command};
use crate::app::dataset::{DataSetCommand, DataSetPage, DataSetSession, Source};
use crate::app::state::AppState;
use crate::app::view_state::DataSetView;
use crate::dataset::{Analysis, Condition};
use crate::view::charts::Pick;
use crate::view::controls::note_ui;

/// Wide enough for two columns of panels.
const TWO_COLUMNS: f32 = 660.0;

/// What every panel here is given.
pub struct Look<'a> {
    pub set: &'a DataSetSession,
    pub analysis: &'a Analysis,
}

impl Look<'_> {
    /// The condition is on.
    fn has(&self, condition: &Condition) -> bool {
        self.set.filter.has(condition)
    }
}

pub fn why_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut DataSetView,
    out: &mut Vec<Command>,
) {
    tabs_ui(ui, state.settings.data_set_page, out);
    ScrollArea::vertical().id_salt(state.settings.data_set_page).auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width() - 4.0);
        if state.settings.data_set_page == DataSetPage::Files {
            super::sources::sources_ui(ui, set, view, out);
            return;
        }
        let Some(analysis) = set.analysis() else {
            absent_ui(ui, set, out);
            return;
        };
        let look = Look { set, analysis };
        match state.settings.data_set_page {
            DataSetPage::Why => columns_ui(
                ui,
                view,
                out,
                |ui, _, out| {
                    classes::classes_ui(ui, &look, out);
                    people::people_ui(ui, &look, out);
                    ranking::ranking_ui(ui, &look, out);
                },
                |ui, _, out| {
                    boundary::boundary_ui(ui, &look, out);
                    classes::marks_ui(ui, &look, out);
                    classes::mix_ui(ui, &look, out);
                },
            ),
            DataSetPage::Where => columns_ui(
                ui,
                view,
                out,
                |ui, view, out| {
                    profiles::profiles_ui(ui, &look, view, out);
                    confidence::histogram_ui(ui, &look, out);
                },
                |ui, _, out| {
                    templates::by_class_ui(ui, &look, out);
                    templates::confusion_ui(ui, &look, out);
                    confidence::calibration_ui(ui, &look, out);
                },
            ),
            DataSetPage::Compare => compare::compare_ui(ui, &look, out),
            DataSetPage::WhatIf => columns_ui(
                ui,
                view,
                out,
                |ui, _, out| what_if::what_if_ui(ui, &look, out),
                |ui, _, out| thresholds::thresholds_ui(ui, set, out),
            ),
            DataSetPage::Gaze => gaze::gaze_ui(ui, &look, out),
            DataSetPage::Files => {}
        }
        ui.add_space(8.0);
    });
}

fn tabs_ui(ui: &mut Ui, page: DataSetPage, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        for other in DataSetPage::ALL {
            let tab = ui.selectable_label(page == other, RichText::new(other.name()).size(14.0));
            if tab.on_hover_text(other.hint()).clicked() {
                out.push(AppCommand::DataSetPage(other).into());
            }
        }
    });
    ui.separator();
}

fn absent_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    let text = if set.data.predictions.is_empty() {
        "Open prediction files to see why queries fail: an Ego4D submission, QVHighlights lines, or what `gazenlq localize` writes."
    } else if set.analysis.is_some() {
        "The network is asked query by query. Look at a prediction file to see the whole split:"
    } else {
        "Comparing the predictions with the truth…"
    };
    note_ui(ui, text);
    if set.source == Source::Network {
        for (i, file) in set.data.predictions.iter().enumerate() {
            if ui.button(format!("Look at {}", file.name)).clicked() {
                out.push(DataSetCommand::ShowSource(Source::File(i)).into());
            }
        }
    }
}

/// Both parts side by side where there is room, else one below the other.
fn columns_ui(
    ui: &mut Ui,
    view: &mut DataSetView,
    out: &mut Vec<Command>,
    first: impl FnOnce(&mut Ui, &mut DataSetView, &mut Vec<Command>),
    second: impl FnOnce(&mut Ui, &mut DataSetView, &mut Vec<Command>),
) {
    if ui.available_width() >= TWO_COLUMNS {
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            first(left, view, out);
            second(right, view, out);
        });
    } else {
        first(ui, view, out);
        second(ui, view, out);
    }
}

/// A heading with an explanation under the pointer.
fn heading_ui(ui: &mut Ui, title: &str, hint: &str) {
    ui.add_space(8.0);
    ui.label(RichText::new(title).strong().size(14.5)).on_hover_text(hint);
}

/// Puts the condition that was clicked on the table.
fn filter_by(pick: Option<Pick>, condition: impl FnOnce(usize) -> Condition, out: &mut Vec<Command>) {
    let Some(pick) = pick else { return };
    let condition = condition(pick.index);
    let command = if pick.is_added { DataSetCommand::Toggle } else { DataSetCommand::Only };
    out.push(command(condition).into());
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A difference of shares in points, with its sign.
fn points(difference: f64) -> String {
    format!("{:+.2}", difference * 100.0)
}
