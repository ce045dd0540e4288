//! Colours, spacing and text sizes in one place.
//!
//! Calm neutral greys and one accent, so that the picture and its data carry the colour. Meaning
//! is in Okabe and Ito's colours, which colour-blind readers tell apart, darkened for light
//! grounds; truth and predictions differ by pattern and label as well.

use egui::{Color32, CornerRadius, FontId, Shadow, Stroke, TextStyle, vec2};
use serde::{Deserialize, Serialize};

use crate::project::MarkerColour;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    #[default]
    Dark,
    Light,
    System,
    /// White on black, every edge drawn.
    HighContrast,
}

/// Colours that carry meaning.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub accent: Color32,
    pub truth: Color32,
    pub prediction: Color32,
    /// What the reader has made, and a colleague's.
    pub own: Color32,
    pub colleague: Color32,
    pub curve: Color32,
    pub playhead: Color32,
    pub text_on_playhead: Color32,
    pub warning: Color32,
    pub error: Color32,
    /// Ground of a lane and of bars.
    pub lane: Color32,
    /// Lines of the ruler, over lanes.
    pub grid: Color32,
    /// Shade over the part of the clip that is in view.
    pub window: Color32,
    /// Text that steps back, readable all the same.
    pub faint: Color32,
    pub text_on_block: Color32,
    pub text_on_accent: Color32,
    pub fixation: Color32,
}

impl Palette {
    /// A predicted moment's: the lower its rank (0 is best), the more it steps back, and is seen all
    /// the same.
    pub fn ranked(&self, rank: usize) -> Color32 {
        self.prediction.gamma_multiply((1.0 - 0.12 * rank as f32).max(0.3))
    }
}

pub fn palette(is_dark: bool) -> Palette {
    let rgb = Color32::from_rgb;
    if is_dark {
        Palette {
            accent: rgb(86, 180, 233),
            truth: rgb(64, 190, 140),
            prediction: rgb(240, 170, 60),
            own: rgb(214, 140, 186),
            colleague: rgb(150, 150, 214),
            curve: rgb(120, 190, 240),
            playhead: rgb(245, 247, 250),
            text_on_playhead: rgb(16, 17, 19),
            warning: rgb(240, 200, 80),
            error: rgb(240, 110, 90),
            lane: rgb(31, 33, 37),
            grid: Color32::from_white_alpha(18),
            window: rgb(210, 216, 224),
            faint: rgb(150, 156, 165),
            text_on_block: rgb(16, 16, 16),
            text_on_accent: rgb(8, 18, 28),
            fixation: rgb(196, 160, 110),
        }
    } else {
        Palette {
            accent: rgb(0, 96, 160),
            truth: rgb(60, 175, 135),
            prediction: rgb(230, 159, 40),
            own: rgb(214, 140, 186),
            colleague: rgb(160, 160, 220),
            curve: rgb(0, 100, 170),
            playhead: rgb(24, 27, 31),
            text_on_playhead: rgb(250, 250, 250),
            warning: rgb(130, 88, 0),
            error: rgb(176, 42, 20),
            lane: rgb(234, 236, 239),
            grid: Color32::from_black_alpha(22),
            window: rgb(70, 78, 88),
            faint: rgb(88, 94, 102),
            text_on_block: rgb(16, 16, 16),
            text_on_accent: rgb(255, 255, 255),
            fixation: rgb(196, 152, 88),
        }
    }
}

/// A marker's colour, on the ground at hand.
pub fn marker(ui: &egui::Ui, colour: MarkerColour) -> Color32 {
    let rgb = Color32::from_rgb;
    let is_dark = ui.visuals().dark_mode;
    match colour {
        MarkerColour::Yellow if is_dark => rgb(240, 200, 80),
        MarkerColour::Yellow => rgb(168, 122, 0),
        MarkerColour::Red if is_dark => rgb(240, 110, 90),
        MarkerColour::Red => rgb(190, 50, 30),
        MarkerColour::Green if is_dark => rgb(64, 190, 140),
        MarkerColour::Green => rgb(0, 125, 85),
        MarkerColour::Blue if is_dark => rgb(110, 180, 240),
        MarkerColour::Blue => rgb(0, 96, 160),
        MarkerColour::Purple if is_dark => rgb(205, 150, 220),
        MarkerColour::Purple => rgb(130, 60, 150),
        MarkerColour::Grey if is_dark => rgb(170, 176, 184),
        MarkerColour::Grey => rgb(98, 104, 112),
    }
}

