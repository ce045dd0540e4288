//! Colours and spacing in one place.

use egui::{Color32, Stroke};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    #[default]
    Dark,
    Light,
    System,
}

/// Colours that carry meaning. Predictions and truth also differ by pattern and label.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub accent: Color32,
    pub truth: Color32,
    pub prediction: Color32,
    pub curve: Color32,
    pub playhead: Color32,
    pub warning: Color32,
    pub error: Color32,
    pub lane: Color32,
    pub faint: Color32,
    pub text_on_block: Color32,
}

// Okabe and Ito's colours, which colour-blind readers tell apart, darkened for light grounds.
pub fn palette(is_dark: bool) -> Palette {
    let rgb = Color32::from_rgb;
    if is_dark {
        Palette {
            accent: rgb(86, 180, 233),
            truth: rgb(64, 190, 140),
            prediction: rgb(240, 170, 60),
            curve: rgb(120, 190, 240),
            playhead: rgb(255, 255, 255),
            warning: rgb(240, 200, 80),
            error: rgb(240, 110, 90),
            lane: rgb(30, 32, 36),
            faint: rgb(140, 146, 154),
            text_on_block: rgb(16, 16, 16),
        }
    } else {
        Palette {
            accent: rgb(0, 96, 160),
            truth: rgb(0, 130, 95),
            prediction: rgb(225, 150, 20),
            curve: rgb(0, 100, 170),
            playhead: rgb(20, 20, 20),
            warning: rgb(140, 95, 0),
            error: rgb(180, 45, 20),
            lane: rgb(236, 238, 241),
            faint: rgb(95, 100, 108),
            text_on_block: rgb(16, 16, 16),
        }
    }
}

/// The palette that fits what is on screen.
pub fn of(ui: &egui::Ui) -> Palette {
    palette(ui.visuals().dark_mode)
}

pub fn apply(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::System => egui::ThemePreference::System,
    });
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        ctx.style_mut_of(theme, |style| {
            let colours = palette(theme == egui::Theme::Dark);
            style.spacing.item_spacing = egui::vec2(8.0, 6.0);
            style.spacing.button_padding = egui::vec2(8.0, 4.0);
            style.visuals.selection.bg_fill = colours.accent.gamma_multiply(0.45);
            style.visuals.selection.stroke = Stroke::new(1.0, colours.accent);
            style.visuals.hyperlink_color = colours.accent;
            style.visuals.warn_fg_color = colours.warning;
            style.visuals.error_fg_color = colours.error;
            if theme == egui::Theme::Dark {
                style.visuals.panel_fill = Color32::from_rgb(22, 24, 27);
                style.visuals.window_fill = Color32::from_rgb(27, 29, 33);
                style.visuals.extreme_bg_color = Color32::from_rgb(14, 15, 17);
                style.visuals.override_text_color = Some(Color32::from_rgb(220, 224, 230));
            } else {
                style.visuals.panel_fill = Color32::from_rgb(248, 249, 250);
                style.visuals.override_text_color = Some(Color32::from_rgb(28, 31, 36));
            }
        });
    }
}
