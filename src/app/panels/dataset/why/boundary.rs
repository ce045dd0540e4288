//! How the edges of answers that touch the truth are off.

use egui::Ui;

use super::{Look, classes, heading_ui};
use crate::app::command::Command;
use crate::app::dataset::DataSetCommand;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::Condition;
use crate::eval::failure::Class;
use crate::view::charts::{Dots, Scatter, ScatterEvent, scatter_ui};
use crate::view::controls::note_ui;

/// Errors by the length of the truth that are drawn at their place; larger ones stand at the edge.
const REACH: f64 = 2.0;

pub fn boundary_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Boundaries",
        "Answers that overlap with the truth: how early or late start and end are, by the length of the true moment. \
         Lower right of the middle is too short (truncated), upper left too long (bloated). Drag over points to see them in the table.",
    );
    let analysis = look.analysis;
    let mut correct = Vec::new();
    let mut boundary = Vec::new();
    for (place, finding) in analysis.shown.findings.iter().enumerate() {
        let dots = match finding.class {
            Class::Correct => &mut correct,
            Class::Boundary => &mut boundary,
            _ => continue,
        };
        if let Some(g) = &analysis.shown.geometry[place] {
            let length = (g.truth[1] - g.truth[0]).max(1e-6);
            let at = [g.start_error / length, g.end_error / length].map(|e| e.clamp(-REACH, REACH));
            dots.push((at, analysis.row(place)));
        }
    }
    if correct.is_empty() && boundary.is_empty() {
        note_ui(ui, "No answer touches its truth.");
        return;
    }
    let dots = [(Class::Boundary, boundary), (Class::Correct, correct)].map(|(class, points)| Dots {
        name: class.name().to_owned(),
        colour: of_class(ui, class),
        points,
    });
    let scatter = Scatter {
        name: "Start and end errors",
        x: "start error ÷ length   (late →)",
        y: "end error ÷ length",
        x_range: [-REACH, REACH],
        y_range: [-REACH, REACH],
        height: 210.0,
        dots: &dots,
        x_lines: &[0.0],
        y_lines: &[0.0],
        has_diagonal: true,
        chosen: look.set.selected,
    };
    let hint = |row: usize| {
        let text = look.set.data.row(row).map_or(String::new(), |view| view.text().to_owned());
        let errors = analysis.geometry(row).map_or(String::new(), |g| {
            format!("\nstart {:+.2} s, end {:+.2} s, IoU {:.2}", g.start_error, g.end_error, g.iou)
        });
        text + &errors
    };
    match scatter_ui(ui, &scatter, hint) {
        Some(ScatterEvent::Chosen(row)) => out.push(DataSetCommand::Select(row).into()),
        Some(ScatterEvent::Brushed(rows)) if !rows.is_empty() => {
            let name = "picked boundaries".to_owned();
            out.push(DataSetCommand::Only(Condition::Picked { name, rows }).into());
        }
        _ => {}
    }
    classes::kinds_ui(ui, look, out);
}
