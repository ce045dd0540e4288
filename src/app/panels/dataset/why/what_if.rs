//! What other settings behind the network would give: everything here and in the table follows while a
//! slider is dragged, and no network runs.

use egui::{RichText, Slider, Ui};

use super::{Look, classes, heading_ui, percent, points};
use crate::app::command::Command;
use crate::app::dataset::DataSetCommand;
use crate::eval::failure::{Header, Oracle};
use crate::eval::what_if::{HALF_STEP_SECS, WhatIf};
use crate::view::controls::note_ui;
use crate::view::theme;

/// Sigma of the reference's Soft-NMS for NLQ.
const USUAL_SIGMA: f32 = 0.75;

pub fn what_if_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Other settings behind the network",
        "Other settings behind the network, from the stored windows: table and panels show what they give.",
    );
    let before = &look.set.wanted.what_if;
    let mut now = before.clone();
    egui::Grid::new("what-if").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        ui.spacing_mut().slider_width = (ui.available_width() - 230.0).clamp(60.0, 320.0);
        let mut has_nms = now.sigma.is_some();
        ui.checkbox(&mut has_nms, "Soft-NMS again").on_hover_text(
            "Suppresses overlapping windows once more. The stored scores have been through it already, so this is an approximation.",
        );
        let mut sigma = now.sigma.unwrap_or(USUAL_SIGMA);
        let slider = ui.add_enabled(has_nms, Slider::new(&mut sigma, 0.05..=2.0).fixed_decimals(2));
        name(&slider, "Sigma");
        slider.on_hover_text("Smaller takes more from windows that overlap a better one; the reference has 0.75");
        now.sigma = has_nms.then_some(sigma);
        ui.end_row();

        ui.label("Minimum score");
        let slider = ui.add(Slider::new(&mut now.min_score, 0.0..=1.0).fixed_decimals(3).logarithmic(true));
        name(&slider, "Minimum score");
        slider.on_hover_text("Windows with a lower score are dropped");
        ui.end_row();

        ui.label("Windows kept");
        let most = look.analysis.wanted.config.kept;
        let mut keep = now.keep.unwrap_or(most);
        let slider = ui.add(Slider::new(&mut keep, 1..=most));
        name(&slider, "Windows kept");
        slider.on_hover_text("Of each query, after suppression; the reference keeps 5");
        now.keep = (keep < most).then_some(keep);
        ui.end_row();

        ui.label("Time offset");
        ui.vertical(|ui| {
            let slider = ui.add(Slider::new(&mut now.offset_secs, -2.0..=2.0).fixed_decimals(3).suffix(" s"));
            name(&slider, "Time offset");
            slider.on_hover_text("Added to the start and the end of every window");
            let half = ui.small_button("Half a step back");
            if half.on_hover_text("The reference returns windows half a feature step late; this takes it back").clicked() {
                now.offset_secs = HALF_STEP_SECS;
            }
        });
        ui.end_row();
    });
    note_ui(ui, "Oracles: repair one kind of failure");
    ui.horizontal_wrapped(|ui| {
        for oracle in Oracle::ALL {
            let mut is_on = now.oracles.contains(&oracle);
            if ui.checkbox(&mut is_on, oracle.name()).changed() {
                now.oracles.retain(|o| *o != oracle);
                if is_on {
                    now.oracles.push(oracle);
                }
            }
        }
    });
    if ui.add_enabled(now != WhatIf::default(), egui::Button::new("As it is stored")).clicked() {
        now = WhatIf::default();
    }
    if now != *before {
        out.push(DataSetCommand::WhatIf(now).into());
    }
    ui.add_space(6.0);
    result_ui(ui, look);
    classes::stack_bar_ui(ui, look, out);
    if look.analysis.report.calibration.without_score > 0 {
        note_ui(ui, "Some windows have no score; for Soft-NMS their rank stands for it.");
    }
}

fn name(response: &egui::Response, name: &'static str) {
    let enabled = response.enabled();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, enabled, name));
}

fn result_ui(ui: &mut Ui, look: &Look<'_>) {
    let (stored, changed) = (look.analysis.stored_header(), &look.analysis.report.header);
    let k = look.analysis.wanted.config.top_k;
    let colours = theme::of(ui);
    let figures = |header: &Header| [header.r1, header.r_k, header.mean_iou];
    let names = ["R1".to_owned(), format!("R{k}"), "mIoU".to_owned()];
    egui::Grid::new("what-if-result").num_columns(4).spacing([18.0, 4.0]).show(ui, |ui| {
        for head in ["", "stored", "what if", "points"] {
            ui.colored_label(colours.faint, head);
        }
        ui.end_row();
        for (name, (a, b)) in names.into_iter().zip(figures(stored).into_iter().zip(figures(changed))) {
            ui.label(RichText::new(name).strong());
            ui.label(percent(a));
            ui.label(RichText::new(percent(b)).strong());
            let colour = if b > a {
                colours.truth
            } else if b < a {
                colours.error
            } else {
                colours.faint
            };
            ui.colored_label(colour, points(b - a));
            ui.end_row();
        }
    });
    note_ui(
        ui,
        "The class mix is on the page Why: a tick in each bar stands where the stored predictions are.",
    );
}
