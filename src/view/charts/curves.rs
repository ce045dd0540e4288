//! Lines, and layers over one another, on axes with numbers.

use egui::{Color32, Sense, Stroke, Ui};
use egui_plot::{Corner, FilledArea, Legend, Line, LineStyle, Plot, Points, VLine};

use crate::view::theme;

pub struct Curve<'a> {
    pub name: &'a str,
    pub colour: Color32,
    pub points: Vec<[f64; 2]>,
    /// A dot at every point.
    pub has_dots: bool,
    pub is_dashed: bool,
}

fn plot<'a>(ui: &Ui, name: &'a str, [x, y]: [&'a str; 2], height: f32) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_crosshair(false)
        .set_margin_fraction(egui::vec2(0.02, 0.02))
        .x_axis_label(egui::RichText::new(x).size(11.5))
        .y_axis_label(egui::RichText::new(y).size(11.5))
        .grid_color(theme::of(ui).faint.gamma_multiply(0.5))
}

/// Curves over 0..1 on both axes.
pub fn curves_ui(ui: &mut Ui, name: &str, axes: [&str; 2], height: f32, curves: &[Curve<'_>]) {
    let plot = plot(ui, name, axes, height).default_x_bounds(0.0, 1.0).default_y_bounds(0.0, 1.0);
    draw(ui, plot, name, curves);
}

/// Curves that grow to the right, from 0 up, each named in the corner that they leave free.
pub fn history_ui(ui: &mut Ui, name: &str, x: &str, height: f32, curves: &[Curve<'_>]) {
    let is_falling = |curve: &Curve<'_>| match (curve.points.first(), curve.points.last()) {
        (Some(first), Some(last)) => last[1] < first[1],
        _ => false,
    };
    let corner = if curves.iter().any(is_falling) { Corner::RightTop } else { Corner::LeftTop };
    let plot = plot(ui, name, [x, ""], height).include_y(0.0).legend(Legend::default().position(corner));
    draw(ui, plot, name, curves);
}

fn draw<'a>(ui: &mut Ui, plot: Plot<'a>, name: &'a str, curves: &'a [Curve<'a>]) {
    let shown = plot.sense(Sense::hover()).show(ui, |plot| {
        for curve in curves {
            let style = if curve.is_dashed { LineStyle::dashed_loose() } else { LineStyle::Solid };
            let line = Line::new(curve.name.to_owned(), curve.points.clone());
            plot.line(line.stroke(Stroke::new(1.6, curve.colour)).style(style).allow_hover(!curve.is_dashed));
            if curve.has_dots {
                plot.points(
                    Points::new(curve.name.to_owned(), curve.points.clone()).color(curve.colour).radius(3.0),
                );
            }
        }
    });
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Figure, true, name));
}

/// Shares that add up to 1, over a setting.
pub struct Layers<'a> {
    pub name: &'a str,
    pub x: &'a str,
    pub settings: Vec<f64>,
    /// From below: colour and a share for each setting.
    pub layers: Vec<(String, Color32, Vec<f64>)>,
    /// The setting at hand.
    pub at: f64,
}

/// Gives the setting that was clicked.
pub fn layers_ui(ui: &mut Ui, layers: &Layers<'_>, height: f32) -> Option<f64> {
    let (first, last) = (*layers.settings.first()?, *layers.settings.last()?);
    let strong = ui.visuals().strong_text_color();
    let plot = plot(ui, layers.name, [layers.x, "share"], height);
    let plot = plot.default_x_bounds(first, last).default_y_bounds(0.0, 1.0).show_grid(false);
    let shown = plot.sense(Sense::click()).show(ui, |plot| {
        let mut below = vec![0.0; layers.settings.len()];
        for (name, colour, shares) in &layers.layers {
            let above: Vec<f64> = below.iter().zip(shares).map(|(b, s)| b + s).collect();
            let area = FilledArea::new(name.clone(), &layers.settings, &below, &above);
            plot.add(area.fill_color(*colour).allow_hover(false));
            below = above;
        }
        plot.vline(VLine::new("", layers.at).stroke(Stroke::new(2.0, strong)).allow_hover(false));
        plot.pointer_coordinate()
    });
    let response = shown.response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Figure, true, layers.name));
    let clicked = response.clicked().then_some(shown.inner).flatten();
    clicked.map(|at| at.x.clamp(first, last))
}
