//! A point a case: the nearest one is clicked, a rectangle of them is dragged over.

use egui::{Color32, Id, Rect, Sense, Stroke, StrokeKind, Ui};
use egui_plot::{HLine, HoverPosition, LineStyle, Plot, PlotPoint, Points, VLine};

use crate::view::theme;

/// How far from a point a click still means it, in points of the screen.
const REACH: f32 = 12.0;

/// Points of one colour.
pub struct Dots {
    pub name: String,
    pub colour: Color32,
    /// Each with what it stands for.
    pub points: Vec<([f64; 2], usize)>,
}

pub struct Scatter<'a> {
    pub name: &'a str,
    pub x: &'a str,
    pub y: &'a str,
    pub x_range: [f64; 2],
    pub y_range: [f64; 2],
    pub height: f32,
    pub dots: &'a [Dots],
    /// Drawn through the picture: where x or y has these values.
    pub x_lines: &'a [f64],
    pub y_lines: &'a [f64],
    /// From the lower left to the upper right.
    pub has_diagonal: bool,
    /// What the chosen one's point is.
    pub chosen: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ScatterEvent {
    /// What the point nearest to the click stands for.
    Chosen(usize),
    /// What the points within a rectangle stand for.
    Brushed(Vec<usize>),
}

/// `hint` says what a point is.
pub fn scatter_ui(
    ui: &mut Ui,
    scatter: &Scatter<'_>,
    hint: impl Fn(usize) -> String,
) -> Option<ScatterEvent> {
    let colours = theme::of(ui);
    let strong = ui.visuals().strong_text_color();
    let brush_id = Id::unique(("brush", scatter.name));
    let label = |position: &HoverPosition<'_>| match position {
        HoverPosition::NearDataPoint { plot_name, index, .. } => {
            let dots = scatter.dots.iter().find(|dots| dots.name == *plot_name)?;
            Some(hint(dots.points.get(*index)?.1))
        }
        HoverPosition::Elsewhere { .. } => None,
    };
    let plot = Plot::new(scatter.name)
        .height(scatter.height)
        .default_x_bounds(scatter.x_range[0], scatter.x_range[1])
        .default_y_bounds(scatter.y_range[0], scatter.y_range[1])
        .set_margin_fraction(egui::vec2(0.02, 0.02))
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_crosshair(false)
        .sense(Sense::click_and_drag())
        .x_axis_label(egui::RichText::new(scatter.x).size(11.5))
        .y_axis_label(egui::RichText::new(scatter.y).size(11.5))
        .grid_color(colours.faint.gamma_multiply(0.5))
        .label_formatter(label);
    let shown = plot.show(ui, |plot| {
        let line = Stroke::new(1.0, colours.faint);
        for x in scatter.x_lines {
            plot.vline(VLine::new("", *x).stroke(line).style(LineStyle::dashed_loose()).allow_hover(false));
        }
        for y in scatter.y_lines {
            plot.hline(HLine::new("", *y).stroke(line).style(LineStyle::dashed_loose()).allow_hover(false));
        }
        if scatter.has_diagonal {
            let ends =
                vec![[scatter.x_range[0], scatter.y_range[0]], [scatter.x_range[1], scatter.y_range[1]]];
            plot.line(egui_plot::Line::new("", ends).stroke(line).allow_hover(false));
        }
        for dots in scatter.dots {
            let points: Vec<[f64; 2]> = dots.points.iter().map(|(at, _)| *at).collect();
            plot.points(Points::new(dots.name.clone(), points).color(dots.colour).radius(2.0));
        }
        let mut all = scatter.dots.iter().flat_map(|dots| &dots.points);
        if let Some((at, _)) = all.find(|(_, what)| Some(*what) == scatter.chosen) {
            plot.points(
                Points::new("", vec![*at]).color(strong).radius(6.0).filled(false).allow_hover(false),
            );
        }
    });
    let response = shown.response;
    let count: usize = scatter.dots.iter().map(|dots| dots.points.len()).sum();
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Figure, true, format!("{}: {count} points", scatter.name))
    });
    let at = |point: [f64; 2]| shown.transform.position_from_point(&PlotPoint::from(point));
    let pointer = response.interact_pointer_pos();
    if response.drag_started() {
        let origin = ui.input(|i| i.pointer.press_origin());
        ui.data_mut(|data| data.insert_temp(brush_id, origin));
    }
    let origin = ui.data(|data| data.get_temp::<Option<egui::Pos2>>(brush_id)).flatten();
    if let (Some(origin), Some(pointer)) = (origin, pointer) {
        let area = Rect::from_two_pos(origin, pointer);
        let painter = ui.painter_at(response.rect);
        painter.rect_filled(area, 0.0, colours.accent.gamma_multiply(0.15));
        painter.rect_stroke(area, 0.0, Stroke::new(1.0, colours.accent), StrokeKind::Inside);
        if response.drag_stopped() {
            ui.data_mut(|data| data.remove::<Option<egui::Pos2>>(brush_id));
            let inside = scatter.dots.iter().flat_map(|dots| &dots.points);
            let inside = inside.filter(|(point, _)| area.contains(at(*point)));
            return Some(ScatterEvent::Brushed(inside.map(|(_, what)| *what).collect()));
        }
    }
    if response.clicked() {
        let pointer = pointer?;
        let all = scatter.dots.iter().flat_map(|dots| &dots.points);
        let distances = all.map(|(point, what)| (at(*point).distance(pointer), *what));
        let (distance, what) = distances.min_by(|a, b| a.0.total_cmp(&b.0))?;
        return (distance <= REACH).then_some(ScatterEvent::Chosen(what));
    }
    None
}
