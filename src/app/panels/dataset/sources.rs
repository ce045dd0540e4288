//! What the data set consists of, how much of it each part covers, and the settings of feature sets.

use egui::{DragValue, RichText, ScrollArea, Ui};

use crate::app::command::{AppCommand, Command, SessionCommand};
use crate::app::dataset::{DataSetCommand, DataSetSession, FeatureKind, FeatureSettings};
use crate::app::dialogs::PathRequest;
use crate::app::view_state::DataSetView;
use crate::dataset::{GazeUse, OpenedStore};
use crate::grounding::groundnlq::GazeMode;
use crate::stores::FeatureLevel;
use crate::view::theme;

pub fn sources_ui(ui: &mut Ui, set: &DataSetSession, view: &mut DataSetView, out: &mut Vec<Command>) {
    ScrollArea::vertical().show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add_space(4.0);
        annotations_ui(ui, set);
        network_ui(ui, set);
        predict_ui(ui, set, view, out);
        features_ui(ui, "Video features", set.data.stores.video.as_ref(), FeatureKind::Video, out);
        text_ui(ui, set);
        let has_gaze = set.data.model.as_ref().is_some_and(|model| model.network.estimator().is_some());
        if has_gaze || set.data.stores.gaze.is_some() {
            features_ui(ui, "Gaze features", set.data.stores.gaze.as_ref(), FeatureKind::Gaze, out);
        }
        predictions_ui(ui, set);
        heading_ui(ui, "Videos");
        match set.data.videos.len() {
            0 => faint_ui(ui, "None named. Queries can be looked at all the same."),
            count => faint_ui(ui, &format!("{count} in the named folders, found by uid")),
        };
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            if ui
                .button("Add files…")
                .on_hover_text("A checkpoint with its configuration, predictions, videos")
                .clicked()
            {
                out.push(SessionCommand::OpenDialog.into());
            }
            if ui
                .button("Add a folder…")
                .on_hover_text("A feature store, an imported model, a folder of videos")
                .clicked()
            {
                out.push(SessionCommand::OpenFolderDialog.into());
            }
        });
        faint_ui(ui, "Or drop them on the window.");
    });
}

fn heading_ui(ui: &mut Ui, text: &str) {
    ui.add_space(6.0);
    ui.label(RichText::new(text).strong());
}

fn faint_ui(ui: &mut Ui, text: &str) -> egui::Response {
    let faint = theme::of(ui).faint;
    ui.add(egui::Label::new(RichText::new(text).color(faint)).wrap())
}

fn name_ui(ui: &mut Ui, path: &std::path::Path) {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    // an LMDB is told by its folder
    let name = match path.parent().and_then(|parent| parent.file_name()) {
        Some(folder) if name == "data.mdb" => folder.to_string_lossy(),
        _ => name,
    };
    ui.add(egui::Label::new(name).truncate()).on_hover_text(path.display().to_string());
}

fn annotations_ui(ui: &mut Ui, set: &DataSetSession) {
    heading_ui(ui, "Annotations");
    name_ui(ui, &set.data.files.annotations);
    let annotations = &set.data.annotations;
    let unasked = annotations.clips.iter().map(|clip| clip.unasked.len()).sum::<usize>();
    let mut text = format!(
        "{}: {} clips, {} queries",
        annotations.layout.name(),
        annotations.clips.len(),
        annotations.listed()
    );
    if unasked > 0 {
        text += &format!(", {unasked} of them without words");
    }
    faint_ui(ui, &text);
    if let Some(train) = &set.data.train {
        let hint = "The training split beside this file tells how often an object was learned from";
        faint_ui(ui, &format!("beside {} queries to train with", train.listed())).on_hover_text(hint);
    }
}

fn network_ui(ui: &mut Ui, set: &DataSetSession) {
    heading_ui(ui, "Network");
    let Some(model) = &set.data.model else {
        faint_ui(ui, "None. Add an imported model, or a checkpoint with its configuration.");
        return;
    };
    ui.add(egui::Label::new(&model.name).truncate()).on_hover_text(format!(
        "{}\nSHA-256 {}",
        model.files.weights.display(),
        model.sha256
    ));
    let config = model.network.config();
    let kind = match (config.gaze.mode, config.network.arch[3]) {
        (GazeMode::Off, 0) => "GroundNLQ".to_owned(),
        (GazeMode::Off, _) => "GroundNLQ*".to_owned(),
        (GazeMode::Positive, _) => "GazeNLQ".to_owned(),
        (mode, _) => format!("GazeNLQ*, gaze mode {mode:?}"),
    };
    faint_ui(ui, &format!("{kind}, {:?}, width {}", config.network.arch, config.network.width));
}

