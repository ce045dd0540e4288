//! The numbers that the definitions use. They are written into every report.

use egui::{DragValue, Ui};

use super::heading_ui;
use crate::app::command::Command;
use crate::app::dataset::{DataSetCommand, DataSetSession};
use crate::eval::failure::FailureConfig;
use crate::view::controls::note_ui;

pub fn thresholds_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    heading_ui(ui, "Thresholds", "What the definitions of classes and flags use; every report says them.");
    let before = &set.wanted.config;
    let mut now = before.clone();
    egui::Grid::new("thresholds").num_columns(2).spacing([10.0, 5.0]).show(ui, |ui| {
        let number = |ui: &mut Ui,
                      name: &str,
                      hint: &str,
                      value: &mut f64,
                      speed: f64,
                      range: std::ops::RangeInclusive<f64>,
                      suffix: &str| {
            let label = ui.label(name);
            ui.add(DragValue::new(value).speed(speed).range(range).max_decimals(3).suffix(suffix))
                .labelled_by(label.id)
                .on_hover_text(hint);
            ui.end_row();
        };
        let whole = |ui: &mut Ui,
                     name: &str,
                     hint: &str,
                     value: &mut usize,
                     range: std::ops::RangeInclusive<usize>| {
            let label = ui.label(name);
            ui.add(DragValue::new(value).speed(0.1).range(range)).labelled_by(label.id).on_hover_text(hint);
            ui.end_row();
        };
        number(
            ui,
            "Background IoU",
            "Below it an answer does not touch the truth",
            &mut now.background_iou,
            0.005,
            0.0..=1.0,
            "",
        );
        whole(ui, "Answers (K)", "Windows that count as answers", &mut now.top_k, 1..=50);
        number(
            ui,
            "Near miss within",
            "Or within the true moment's own length",
            &mut now.near_secs,
            0.1,
            0.0..=600.0,
            " s",
        );
        number(
            ui,
            "Inside from",
            "Part of a window that lies inside another, from which on it counts as inside",
            &mut now.inside_share,
            0.01,
            0.0..=1.0,
            "",
        );
        number(
            ui,
            "Edge within",
            "An edge is right within this part of the true moment's length",
            &mut now.edge_share,
            0.01,
            0.0..=1.0,
            "",
        );
        number(
            ui,
            "Merged from",
            "Times as long as the true moment",
            &mut now.merge_scale,
            0.05,
            1.0..=20.0,
            " ×",
        );
        number(
            ui,
            "Duplicate IoU",
            "Windows that overlap this much are duplicates",
            &mut now.duplicate_iou,
            0.01,
            0.0..=1.0,
            "",
        );
        whole(
            ui,
            "Duplicate pairs",
            "Among the answers, from which on they are crowded",
            &mut now.duplicate_pairs,
            1..=50,
        );
        number(
            ui,
            "Long from",
            "True moments longer than this are long",
            &mut now.long_secs,
            0.5,
            0.0..=600.0,
            " s",
        );
        number(
            ui,
            "Short below",
            "True moments shorter than this are short",
            &mut now.short_secs,
            0.05,
            0.0..=60.0,
            " s",
        );
        number(
            ui,
            "Clip's edge within",
            "A true moment this near to the clip's start or end stands at its edge",
            &mut now.clip_edge_secs,
            0.05,
            0.0..=60.0,
            " s",
        );
        number(
            ui,
            "Over-confident above",
            "Quantile of the right answers' scores",
            &mut now.confident_quantile,
            0.01,
            0.0..=1.0,
            "",
        );
        number(ui, "Models agree above", "IoU of both answers", &mut now.agreement_iou, 0.01, 0.0..=1.0, "");
        number(
            ui,
            "Close call within",
            "IoU this near to the threshold",
            &mut now.close_call,
            0.005,
            0.0..=1.0,
            "",
        );
        whole(ui, "Small group below", "Groups with fewer queries are grey", &mut now.small_group, 1..=1000);
        number(ui, "Feature step", "The model's time step", &mut now.step_secs, 0.001, 0.01..=10.0, " s");
    });
    if ui
        .add_enabled(
            *before != FailureConfig { theta: before.theta, ..FailureConfig::default() },
            egui::Button::new("As proposed"),
        )
        .clicked()
    {
        now = FailureConfig { theta: before.theta, ..FailureConfig::default() };
    }
    if now != *before {
        out.push(DataSetCommand::Thresholds(Box::new(now)).into());
    }
    note_ui(ui, "Every class and flag says its definition with these numbers while the pointer is on it.");
}
