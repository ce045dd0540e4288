//! egui without a window: text and shapes for what is saved.

use egui::{Rect, Ui, pos2, vec2};

use crate::render::{FORMAT, Gpu};
use crate::view::{fonts, theme};

/// Shapes that are ready to be drawn into a picture.
pub(super) struct Ink {
    renderer: egui_wgpu::Renderer,
    shapes: Vec<egui::ClippedPrimitive>,
    screen: egui_wgpu::ScreenDescriptor,
}

impl Ink {
    /// `width` points across, `scale` pixels a point; `draw` gives the height that it takes in points.
    pub fn new(gpu: &Gpu, width: f32, scale: f32, mut draw: impl FnMut(&mut Ui) -> f32) -> Self {
        let ctx = egui::Context::default();
        fonts::install(&ctx);
        // papers are white
        theme::apply(&ctx, theme::ThemeChoice::Light);
        let options = egui_wgpu::RendererOptions::PREDICTABLE;
        let mut renderer = egui_wgpu::Renderer::new(&gpu.device, FORMAT, options);
        let mut height = 0.0;
        let mut output = egui::FullOutput::default();
        // the first pass finds out how high it is and loads the fonts
        for _ in 0..2 {
            let mut input = egui::RawInput {
                screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(width, f32::max(height, 40.0)))),
                ..Default::default()
            };
            input.viewports.entry(input.viewport_id).or_default().native_pixels_per_point = Some(scale);
            output = ctx.run_ui(input, |ui| height = draw(ui));
            for (id, deltas) in output.textures_delta.set.drain() {
                for delta in deltas {
                    renderer.update_texture(&gpu.device, &gpu.queue, id, &delta);
                }
            }
        }
        let size_in_pixels =
            [(width * scale).round().max(1.0) as u32, (height * scale).floor().max(1.0) as u32];
        let screen = egui_wgpu::ScreenDescriptor { size_in_pixels, pixels_per_point: scale };
        let shapes = ctx.tessellate(output.shapes, scale);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let more = renderer.update_buffers(&gpu.device, &gpu.queue, &mut encoder, &shapes, &screen);
        gpu.queue.submit(more.into_iter().chain([encoder.finish()]));
        Self { renderer, shapes, screen }
    }

    /// In pixels.
    pub fn size(&self) -> [u32; 2] {
        self.screen.size_in_pixels
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'static>) {
        self.renderer.render(pass, &self.shapes, &self.screen);
    }
}
