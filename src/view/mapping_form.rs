//! Which column of a table means what: a form with a preview, for gaze files of recorders that no
//! rule knows. The caller reads the file and shows the form in a window of its own.

use egui::{RichText, Ui};

use super::theme;
use crate::gaze::recording::{ColumnMapping, Origin, PositionUnit, TimeUnit};

/// The table and the mapping being edited.
pub struct MappingForm {
    pub mapping: ColumnMapping,
    header: Vec<String>,
    /// The first rows of the file, as text.
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingEvent {
    /// Something changed: the caller may redraw its preview on the picture.
    Changed,
    Apply,
    Cancel,
}

/// Rows in the preview.
const PREVIEW_ROWS: usize = 6;

impl MappingForm {
    /// Starts from what such a table was last read by, or else from a guess; `rows` are the first lines
    /// below the header.
    pub fn new(header: Vec<String>, mut rows: Vec<Vec<String>>, remembered: Option<ColumnMapping>) -> Self {
        let guess = || ColumnMapping::guess(&header).with_units_of(&header, &rows);
        let mapping = remembered.unwrap_or_else(guess);
        rows.truncate(PREVIEW_ROWS);
        Self { mapping, header, rows }
    }

    /// Why the mapping cannot be used yet, in a sentence.
    pub fn problem(&self) -> Option<String> {
        let mapping = &self.mapping;
        for (name, column) in [("time", &mapping.time), ("x", &mapping.x), ("y", &mapping.y)] {
            if !self.header.contains(column) {
                return Some(format!("Choose the column that holds {name}."));
            }
        }
        if mapping.x == mapping.y {
            return Some("x and y are the same column.".into());
        }
        if mapping.time == mapping.x || mapping.time == mapping.y {
            return Some("The time column is also a position.".into());
        }
        for (name, column) in [("time", &mapping.time), ("x", &mapping.x), ("y", &mapping.y)] {
            let mut values = self.values(column).filter(|v| !v.trim().is_empty()).peekable();
            if values.peek().is_some() && values.all(|v| v.trim().parse::<f64>().is_err()) {
                return Some(format!("The {name} column \"{column}\" holds no numbers."));
            }
        }
        None
    }

    fn values<'a>(&'a self, column: &str) -> impl Iterator<Item = &'a str> {
        let index = self.header.iter().position(|h| h == column);
        self.rows.iter().filter_map(move |row| row.get(index?).map(String::as_str))
    }

    /// What a column is used for.
    fn role(&self, column: &str) -> Option<&'static str> {
        let mapping = &self.mapping;
        [
            ("time", Some(&mapping.time)),
            ("x", Some(&mapping.x)),
            ("y", Some(&mapping.y)),
            ("confidence", mapping.confidence.as_ref()),
            ("frame", mapping.frame.as_ref()),
        ]
        .into_iter()
        .find(|(_, used)| used.is_some_and(|used| used == column))
        .map(|(role, _)| role)
    }
}

pub fn mapping_ui(ui: &mut Ui, form: &mut MappingForm) -> Option<MappingEvent> {
    let before = form.mapping.clone();
    let MappingForm { mapping, header, .. } = form;
    egui::Grid::new("mapping").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        column_ui(ui, "Time", header, &mut mapping.time);
        choice_ui(ui, "Time is in", &mut mapping.time_unit, &TimeUnit::ALL.map(|u| (u, u.label())));
        column_ui(ui, "Gaze x", header, &mut mapping.x);
        column_ui(ui, "Gaze y", header, &mut mapping.y);
        let units = [PositionUnit::Fraction, PositionUnit::Pixels].map(|unit| (unit, unit.label()));
        choice_ui(ui, "Positions are in", &mut mapping.position_unit, &units);
        let origins = [(Origin::TopLeft, "at the top left"), (Origin::BottomLeft, "at the bottom left")];
        choice_ui(ui, "The origin is", &mut mapping.origin, &origins);
        optional_column_ui(ui, "Confidence", header, &mut mapping.confidence);
        if mapping.confidence.is_some() {
            let label = ui.label("Untracked below");
            ui.add(egui::Slider::new(&mut mapping.min_confidence, 0.0..=1.0)).labelled_by(label.id);
            ui.end_row();
        }
        optional_column_ui(ui, "Frame number", header, &mut mapping.frame);
        ui.label("Clock");
        ui.checkbox(&mut mapping.is_clip_time, "Time 0 is the start of the clip");
        ui.end_row();
    });
    ui.separator();
    preview_ui(ui, form);
    ui.add_space(6.0);
    let problem = form.problem();
    let mut event = (form.mapping != before).then_some(MappingEvent::Changed);
    ui.horizontal(|ui| {
        if ui.add_enabled(problem.is_none(), egui::Button::new("Use these columns")).clicked() {
            event = Some(MappingEvent::Apply);
        }
        if ui.button("Cancel").clicked() {
            event = Some(MappingEvent::Cancel);
        }
        if let Some(problem) = problem {
            ui.colored_label(theme::of(ui).warning, problem);
        }
    });
    event
}

