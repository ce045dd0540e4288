//! The strip under an exported picture: what was asked, what was answered, when this is, and what
//! the colours mean. A figure can then be read without the app.

use egui::{Align2, Color32, Rect, RichText, Sense, TextStyle, Ui, pos2, vec2};
use image::RgbaImage;

use super::ink::Ink;
use crate::render::{Gpu, RenderError, paint};
use crate::view::legend::{Legend, legend_ui};
use crate::view::theme;

/// Points across the strip, whatever the picture's size: text keeps its size within the picture.
const WIDTH: f32 = 860.0;
const MARGIN: f32 = 14.0;
const LEGEND_WIDTH: f32 = 190.0;
const BAR_HEIGHT: f32 = 12.0;

/// What the strip says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caption {
    /// The question, or the clip's name.
    pub title: String,
    /// Smaller lines below it.
    pub lines: Vec<String>,
    pub legend: Option<Legend>,
    /// Marks over the picture: colour and what it stands for.
    pub marks: Vec<([f32; 4], &'static str)>,
    pub bar: Option<TimeBar>,
}

/// The whole clip as a bar; fractions of its length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeBar {
    pub now: f32,
    /// Best first.
    pub moments: Vec<[f32; 2]>,
    pub truth: Option<[f32; 2]>,
}

/// The picture with the strip below it; the picture itself stays as it is, pixel by pixel.
pub fn with_caption(gpu: &Gpu, picture: &RgbaImage, caption: &Caption) -> Result<RgbaImage, RenderError> {
    let strip = draw(gpu, caption, picture.width())?;
    let mut whole = RgbaImage::new(picture.width(), picture.height() + strip.height());
    image::imageops::replace(&mut whole, picture, 0, 0);
    image::imageops::replace(&mut whole, &strip, 0, i64::from(picture.height()));
    Ok(whole)
}

fn draw(gpu: &Gpu, caption: &Caption, width: u32) -> Result<RgbaImage, RenderError> {
    let ink = Ink::new(gpu, WIDTH, width as f32 / WIDTH, |ui| strip_ui(ui, caption));
    paint(gpu, ink.size(), |pass| ink.draw(pass))
}

/// Gives the height that it takes.
fn strip_ui(ui: &mut Ui, caption: &Caption) -> f32 {
    let white = Color32::WHITE;
    ui.painter().rect_filled(ui.ctx().content_rect(), 0.0, white);
    let frame = egui::Frame::new().fill(white).inner_margin(MARGIN);
    let response = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 5.0);
        ui.set_width(WIDTH - 2.0 * MARGIN);
        if let Some(bar) = &caption.bar {
            bar_ui(ui, bar);
        }
        ui.horizontal_top(|ui| {
            let legend_width = if caption.legend.is_some() { LEGEND_WIDTH + 16.0 } else { 0.0 };
            ui.vertical(|ui| {
                ui.set_width(ui.available_width() - legend_width);
                ui.add(egui::Label::new(RichText::new(&caption.title).strong().size(17.0)).wrap());
                for line in &caption.lines {
                    ui.add(egui::Label::new(RichText::new(line).color(theme::of(ui).faint)).wrap());
                }
                marks_ui(ui, &caption.marks);
            });
            if let Some(legend) = caption.legend {
                ui.vertical(|ui| {
                    ui.set_width(LEGEND_WIDTH);
                    legend_ui(ui, legend, LEGEND_WIDTH);
                    ui.add(egui::Label::new(RichText::new(legend.meaning).small()).wrap());
                });
            }
        });
    });
    response.response.rect.bottom()
}

fn marks_ui(ui: &mut Ui, marks: &[([f32; 4], &'static str)]) {
    ui.horizontal(|ui| {
        for (rgba, meaning) in marks {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            let [r, g, b, _] = rgba.map(|c| (c * 255.0).round() as u8);
            ui.painter().circle_filled(rect.center(), 5.0, Color32::from_rgb(r, g, b));
            ui.label(RichText::new(*meaning).small());
        }
    });
}

fn bar_ui(ui: &mut Ui, bar: &TimeBar) {
    let palette = theme::of(ui);
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), BAR_HEIGHT * 2.0 + 6.0), Sense::hover());
    let painter = ui.painter();
    let x = |fraction: f32| rect.left() + rect.width() * fraction.clamp(0.0, 1.0);
    let lane = |at: f32, [from, to]: [f32; 2]| {
        let top = rect.top() + 3.0 + at * BAR_HEIGHT;
        Rect::from_min_max(pos2(x(from), top), pos2(x(to).max(x(from) + 2.0), top + BAR_HEIGHT - 1.0))
    };
    painter.rect_filled(lane(0.0, [0.0, 1.0]), 2.0, palette.lane);
    painter.rect_filled(lane(1.0, [0.0, 1.0]), 2.0, palette.lane);
    for (i, moment) in bar.moments.iter().enumerate() {
        let block = lane(0.0, *moment);
        painter.rect_filled(block, 2.0, palette.prediction);
        let font = TextStyle::Small.resolve(ui.style());
        painter.text(block.center(), Align2::CENTER_CENTER, i + 1, font, palette.text_on_block);
    }
    if let Some(truth) = bar.truth {
        painter.rect_filled(lane(1.0, truth), 2.0, palette.truth);
    }
    let line = Rect::from_center_size(pos2(x(bar.now), rect.center().y), vec2(2.0, rect.height()));
    painter.rect_filled(line, 0.0, palette.playhead);
}
