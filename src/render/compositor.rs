//! The pipeline behind `overlay.wgsl`: textures, one uniform block, one triangle.
//!
//! Uploads only what changed since the last picture.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::colormap::{Colormap, luts};
use super::scene::{Compare, HeatMode, Scene};
use crate::gaze::{GRID, Heatmap};
use crate::video::Frame;

/// Marks of a scene beyond these are not drawn.
pub const MAX_MARKS: usize = 64;
/// Floats of the uniform block before the marks.
const HEAD: usize = 36;
const FLOATS: usize = HEAD + MAX_MARKS * 8;

pub struct Compositor {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    uniforms: wgpu::Buffer,
    maps: [HeatTexture; 2],
    colormaps: wgpu::Texture,
    planes: Option<PlaneTextures>,
    bindings: Option<wgpu::BindGroup>,
    /// What the last `prepare` took.
    prepare_time: Duration,
}

struct HeatTexture {
    texture: wgpu::Texture,
    shown: Option<Arc<Heatmap>>,
}

struct PlaneTextures {
    textures: [wgpu::Texture; 3],
    size: [u32; 2],
    chroma_size: [u32; 2],
    shown: Option<Arc<Frame>>,
}

impl Compositor {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: wgpu::TextureFormat) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("overlay"),
            source: wgpu::ShaderSource::Wgsl(include_str!("../../shaders/overlay.wgsl").into()),
        });
        let layout = bind_group_layout(device);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("overlay"),
            bind_group_layouts: &[Some(&layout)],
            ..Default::default()
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("overlay"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("vertex_main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some("fragment_main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(target.into())],
            }),
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            multiview_mask: None,
            cache: None,
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("scene"),
            size: (FLOATS * 4) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let map = || {
            let size = [GRID as u32, GRID as u32];
            HeatTexture { texture: texture(device, size, wgpu::TextureFormat::R32Float), shown: None }
        };
        let colormaps = texture(device, [256, luts().len() as u32], wgpu::TextureFormat::Rgba8Unorm);
        let colours: Vec<u8> = luts().iter().flatten().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        write(queue, &colormaps, &colours, 256 * 4);
        Self {
            pipeline,
            layout,
            sampler,
            uniforms,
            maps: [map(), map()],
            colormaps,
            planes: None,
            bindings: None,
            prepare_time: Duration::ZERO,
        }
    }

    /// What the last `prepare` took, uploads and all.
    pub fn prepare_time(&self) -> Duration {
        self.prepare_time
    }

    /// Uploads what changed and writes the uniform block for a viewport of this many pixels.
    pub fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, scene: &Scene, viewport: [f32; 2]) {
        let began = Instant::now();
        self.upload_frame(device, queue, &scene.frame);
        for (slot, map) in self.maps.iter_mut().zip([&scene.predicted, &scene.recorded]) {
            let Some(map) = map else { continue };
            if slot.shown.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, map)) {
                write(queue, &slot.texture, bytemuck::cast_slice(map.cells()), GRID as u32 * 4);
                slot.shown = Some(Arc::clone(map));
            }
        }
        queue.write_buffer(&self.uniforms, 0, bytemuck::cast_slice(&uniforms(scene, viewport)));
        if self.bindings.is_none() {
            self.bindings = self.bind(device);
        }
        self.prepare_time = began.elapsed();
    }

    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        if let Some(bindings) = &self.bindings {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, bindings, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    fn upload_frame(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, frame: &Arc<Frame>) {
        let chroma_size = frame.planes.chroma_size;
        if !self.planes.as_ref().is_some_and(|p| p.size == frame.size && p.chroma_size == chroma_size) {
            let plane = |size| texture(device, size, wgpu::TextureFormat::R8Unorm);
            let textures = [plane(frame.size), plane(chroma_size), plane(chroma_size)];
            self.planes = Some(PlaneTextures { textures, size: frame.size, chroma_size, shown: None });
            self.bindings = None;
        }
        let Some(planes) = &mut self.planes else { return };
        if planes.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, frame)) {
            return;
        }
        let sources =
            [(&frame.planes.y, frame.size), (&frame.planes.u, chroma_size), (&frame.planes.v, chroma_size)];
        for (texture, (bytes, [width, _])) in planes.textures.iter().zip(sources) {
            write(queue, texture, bytes, width);
        }
        planes.shown = Some(Arc::clone(frame));
    }

    fn bind(&self, device: &wgpu::Device) -> Option<wgpu::BindGroup> {
        let planes = self.planes.as_ref()?;
        let view = |texture: &wgpu::Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let views: Vec<wgpu::TextureView> = planes
            .textures
            .iter()
            .chain(self.maps.iter().map(|m| &m.texture))
            .chain([&self.colormaps])
            .map(view)
            .collect();
        let mut entries = vec![
            wgpu::BindGroupEntry { binding: 0, resource: self.uniforms.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.sampler) },
        ];
        entries.extend(views.iter().enumerate().map(|(i, view)| wgpu::BindGroupEntry {
            binding: 2 + i as u32,
            resource: wgpu::BindingResource::TextureView(view),
        }));
        Some(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("overlay"),
            layout: &self.layout,
            entries: &entries,
        }))
    }
}

fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        count: None,
        ty,
    };
    let picture = |binding, filterable| {
        entry(
            binding,
            wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        )
    };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("overlay"),
        entries: &[
            entry(0, uniform),
            entry(1, sampler),
            picture(2, true),
            picture(3, true),
            picture(4, true),
            picture(5, false),
            picture(6, false),
            picture(7, true),
        ],
    })
}

/// The uniform block, in the order of the shader's `Scene`.
fn uniforms(scene: &Scene, viewport: [f32; 2]) -> Vec<f32> {
    let picture = scene.display_size.map(|n| n as f32);
    let peak = |map: &Option<Arc<Heatmap>>| map.as_ref().map_or(f32::MAX, |m| m.max());
    let has = |map: &Option<Arc<Heatmap>>| map.is_some();
    let mode = match scene.heat {
        HeatMode::Off => 0.0,
        HeatMode::Predicted if has(&scene.predicted) => 1.0,
        HeatMode::Recorded if has(&scene.recorded) => 2.0,
        HeatMode::Both => 3.0,
        HeatMode::Difference if has(&scene.predicted) && has(&scene.recorded) => 4.0,
        _ => 0.0,
    };
    let (compare, wipe) = match scene.compare {
        Compare::Off => (0.0, 0.0),
        Compare::Wipe(at) => (1.0, at),
        Compare::SideBySide => (2.0, 0.0),
    };
    let turns = match scene.frame.rotation {
        crate::video::Rotation::None => 0.0,
        crate::video::Rotation::Cw90 => 1.0,
        crate::video::Rotation::Cw180 => 2.0,
        crate::video::Rotation::Cw270 => 3.0,
    };
    let marks = &scene.marks[..scene.marks.len().min(MAX_MARKS)];
    let mut floats: Vec<f32> = Vec::with_capacity(FLOATS);
    floats.extend(scene.frame.planes.rgb_from_yuv().as_flattened());
    floats.extend(scene.viewpoint.window(picture, viewport));
    floats.extend([picture[0], picture[1], viewport[0], viewport[1]]);
    floats.extend([scene.opacity, scene.threshold, peak(&scene.predicted), peak(&scene.recorded)]);
    floats.extend([mode, compare, wipe, turns]);
    let rows = [scene.colormap.row(), Colormap::Difference.row(), luts().len(), marks.len()];
    floats.extend(rows.map(|n| n as f32));
    floats.extend([scene.background[0], scene.background[1], scene.background[2], 1.0]);
    for mark in marks {
        floats.extend([mark.pos[0], mark.pos[1], mark.radius, mark.line]);
        floats.extend(mark.rgba);
    }
    floats.resize(FLOATS, 0.0);
    floats
}

fn texture(device: &wgpu::Device, [width, height]: [u32; 2], format: wgpu::TextureFormat) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: width.max(1), height: height.max(1), depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

fn write(queue: &wgpu::Queue, texture: &wgpu::Texture, bytes: &[u8], bytes_per_row: u32) {
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(bytes_per_row), rows_per_image: None };
    queue.write_texture(texture.as_image_copy(), bytes, layout, texture.size());
}
