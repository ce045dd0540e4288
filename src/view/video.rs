//! The picture: the compositor inside egui's pass, zoom and pan, what lies under the cursor.

use std::sync::Arc;

use egui::Ui;
use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};

use super::labels::paint_labels;
use crate::render::{Compare, Compositor, Scene, Viewpoint};

const MAX_ZOOM: f32 = 40.0;
/// What a touch pad has to move for one picture.
const POINTS_A_NOTCH: f32 = 24.0;

/// Zoom and pan, kept between frames.
#[derive(Default)]
pub struct VideoView {
    pub viewpoint: Viewpoint,
    wants_pixels: bool,
    /// The primary button points at places of the picture instead of moving it.
    pub is_pointing: bool,
}

impl VideoView {
    pub fn fit(&mut self) {
        self.viewpoint = Viewpoint::default();
    }

    /// One pixel of the clip on one pixel of the screen, around the same place.
    pub fn show_pixels(&mut self) {
        self.wants_pixels = true;
    }
}

/// What lies under the cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hover {
    pub pixel: [u32; 2],
    /// Fraction of the map's peak.
    pub predicted: Option<f32>,
    pub recorded: Option<f32>,
}

pub struct VideoResponse {
    /// Of the whole area, for a menu.
    pub response: egui::Response,
    pub hover: Option<Hover>,
    /// Where the dividing line was dragged to.
    pub wipe: Option<f32>,
    /// Pictures to go on by: the wheel with Alt.
    pub steps: i32,
    /// Where the primary button points at, as a fraction of the picture, and whether it was let go.
    pub pointed: Option<([f32; 2], bool)>,
}

/// Fills the available space with the scene.
pub fn video_ui(ui: &mut Ui, scene: &Scene, view: &mut VideoView) -> VideoResponse {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Video picture"));
    let picture = scene.display_size.map(|n| n as f32);
    let viewport = [rect.width(), rect.height()];
    let uv_of = |viewpoint: Viewpoint, at: egui::Pos2| {
        let [x, y, w, h] = viewpoint.window(picture, viewport);
        let part = (at - rect.min) / rect.size();
        [x + part.x * w, y + part.y * h]
    };
    let mut steps = 0;
    if let Some(at) = response.hover_pos() {
        if ui.input(|i| i.modifiers.alt) {
            steps = wheel_steps(ui);
        }
        let factor = ui.input(|i| i.zoom_delta() * (i.smooth_scroll_delta().y * 0.005).exp());
        if factor != 1.0 && !ui.input(|i| i.modifiers.alt) {
            let before = uv_of(view.viewpoint, at);
            view.viewpoint.zoom = (view.viewpoint.zoom * factor).clamp(1.0, MAX_ZOOM);
            let after = uv_of(view.viewpoint, at);
            for axis in 0..2 {
                view.viewpoint.centre[axis] += before[axis] - after[axis];
            }
        }
    }
    if response.double_clicked() && !view.is_pointing {
        view.fit();
    }
    let mut pointed = None;
    if view.is_pointing
        && let Some(at) = response.interact_pointer_pos()
    {
        let by_primary = egui::PointerButton::Primary;
        let is_let_go = response.clicked() || response.drag_stopped_by(by_primary);
        if is_let_go || response.dragged_by(by_primary) {
            pointed = Some((uv_of(view.viewpoint, at), is_let_go));
        }
    }
    let mut wipe = None;
    if response.dragged() && !(view.is_pointing && response.dragged_by(egui::PointerButton::Primary)) {
        if let (Compare::Wipe(_), Some(at), true) = (
            scene.compare,
            response.interact_pointer_pos(),
            response.dragged_by(egui::PointerButton::Primary),
        ) {
            wipe = Some(uv_of(view.viewpoint, at)[0].clamp(0.0, 1.0));
        } else {
            let [_, _, w, h] = view.viewpoint.window(picture, viewport);
            let by = response.drag_delta() / rect.size();
            view.viewpoint.centre[0] -= by.x * w;
            view.viewpoint.centre[1] -= by.y * h;
        }
    }
    if std::mem::take(&mut view.wants_pixels) {
        let fit = (viewport[0] / picture[0]).min(viewport[1] / picture[1]) * ui.pixels_per_point();
        view.viewpoint.zoom = (1.0 / fit).clamp(1.0, MAX_ZOOM);
    }
    if view.viewpoint.zoom <= 1.0 {
        view.viewpoint.centre = [0.5, 0.5];
    }
    for centre in &mut view.viewpoint.centre {
        *centre = centre.clamp(0.0, 1.0);
    }

    let mut scene = scene.clone();
    scene.viewpoint = view.viewpoint;
    let scene = Arc::new(scene);
    let hover = response.hover_pos().map(|at| uv_of(view.viewpoint, at)).and_then(|uv| hover_at(&scene, uv));
    let picture = Picture { scene: Arc::clone(&scene), viewport };
    ui.painter().add(egui_wgpu::Callback::new_paint_callback(rect, picture));
    paint_labels(&ui.painter_at(rect), rect, &scene);
    let response =
        if view.is_pointing { response.on_hover_cursor(egui::CursorIcon::Crosshair) } else { response };
    VideoResponse { response, hover, wipe, steps, pointed }
}

/// Notches of the wheel in this frame, away from the reader counts as back.
fn wheel_steps(ui: &Ui) -> i32 {
    let notches = |event: &egui::Event| match event {
        egui::Event::MouseWheel { unit: egui::MouseWheelUnit::Line, delta, .. } => (delta.x + delta.y) as i32,
        egui::Event::MouseWheel { unit: egui::MouseWheelUnit::Point, delta, .. } => {
            ((delta.x + delta.y) / POINTS_A_NOTCH) as i32
        }
        _ => 0,
    };
    -ui.input(|i| i.events.iter().map(notches).sum::<i32>())
}

fn hover_at(scene: &Scene, uv: [f32; 2]) -> Option<Hover> {
    if uv.iter().any(|v| !(0.0..1.0).contains(v)) {
        return None;
    }
    let value = |map: &Option<Arc<crate::gaze::Heatmap>>| map.as_ref().map(|m| m.at(uv) / m.max().max(1e-9));
    let [w, h] = scene.display_size.map(|n| n as f32);
    Some(Hover {
        pixel: [(uv[0] * w) as u32, (uv[1] * h) as u32],
        predicted: value(&scene.predicted),
        recorded: value(&scene.recorded),
    })
}

struct Picture {
    scene: Arc<Scene>,
    /// In points.
    viewport: [f32; 2],
}

/// The target format, known once the window exists.
pub struct PictureTarget(pub wgpu::TextureFormat);

impl CallbackTrait for Picture {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if resources.get::<Compositor>().is_none() {
            let Some(format) = resources.get::<PictureTarget>().map(|t| t.0) else { return Vec::new() };
            resources.insert(Compositor::new(device, queue, format));
        }
        if let Some(compositor) = resources.get_mut::<Compositor>() {
            let viewport = self.viewport.map(|v| v * screen.pixels_per_point);
            compositor.prepare(device, queue, &self.scene, viewport);
        }
        Vec::new()
    }

    fn paint(
        &self,
        _: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(compositor) = resources.get::<Compositor>() {
            compositor.draw(pass);
        }
    }
}
