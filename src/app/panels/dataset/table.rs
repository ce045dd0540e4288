//! The table of queries. Only the rows in view are laid out, so that a whole split scrolls like a page.

use egui::{RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::colours::of_class;
use crate::app::command::Command;
use crate::app::dataset::{CaseState, DataSetCommand, DataSetSession, Source};
use crate::app::view_state::ViewState;
use crate::dataset::{Column, Facts, RowView};
use crate::eval::failure::Class;
use crate::view::theme;

const ROW_HEIGHT: f32 = 22.0;

/// The columns that there is room for, the most telling ones first.
fn columns(set: &DataSetSession, width: f32) -> Vec<Column> {
    let Some(analysis) = set.analysis() else {
        return vec![Column::Query, Column::Template, Column::Clip, Column::Start, Column::Iou, Column::Rank];
    };
    let mut columns = vec![Column::Query, Column::Class, Column::Iou, Column::Rank];
    let mut add = |from: f32, column: Column| {
        if width >= from {
            columns.push(column);
        }
    };
    if analysis.report.calibration.scored > 0 {
        add(480.0, Column::Score);
    }
    add(540.0, Column::Length);
    if analysis.other().is_some() {
        add(500.0, Column::Change);
    }
    add(760.0, Column::Template);
    if set.gaze.as_ref().is_some_and(|gaze| !gaze.is_empty()) {
        add(560.0, Column::Gaze);
    }
    if !set.said.rows.is_empty() {
        add(560.0, Column::Tags);
        add(700.0, Column::Verdict);
    }
    add(900.0, Column::Flags);
    add(1040.0, Column::Start);
    add(1160.0, Column::Clip);
    columns
}

fn width_of(column: Column) -> Width {
    match column {
        Column::Query => Width::remainder().at_least(120.0),
        Column::Template => Width::initial(150.0),
        Column::Clip => Width::initial(78.0),
        Column::Start => Width::initial(118.0),
        Column::Gaze => Width::initial(112.0),
        Column::Class => Width::initial(146.0),
        Column::Flags => Width::initial(150.0),
        Column::Tags | Column::Verdict => Width::initial(104.0),
        Column::Iou | Column::Rank | Column::Crowding | Column::Tracked => Width::initial(50.0),
        Column::Score | Column::Length | Column::Change | Column::ScoreGap => Width::initial(58.0),
    }
    .clip(true)
}

fn hint(column: Column) -> &'static str {
    match column {
        Column::Query => "As it is annotated",
        Column::Template => "Of the query, where the annotations name one",
        Column::Clip => "Start of the clip's uid",
        Column::Start => "Start and end in the clip",
        Column::Length => "Seconds of the true moment",
        Column::Iou => "Overlap of the first moment with the true one, divided by their union",
        Column::Rank => "Rank of the first moment that is right, among all that are stored",
        Column::Score => "Of the first moment, as the model gave it",
        Column::Class => "Why the query was not answered: the first definition that fits",
        Column::Flags => "What else is known about the case",
        Column::Tags => "What people have called the cause",
        Column::Verdict => "What people have decided about the case",
        Column::Gaze => {
            "Predicted gaze in the true moment: its class, and its KL divergence from the recorded gaze"
        }
        Column::Tracked => "Share of the true moment with usable recorded gaze",
        Column::ScoreGap => "Score of the first moment less that of the right one",
        Column::Crowding => "Near-duplicates of the first moment before the right one",
        Column::Change => "IoU of the first moment less that of the model compared with",
    }
}

pub fn table_ui(ui: &mut Ui, set: &DataSetSession, view: &mut ViewState, out: &mut Vec<Command>) {
    let columns = columns(set, ui.available_width());
    let mut table = TableBuilder::new(ui)
        .id_salt(format!("{columns:?}"))
        .striped(true)
        .resizable(true)
        .sense(Sense::click())
        .auto_shrink(false)
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        // the keyboard is faster than an animation
        .animate_scrolling(false);
    for column in &columns {
        table = table.column(width_of(*column));
    }
    let scrolled_to = &mut view.dataset.scrolled_to;
    if *scrolled_to != set.selected {
        *scrolled_to = set.selected;
        let at = set.selected.and_then(|row| set.shown.iter().position(|r| *r == row));
        if let Some(at) = at {
            table = table.scroll_to_row(at, None);
        }
    }
    let table = table.header(22.0, |mut header| {
        for column in &columns {
            header.col(|ui| head_ui(ui, set, *column, out));
        }
    });
    set.with_facts(|facts| {
        table.body(|body| {
            body.rows(ROW_HEIGHT, set.shown.len(), |mut cells| {
                let row = set.shown[cells.index()];
                let Some(shown) = set.data.row(row) else { return };
                row_ui(&mut cells, set, facts, &columns, row, &shown, out);
            });
        });
    });
}

/// Sorts when it is clicked.
fn head_ui(ui: &mut Ui, set: &DataSetSession, column: Column, out: &mut Vec<Command>) {
    let sort = set.sort.filter(|sort| sort.column == column);
    let arrow = match sort {
        Some(sort) if sort.is_descending => " \u{2193}",
        Some(_) => " \u{2191}",
        None => "",
    };
    let text = RichText::new(format!("{}{arrow}", column.name())).strong();
    let label = egui::Label::new(text).sense(Sense::click()).selectable(false).truncate();
    let response = ui.add(label);
    response.widget_info(|| {
        let name = format!("Sort by {}", column.name());
        egui::WidgetInfo::selected(egui::Role::ColumnHeader, true, sort.is_some(), name)
    });
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    let order = "Click to sort; again for the other direction, once more for the order of the file";
    if response.on_hover_text(format!("{}\n{order}", hint(column))).clicked() {
        out.push(DataSetCommand::Sort(column).into());
    }
}