/// The palette that fits what is on screen.
pub fn of(ui: &egui::Ui) -> Palette {
    palette(ui.visuals().dark_mode)
}

pub fn apply(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::Dark | ThemeChoice::HighContrast => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::System => egui::ThemePreference::System,
    });
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        ctx.style_mut_of(theme, |style| {
            let is_dark = theme == egui::Theme::Dark;
            spacing(style);
            let greys = match choice {
                ThemeChoice::HighContrast if is_dark => high_contrast(),
                _ => neutrals(is_dark),
            };
            visuals(&mut style.visuals, &greys, &palette(is_dark));
        });
    }
}

/// Greys from the ground up.
struct Neutrals {
    /// Behind pictures and in text boxes.
    deep: Color32,
    panel: Color32,
    window: Color32,
    /// Stripes and cards.
    raised: Color32,
    control: Color32,
    control_hovered: Color32,
    control_pressed: Color32,
    line: Color32,
    /// Around boxes and buttons: an empty checkbox has to be seen.
    outline: Color32,
    text: Color32,
    strong: Color32,
}

fn high_contrast() -> Neutrals {
    let rgb = Color32::from_rgb;
    Neutrals {
        deep: rgb(0, 0, 0),
        panel: rgb(0, 0, 0),
        window: rgb(0, 0, 0),
        raised: rgb(16, 16, 16),
        control: rgb(24, 24, 24),
        control_hovered: rgb(52, 52, 52),
        control_pressed: rgb(40, 40, 40),
        line: rgb(200, 200, 200),
        outline: rgb(255, 255, 255),
        text: rgb(255, 255, 255),
        strong: rgb(255, 235, 60),
    }
}

fn neutrals(is_dark: bool) -> Neutrals {
    let rgb = Color32::from_rgb;
    if is_dark {
        Neutrals {
            deep: rgb(13, 14, 16),
            panel: rgb(22, 24, 27),
            window: rgb(28, 30, 34),
            raised: rgb(30, 32, 36),
            control: rgb(42, 45, 50),
            control_hovered: rgb(54, 58, 64),
            control_pressed: rgb(36, 39, 44),
            line: rgb(48, 51, 57),
            outline: rgb(84, 90, 99),
            text: rgb(214, 218, 224),
            strong: rgb(244, 246, 249),
        }
    } else {
        Neutrals {
            deep: rgb(255, 255, 255),
            panel: rgb(246, 247, 248),
            window: rgb(252, 252, 253),
            raised: rgb(237, 239, 241),
            control: rgb(226, 229, 233),
            control_hovered: rgb(214, 219, 225),
            control_pressed: rgb(202, 208, 215),
            line: rgb(208, 212, 218),
            outline: rgb(158, 165, 174),
            text: rgb(38, 42, 48),
            strong: rgb(12, 14, 17),
        }
    }
}

fn spacing(style: &mut egui::Style) {
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(9.0, 4.0);
    style.spacing.interact_size.y = 24.0;
    style.spacing.menu_margin = egui::Margin::same(8);
    style.spacing.window_margin = egui::Margin::same(14);
    style.text_styles.extend([
        (TextStyle::Heading, FontId::proportional(19.0)),
        (TextStyle::Body, FontId::proportional(13.5)),
        (TextStyle::Button, FontId::proportional(13.5)),
        (TextStyle::Small, FontId::proportional(11.5)),
        (TextStyle::Monospace, FontId::monospace(13.0)),
    ]);
}