/// The network over all queries, in a gaze mode of choice.
fn predict_ui(ui: &mut Ui, set: &DataSetSession, view: &mut DataSetView, out: &mut Vec<Command>) {
    let Some(model) = set.data.model.as_ref().filter(|_| set.data.hindrance().is_none()) else { return };
    let own = model.network.config().gaze.mode;
    let chosen = view.predict_gaze.unwrap_or(GazeUse::Predicted(own));
    ui.horizontal_wrapped(|ui| {
        let button = ui.button("Predict the whole split…");
        let hint = "Every query through the network to a file of predictions, which joins the others. It can be cancelled, and the same file goes on where it was.";
        if button.on_hover_text(hint).clicked() {
            let name = format!("{}-{}.jsonl", model.name, gaze_name(chosen));
            out.push(AppCommand::SaveAs(PathRequest::SavePredictions(name, chosen)).into());
        }
        if own != GazeMode::Off {
            let combo = egui::ComboBox::from_id_salt("predict-mode").width(110.0);
            let combo = combo.selected_text(format!("gaze {}", gaze_name(chosen))).show_ui(ui, |ui| {
                let recorded = (!set.data.recordings.is_empty()).then_some(GazeUse::Recorded);
                for gaze in MODES.map(GazeUse::Predicted).into_iter().chain(recorded) {
                    ui.selectable_value(&mut view.predict_gaze, Some(gaze), format!("gaze {}", gaze_name(gaze)));
                }
            });
            combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Gaze of the run"));
        }
    });
}

const MODES: [GazeMode; 5] =
    [GazeMode::Off, GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention];

fn gaze_name(gaze: GazeUse) -> &'static str {
    match gaze {
        GazeUse::Recorded => "recorded",
        GazeUse::Predicted(GazeMode::Off) => "off",
        GazeUse::Predicted(GazeMode::Positive) => "positive",
        GazeUse::Predicted(GazeMode::Negate) => "negative",
        GazeUse::Predicted(GazeMode::Complement) => "complement",
        GazeUse::Predicted(GazeMode::NegAttention) => "negative attention",
    }
}

fn text_ui(ui: &mut Ui, set: &DataSetSession) {
    heading_ui(ui, "Text features");
    let Some(text) = &set.data.stores.text else {
        faint_ui(ui, "None. Add their LMDB or folder.");
        return;
    };
    name_ui(ui, &text.path);
    faint_ui(ui, &format!("{} values, {} of {} queries", text.dim, text.covered, text.wanted));
    faint_ui(ui, "Only listed queries can be asked: a free question would need the same text network.");
}

fn features_ui(
    ui: &mut Ui,
    title: &str,
    store: Option<&OpenedStore>,
    kind: FeatureKind,
    out: &mut Vec<Command>,
) {
    heading_ui(ui, title);
    let Some(store) = store else {
        faint_ui(ui, "None. Add their LMDB or folder.");
        return;
    };
    name_ui(ui, &store.path);
    let what = match store.set.level {
        FeatureLevel::Clip => "clips",
        FeatureLevel::Video => "videos",
    };
    faint_ui(ui, &format!("{} values, {} of {} {what}", store.dim, store.covered, store.wanted));
    let before = FeatureSettings::from(&store.set);
    let mut now = before;
    ui.scope(|ui| {
        ui.spacing_mut().slider_width = 60.0;
        egui::Grid::new(title).num_columns(2).spacing([6.0, 4.0]).show(ui, |ui| {
            let number = |ui: &mut Ui, name: &str, hint: &str, value: &mut f64, suffix: &str, speed: f64| {
                let label = ui.label(name);
                let drag = DragValue::new(value).speed(speed).max_decimals(3).suffix(suffix);
                ui.add(drag).labelled_by(label.id).on_hover_text(hint);
                ui.end_row();
            };
            number(
                ui,
                "Stride",
                "Pictures from one feature to the next",
                &mut now.stride_frames,
                " pictures",
                0.05,
            );
            number(ui, "Rate", "Pictures a second that the stride counts", &mut now.fps, " fps", 0.1);
            number(ui, "Offset", "Where the first feature starts", &mut now.offset_secs, " s", 0.05);
        });
        ui.horizontal(|ui| {
            ui.label("One entry a");
            for (level, name) in [(FeatureLevel::Clip, "clip"), (FeatureLevel::Video, "video")] {
                ui.selectable_value(&mut now.level, level, name);
            }
        });
        ui.checkbox(&mut now.any_length, "Any length")
            .on_hover_text("Take features that last longer than the clip is annotated to be");
    });
    if now != before {
        out.push(DataSetCommand::SetFeatures(kind, now).into());
    }
}

fn predictions_ui(ui: &mut Ui, set: &DataSetSession) {
    heading_ui(ui, "Predictions");
    if set.data.predictions.is_empty() {
        faint_ui(ui, "None. Add prediction files to see their moments beside.");
    }
    for file in &set.data.predictions {
        name_ui(ui, &file.path);
        let all = set.data.rows.len();
        let raw = file
            .raw
            .as_ref()
            .map_or_else(String::new, |raw| format!("; candidates before Soft-NMS of {}", raw.covered));
        let hint = "Candidates before Soft-NMS tell what was suppressed from what was never proposed: add them as NAME.raw.jsonl beside NAME.jsonl.";
        faint_ui(ui, &format!("{} of {all} queries{raw}", file.covered)).on_hover_text(hint);
    }
}