fn column_ui(ui: &mut Ui, name: &str, header: &[String], column: &mut String) {
    let label = ui.label(name);
    let shown = if column.is_empty() { "Choose…" } else { column.as_str() }.to_owned();
    egui::ComboBox::from_id_salt(name)
        .selected_text(shown)
        .width(220.0)
        .show_ui(ui, |ui| {
            for candidate in header {
                ui.selectable_value(column, candidate.clone(), candidate);
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

fn optional_column_ui(ui: &mut Ui, name: &str, header: &[String], column: &mut Option<String>) {
    let label = ui.label(name);
    egui::ComboBox::from_id_salt(name)
        .selected_text(column.clone().unwrap_or_else(|| "None".into()))
        .width(220.0)
        .show_ui(ui, |ui| {
            ui.selectable_value(column, None, "None");
            for candidate in header {
                ui.selectable_value(column, Some(candidate.clone()), candidate);
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

fn choice_ui<T: Copy + PartialEq>(ui: &mut Ui, name: &str, value: &mut T, choices: &[(T, &str)]) {
    let label = ui.label(name);
    let shown = choices.iter().find(|(choice, _)| choice == value).map_or("", |(_, text)| text);
    egui::ComboBox::from_id_salt(name)
        .selected_text(shown)
        .width(220.0)
        .show_ui(ui, |ui| {
            for (choice, text) in choices {
                ui.selectable_value(value, *choice, *text);
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

/// The first rows; columns in use are named above and stand out.
fn preview_ui(ui: &mut Ui, form: &MappingForm) {
    let colours = theme::of(ui);
    let strong = ui.visuals().strong_text_color();
    let table = |ui: &mut Ui| {
        for column in &form.header {
            ui.label(RichText::new(form.role(column).unwrap_or("–")).small().color(colours.accent));
        }
        ui.end_row();
        for column in &form.header {
            ui.label(RichText::new(column).strong());
        }
        ui.end_row();
        for row in &form.rows {
            for (column, value) in form.header.iter().zip(row) {
                let ink = if form.role(column).is_some() { strong } else { colours.faint };
                ui.label(RichText::new(value).monospace().color(ink));
            }
            ui.end_row();
        }
    };
    egui::ScrollArea::horizontal().id_salt("mapping-preview").show(ui, |ui| {
        egui::Frame::new().inner_margin(4.0).show(ui, |ui| {
            egui::Grid::new("mapping-rows").striped(true).spacing([18.0, 4.0]).show(ui, table);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(header: &[&str], rows: &[&[&str]]) -> MappingForm {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        MappingForm::new(own(header), rows.iter().map(|r| own(r)).collect(), None)
    }

    #[test]
    fn a_plain_table_needs_no_help() {
        let form = form(&["timestamp_ms", "gaze_x", "gaze_y"], &[&["0", "0.5", "0.5"]]);
        assert_eq!(form.problem(), None);
        assert_eq!((form.role("gaze_x"), form.role("other")), (Some("x"), None));
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let mut form = form(&["t", "px", "py"], &[&["0", "left", "2"]]);
        form.mapping.time = "t".into();
        (form.mapping.x, form.mapping.y) = ("px".into(), "px".into());
        assert_eq!(form.problem().as_deref(), Some("x and y are the same column."));
        form.mapping.y = "py".into();
        assert_eq!(form.problem().as_deref(), Some("The x column \"px\" holds no numbers."));
        form.mapping.time = "clock".into();
        assert_eq!(form.problem().as_deref(), Some("Choose the column that holds time."));
    }

    #[test]
    fn short_rows_and_empty_tables_are_fine() {
        assert!(form(&[], &[]).problem().is_some());
        assert_eq!(form(&["time", "x", "y"], &[&["1"], &[]]).problem(), None);
    }
}
