//! IoUs of the first answers, and whether scores say how often they are right.

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent};
use crate::app::command::Command;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::{Column, Condition};
use crate::eval::failure::{Class, IOU_BINS};
use crate::view::charts::{ColumnBar, ColumnMark, Curve, columns_ui, curves_ui};
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn histogram_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Overlap of the first answer",
        "IoU of the first answers in twentieths, by class. The lowest column holds most and is left out of the scale.",
    );
    let histogram = &look.analysis.report.iou_histogram;
    let config = &look.analysis.wanted.config;
    let step = 1.0 / IOU_BINS as f64;
    let condition = |bin: usize| Condition::Range {
        column: Column::Iou,
        low: step * bin as f64,
        high: if bin + 1 == IOU_BINS { f64::MAX } else { step * (bin + 1) as f64 },
    };
    // nearly everything lies in the first bin: shown with it, the others would be a line
    let columns: Vec<ColumnBar> = (1..IOU_BINS)
        .map(|bin| ColumnBar {
            label: format!("{:.2}", step * bin as f64),
            name: format!("IoU {:.2} to {:.2}", step * bin as f64, step * (bin + 1) as f64),
            parts: Class::ALL.iter().map(|c| (histogram.bins[bin][c.number()], of_class(ui, *c))).collect(),
            is_on: look.has(&condition(bin)),
            hint: String::new(),
        })
        .collect();
    let colours = theme::of(ui);
    let mark = |value: f64, text: &str, colour| ColumnMark {
        at: (value * IOU_BINS as f64 - 1.0) as f32,
        text: text.to_owned(),
        colour,
    };
    let marks = [
        mark(config.background_iou, "background", colours.faint),
        mark(config.theta, "threshold", colours.accent),
    ];
    let pick = ui.push_id("ious", |ui| columns_ui(ui, &columns, &marks, 120.0)).inner;
    filter_by(pick, |i| condition(i + 1), out);
    let lowest: usize = histogram.bins[0].iter().sum();
    note_ui(ui, format!("{lowest} more below 0.05, {} without an answer", histogram.undefined));
}

pub fn calibration_ui(ui: &mut Ui, look: &Look<'_>, _out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Calibration",
        "Whether a score says how often the answer is right, and what taking only confident answers would bring.",
    );
    let found = &look.analysis.report.calibration;
    if found.scored == 0 {
        note_ui(ui, "These predictions have no scores.");
        return;
    }
    let colours = theme::of(ui);
    if let (Some(bins), Some(error)) = (&found.reliability, found.expected_error) {
        let points: Vec<[f64; 2]> = bins.iter().filter_map(|b| Some([b.mean_score?, b.right?])).collect();
        let curves = [
            Curve {
                name: "perfect",
                colour: colours.faint,
                points: vec![[0.0, 0.0], [1.0, 1.0]],
                has_dots: false,
                is_dashed: true,
            },
            Curve { name: "right", colour: colours.curve, points, has_dots: true, is_dashed: false },
        ];
        curves_ui(ui, "Reliability of scores", ["score", "share right"], 150.0, &curves);
        note_ui(ui, format!("Expected calibration error {}", percent(error)));
    } else {
        note_ui(
            ui,
            "The scores are no probabilities (some lie outside 0 to 1), so only their order is looked at.",
        );
    }
    let points = found.risk_coverage.iter().map(|p| [p.coverage, p.risk]).collect();
    let risk = Curve {
        name: "wrong",
        colour: of_class(ui, Class::Background),
        points,
        has_dots: false,
        is_dashed: false,
    };
    curves_ui(ui, "Risk by coverage", ["answered (most confident first)", "share wrong"], 140.0, &[risk]);
    if let Some(mean) = found.mean_risk {
        note_ui(ui, format!("Mean risk {} (lower is better)", percent(mean)));
    }
}
