//! A scene as an image in memory.

use image::RgbaImage;

use super::{Compositor, Gpu, RenderError, Scene};

/// What is drawn into and read back: eight bits a channel, as PNG has them.
pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// Draws a scene at this size in pixels.
pub fn draw_to_image(gpu: &Gpu, scene: &Scene, size: [u32; 2]) -> Result<RgbaImage, RenderError> {
    let mut compositor = Compositor::new(&gpu.device, &gpu.queue, FORMAT);
    compositor.prepare(&gpu.device, &gpu.queue, scene, size.map(|n| n.max(1) as f32));
    paint(gpu, size, |pass| compositor.draw(pass))
}

/// Whatever `draw` draws on black, `size` pixels large.
pub fn paint(
    gpu: &Gpu,
    size: [u32; 2],
    draw: impl FnOnce(&mut wgpu::RenderPass<'static>),
) -> Result<RgbaImage, RenderError> {
    let [width, height] = size.map(|n| n.max(1));
    let target = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("offscreen"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    {
        let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("offscreen"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        draw(&mut pass.forget_lifetime());
    }
    // rows in a buffer are aligned
    let row = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("readback"),
        size: u64::from(row) * u64::from(height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    encoder.copy_texture_to_buffer(
        target.as_image_copy(),
        wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
        target.size(),
    );
    gpu.queue.submit([encoder.finish()]);
    let (sender, mapped) = std::sync::mpsc::channel();
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
        let _ = sender.send(result); // the receiver waits below
    });
    let failed = |e: &dyn std::fmt::Display| RenderError::Readback(e.to_string());
    gpu.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|e| failed(&e))?;
    mapped.recv().map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
    let bytes = buffer.slice(..).get_mapped_range().map_err(|e| failed(&e))?;
    let pixels: Vec<u8> = bytes.chunks(row as usize).flat_map(|r| r[..width as usize * 4].to_vec()).collect();
    RgbaImage::from_raw(width, height, pixels).ok_or_else(|| failed(&"wrong size"))
}
