//! The performance view: what the record of frames and the player say.

use egui::Ui;

use crate::app::performance::Spread;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::view::performance::{Figures, performance_ui};

pub fn performance_window_ui(ui: &Ui, state: &AppState, view: &mut ViewState) {
    if view.is_performance_open {
        egui::Window::new("Performance")
            .open(&mut view.is_performance_open)
            .resizable(false)
            .default_pos([260.0, 120.0])
            .show(ui.ctx(), |ui| performance_ui(ui, &figures(state)));
    }
}

fn figures(state: &AppState) -> Figures {
    let performance = &state.performance;
    let spread = |spread: Spread| {
        format!("{:5.1} ms   95 % {:5.1}   worst {:5.1}", spread.median, spread.p95, spread.worst)
    };
    let mut rows = vec![
        ("Own work", spread(performance.spread(|f| f.own_ms()))),
        ("Panels", spread(performance.spread(|f| f.ui_ms))),
        ("Upload", spread(performance.spread(|f| f.upload_ms))),
    ];
    if let Some(player) = &state.player {
        let stats = player.stats();
        let asked = stats.hits + stats.misses;
        rows.push(("Decoding", format!("{:5.1} ms a picture", stats.decode_ms)));
        rows.push((
            "Played",
            format!("{} shown, {} dropped, {} late", stats.shown, stats.dropped, stats.late),
        ));
        rows.push(("There at once", format!("{} of {asked} jumps and steps", stats.hits)));
        rows.push(("Kept", format!("{} MiB of frames", player.cached_bytes() >> 20)));
    }
    Figures { rows, frames_ms: performance.frames().map(|f| f.own_ms()).collect() }
}