fn visuals(visuals: &mut egui::Visuals, greys: &Neutrals, colours: &Palette) {
    visuals.panel_fill = greys.panel;
    visuals.window_fill = greys.window;
    visuals.extreme_bg_color = greys.deep;
    visuals.faint_bg_color = greys.raised;
    visuals.code_bg_color = greys.raised;
    visuals.window_stroke = Stroke::new(1.0, greys.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(8);
    let alpha = if visuals.dark_mode { 110 } else { 40 };
    let shade = Color32::from_black_alpha(alpha);
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: shade };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: shade };
    visuals.selection.bg_fill = mix(greys.panel, colours.accent, 0.38);
    visuals.selection.stroke = Stroke::new(1.0, greys.strong);
    visuals.hyperlink_color = colours.accent;
    visuals.warn_fg_color = colours.warning;
    visuals.error_fg_color = colours.error;
    visuals.weak_text_color = Some(colours.faint);
    visuals.slider_trailing_fill = true;

    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(5);
        widget.expansion = 0.0;
        widget.fg_stroke = Stroke::new(1.0, greys.text);
        widget.bg_stroke = Stroke::NONE;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, greys.line);
    widgets.noninteractive.bg_fill = greys.panel;
    (widgets.inactive.weak_bg_fill, widgets.inactive.bg_fill) = (greys.control, greys.control);
    (widgets.hovered.weak_bg_fill, widgets.hovered.bg_fill) = (greys.control_hovered, greys.control_hovered);
    (widgets.active.weak_bg_fill, widgets.active.bg_fill) = (greys.control_pressed, greys.control_pressed);
    (widgets.open.weak_bg_fill, widgets.open.bg_fill) = (greys.control_hovered, greys.control_hovered);
    widgets.hovered.fg_stroke = Stroke::new(1.2, greys.strong);
    widgets.active.fg_stroke = Stroke::new(1.5, greys.strong);
    widgets.inactive.bg_stroke = Stroke::new(1.0, greys.outline);
    // the ring around what has the keyboard's focus is drawn with these
    widgets.hovered.bg_stroke = Stroke::new(1.0, colours.faint);
    widgets.active.bg_stroke = Stroke::new(1.5, colours.accent);
}

/// `part` of `b` over `a`, on gamma-coded values.
pub fn mix(a: Color32, b: Color32, part: f32) -> Color32 {
    let channel = |x: u8, y: u8| (f32::from(x) + (f32::from(y) - f32::from(x)) * part).round() as u8;
    Color32::from_rgb(channel(a.r(), b.r()), channel(a.g(), b.g()), channel(a.b(), b.b()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2: relative luminance and contrast ratio.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |c: Color32| {
            let linear = |v: u8| {
                let v = f32::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_its_ground() {
        for is_dark in [true, false] {
            let (greys, colours) = (neutrals(is_dark), palette(is_dark));
            let selected = mix(greys.panel, colours.accent, 0.38);
            let mut pairs = vec![("selected", greys.strong, selected)];
            for ground in [greys.panel, greys.window, greys.deep, greys.raised, colours.lane] {
                pairs.extend([
                    ("text", greys.text, ground),
                    ("faint", colours.faint, ground),
                    ("accent", colours.accent, ground),
                    ("warning", colours.warning, ground),
                    ("error", colours.error, ground),
                ]);
            }
            for ground in [greys.control, greys.control_hovered, greys.control_pressed] {
                pairs.push(("control", greys.text, ground));
            }
            pairs.push(("button", colours.text_on_accent, colours.accent));
            for block in [colours.truth, colours.prediction, colours.fixation] {
                pairs.push(("block", colours.text_on_block, block));
            }
            pairs.push(("playhead", colours.text_on_playhead, colours.playhead));
            for (name, text, ground) in pairs {
                let ratio = contrast(text, ground);
                assert!(ratio >= 4.5, "{name} on {ground:?}, dark {is_dark}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn marks_stand_out_from_their_lane() {
        for is_dark in [true, false] {
            let colours = palette(is_dark);
            for mark in [colours.curve, colours.playhead, colours.accent] {
                assert!(contrast(mark, colours.lane) >= 3.0, "{mark:?}, dark {is_dark}");
            }
        }
    }
}
