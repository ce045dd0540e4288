//! While files hover over the window: the whole window says that they can be dropped, and what they
//! seem to be.

use egui::{Align2, Color32, FontId, Order, Stroke, Ui, vec2};

use crate::app::state::AppState;
use crate::view::theme;

/// More names than this are counted.
const NAMED: usize = 6;

pub fn drop_ui(ui: &Ui, state: &AppState) {
    let hovered = ui.input(|i| i.raw.hovered_files.clone());
    if hovered.is_empty() {
        return;
    }
    let area = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(egui::LayerId::new(Order::Tooltip, egui::Id::unique("drop")));
    let accent = theme::palette(true).accent;
    painter.rect_filled(area, 0.0, Color32::from_black_alpha(215));
    let frame = area.shrink(16.0);
    let corners =
        [frame.left_top(), frame.right_top(), frame.right_bottom(), frame.left_bottom(), frame.left_top()];
    painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(3.0, accent), 14.0, 9.0));
    let paths: Vec<_> = hovered.iter().filter_map(|file| file.path.as_deref()).collect();
    let mut lines: Vec<String> = paths.iter().take(NAMED).map(|path| describe(path)).collect();
    if paths.len() > NAMED {
        lines.push(format!("and {} more", paths.len() - NAMED));
    }
    let title = if state.player.is_some() { "Drop to open, or to add to this clip" } else { "Drop to open" };
    let mut at = area.center() - vec2(0.0, 14.0 * lines.len() as f32 + 18.0);
    painter.text(at, Align2::CENTER_CENTER, title, FontId::proportional(28.0), Color32::WHITE);
    at.y += 44.0;
    for line in lines {
        painter.text(at, Align2::CENTER_CENTER, line, FontId::proportional(15.0), Color32::from_gray(215));
        at.y += 26.0;
    }
}

/// By its name only: a file that hovers is not read. Its content decides once it is dropped.
fn describe(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let kind = match extension.as_str() {
        "mp4" | "mov" | "mkv" | "webm" | "avi" | "m4v" | "mpg" | "mpeg" | "ts" | "3gp" => "a clip",
        "csv" | "tsv" | "txt" => "a table, perhaps gaze",
        "json" | "jsonl" => "perhaps annotations",
        "" => "a folder",
        _ => return name.into_owned(),
    };
    format!("{name}   {kind}")
}