/// A difference with its sign, unless it rounds to nothing.
pub fn signed(change: f64) -> String {
    if change.abs() < 0.005 { "0.00".to_owned() } else { format!("{change:+.2}") }
}

/// Minutes, seconds and a tenth: what a column has room for.
fn clock(secs: f64) -> String {
    let tenths = (secs * 10.0).round() as i64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, (tenths % 10).abs())
}

fn row_ui(
    cells: &mut TableRow<'_, '_>,
    set: &DataSetSession,
    facts: &Facts<'_>,
    columns: &[Column],
    row: usize,
    shown: &RowView<'_>,
    out: &mut Vec<Command>,
) {
    let is_selected = set.selected == Some(row);
    cells.set_selected(is_selected);
    // lines and runs of spaces would break the row
    let line = shown.text().split_whitespace().collect::<Vec<_>>().join(" ");
    for column in columns {
        cells.col(|ui| match column {
            Column::Query => {
                let label = RichText::new(&line);
                let label = if shown.query.is_none() { label.weak().italics() } else { label };
                ui.add(egui::Label::new(label).truncate().selectable(false));
            }
            Column::Class => class_ui(ui, set, row),
            _ => cell_ui(ui, set, facts, *column, row, shown, is_selected),
        });
    }
    let response = cells.response();
    response.widget_info(|| {
        let name = format!("Query {}: {line}", row + 1);
        egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, name)
    });
    if response.double_clicked() {
        out.push(DataSetCommand::OpenCase(true).into());
    } else if response.clicked() {
        out.push(DataSetCommand::Select(row).into());
    }
}

fn class_ui(ui: &mut Ui, set: &DataSetSession, row: usize) {
    let Some((analysis, finding)) = set.analysis().and_then(|a| Some((a, a.finding(row)?))) else { return };
    let name = finding.boundary.map_or(finding.class.name(), |kind| kind.name());
    ui.spacing_mut().item_spacing.x = 5.0;
    let (area, _) = ui.allocate_exact_size(egui::vec2(8.0, 12.0), Sense::hover());
    ui.painter().rect_filled(area, 2.0, of_class(ui, finding.class));
    let response = ui.add(egui::Label::new(name).truncate().selectable(false));
    if response.hovered() {
        let config = &analysis.wanted.config;
        let text = finding.boundary.map_or_else(
            || finding.class.definition(config),
            |kind| format!("{}\n{}", finding.class.definition(config), kind.definition(config)),
        );
        response.on_hover_text(text);
    }
}

fn cell_ui(
    ui: &mut Ui,
    set: &DataSetSession,
    facts: &Facts<'_>,
    column: Column,
    row: usize,
    shown: &RowView<'_>,
    is_selected: bool,
) {
    let theta = set.wanted.config.theta;
    let number = facts.number(row, column);
    let is_strong = column == Column::Iou && number.is_some_and(|iou| iou > theta);
    let text = match column {
        Column::Template => {
            shown.template().split_once(": ").map_or(shown.template(), |(_, name)| name).to_owned()
        }
        Column::Clip => shown.clip.clip_uid.chars().take(8).collect(),
        Column::Start => shown
            .windows
            .first()
            .map_or_else(String::new, |[start, end]| format!("{} – {}", clock(*start), clock(*end))),
        Column::Tags | Column::Verdict => facts.word(row, column).to_owned(),
        Column::Length => number.map_or_else(String::new, |secs| format!("{secs:.1} s")),
        Column::Rank => rank_text(set, facts, row, number),
        Column::Change => number.map_or_else(String::new, signed),
        Column::Gaze => set.gaze_of(row).map_or_else(String::new, |gaze| match (gaze.class, gaze.mean_kl) {
            (Some(class), Some(kl)) => format!("{} {kl:.1}", class.name()),
            (Some(class), None) => class.name().to_owned(),
            (None, _) => format!("{:.0} % tracked", gaze.tracked * 100.0),
        }),
        Column::Flags => {
            let flags = set.analysis().and_then(|a| a.finding(row)).map(|f| f.flags);
            let names: Vec<&str> =
                flags.into_iter().flat_map(|f| f.iter().collect::<Vec<_>>()).map(|f| f.name()).collect();
            names.join(", ")
        }
        _ => number.map_or_else(String::new, |value| format!("{value:.2}")),
    };
    // on the selection's ground faint text is too faint
    let colour = if is_selected { ui.visuals().text_color() } else { theme::of(ui).faint };
    let text = RichText::new(text);
    let text = if is_strong { text.strong() } else { text.color(colour) };
    ui.add(egui::Label::new(text).truncate().selectable(false));
}

fn rank_text(set: &DataSetSession, facts: &Facts<'_>, row: usize, rank: Option<f64>) -> String {
    if set.source == Source::Network {
        match set.case(row) {
            Some(CaseState::Asking) => return "asking…".to_owned(),
            Some(CaseState::Failed(_)) => return "failed".to_owned(),
            _ => {}
        }
    }
    match rank {
        Some(rank) => format!("{rank:.0}"),
        // there are answers, and none is right
        None if facts.number(row, Column::Iou).is_some() => "none".to_owned(),
        None => match set.analysis().and_then(|a| a.finding(row)).map(|f| f.class) {
            Some(Class::NoPrediction) => "–".to_owned(),
            _ => String::new(),
        },
    }
}
