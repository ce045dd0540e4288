//! The three pipelines and what they draw into.

use std::ops::Range;

use super::{MAX_PARTS, Vertex};

pub(super) const SHADOW_SIZE: u32 = 512;
const SAMPLES: u32 = 4;
/// Square roots of light: enough in eight bits.
const COLOUR: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;
const PLANES: wgpu::TextureFormat = wgpu::TextureFormat::R8Unorm;

/// Floats of the room's uniform block.
pub(super) const GLOBAL_FLOATS: usize = 16 * 2 + 4 * 7;
pub(super) const PART_FLOATS: usize = MAX_PARTS * 16;
pub(super) const FILM_FLOATS: usize = 16 + 4 * 2;

pub(super) struct Passes {
    shadow: wgpu::RenderPipeline,
    room: wgpu::RenderPipeline,
    film: wgpu::RenderPipeline,
    scene_group: wgpu::BindGroup,
    shadow_group: wgpu::BindGroup,
    film_group: wgpu::BindGroup,
    pub globals: wgpu::Buffer,
    pub parts: wgpu::Buffer,
    pub film_block: wgpu::Buffer,
    shadow_map: wgpu::TextureView,
    samples: wgpu::TextureView,
    depth: wgpu::TextureView,
    resolved: wgpu::TextureView,
    /// Luma above; below it both chroma planes side by side.
    pub planes: wgpu::Texture,
}

impl Passes {
    pub fn new(device: &wgpu::Device, [width, height]: [u32; 2]) -> Self {
        let module = |label, source: &'static str| {
            device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(label),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            })
        };
        let world = module("world", include_str!("../../../shaders/world.wgsl"));
        let film_shader = module("film", include_str!("../../../shaders/film.wgsl"));

        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let scene_layout =
            layout(device, "scene", &[uniform(0, both), uniform(1, wgpu::ShaderStages::VERTEX)]);
        let shadow_layout = layout(
            device,
            "shadow",
            &[picture(0, wgpu::TextureSampleType::Depth), sampling(1, wgpu::SamplerBindingType::Comparison)],
        );
        let film_layout = layout(
            device,
            "film",
            &[
                uniform(0, wgpu::ShaderStages::FRAGMENT),
                picture(1, wgpu::TextureSampleType::Float { filterable: true }),
                sampling(2, wgpu::SamplerBindingType::Filtering),
            ],
        );

        let block = |floats: usize| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: (floats * 4) as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let (globals, parts, film_block) = (block(GLOBAL_FLOATS), block(PART_FLOATS), block(FILM_FLOATS));
        let target = |size: [u32; 2], samples, format, extra| texture(device, size, samples, format, extra);
        let sampled = wgpu::TextureUsages::TEXTURE_BINDING;
        let none = wgpu::TextureUsages::empty();
        let size = [width, height];
        let shadow_map = view(&target([SHADOW_SIZE; 2], 1, DEPTH, sampled));
        let samples = view(&target(size, SAMPLES, COLOUR, none));
        let depth = view(&target(size, SAMPLES, DEPTH, none));
        let resolved = view(&target(size, 1, COLOUR, sampled));
        let planes = target([width, height * 3 / 2], 1, PLANES, wgpu::TextureUsages::COPY_SRC);

        let compare = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            compare: Some(wgpu::CompareFunction::LessEqual),
            ..Default::default()
        });
        let smooth = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        let scene_group =
            group(device, &scene_layout, [globals.as_entire_binding(), parts.as_entire_binding()]);
        let shadow_group = group(
            device,
            &shadow_layout,
            [wgpu::BindingResource::TextureView(&shadow_map), wgpu::BindingResource::Sampler(&compare)],
        );
        let film_group = group(
            device,
            &film_layout,
            [
                film_block.as_entire_binding(),
                wgpu::BindingResource::TextureView(&resolved),
                wgpu::BindingResource::Sampler(&smooth),
            ],
        );

        let corners = wgpu::VertexBufferLayout {
            array_stride: size_of::<Vertex>() as u64,
            step_mode: wgpu::VertexStepMode::Vertex,
            attributes: &wgpu::vertex_attr_array![
                0 => Float32x3, 1 => Snorm8x4, 2 => Unorm8x4, 3 => Unorm8x4, 4 => Uint16x2
            ],
        };
        let shadow =
            pipeline(device, &world, "shadow_main", None, &[&scene_layout], Some(corners.clone()), 1, true);
        let room = pipeline(
            device,
            &world,
            "vertex_main",
            Some(COLOUR),
            &[&scene_layout, &shadow_layout],
            Some(corners),
            SAMPLES,
            true,
        );
        let film =
            pipeline(device, &film_shader, "vertex_main", Some(PLANES), &[&film_layout], None, 1, false);
        Self {
            shadow,
            room,
            film,
            scene_group,
            shadow_group,
            film_group,
            globals,
            parts,
            film_block,
            shadow_map,
            samples,
            depth,
            resolved,
            planes,
        }
    }

    /// Draws ranges of the indices, and others into the shadow map.
    pub fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        vertices: &wgpu::Buffer,
        indices: &wgpu::Buffer,
        [drawn, casting]: [&[Range<u32>]; 2],
    ) {
        let depth = |view| wgpu::RenderPassDepthStencilAttachment {
            view,
            depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(1.0), store: wgpu::StoreOp::Store }),
            stencil_ops: None,
        };
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("shadow"),
                depth_stencil_attachment: Some(depth(&self.shadow_map)),
                ..Default::default()
            });
            pass.set_pipeline(&self.shadow);
            pass.set_bind_group(0, &self.scene_group, &[]);
            pass.set_vertex_buffer(0, vertices.slice(..));
            pass.set_index_buffer(indices.slice(..), wgpu::IndexFormat::Uint32);
            for range in casting {
                pass.draw_indexed(range.clone(), 0, 0..1);
            }
        }
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("room"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &self.samples,
                    depth_slice: None,
                    resolve_target: Some(&self.resolved),
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color { r: 0.6, g: 0.7, b: 0.8, a: 0.02 }),
                        store: wgpu::StoreOp::Discard,
                    },
                })],
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &self.depth,
                    depth_ops: Some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(1.0),
                        store: wgpu::StoreOp::Discard,
                    }),
                    stencil_ops: None,
                }),
                ..Default::default()
            });
            pass.set_pipeline(&self.room);
            pass.set_bind_group(0, &self.scene_group, &[]);
            pass.set_bind_group(1, &self.shadow_group, &[]);
            pass.set_vertex_buffer(0, vertices.slice(..));
            pass.set_index_buffer(indices.slice(..), wgpu::IndexFormat::Uint32);
            for range in drawn {
                pass.draw_indexed(range.clone(), 0, 0..1);
            }
        }
        let planes = view(&self.planes);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("film"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &planes,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.film);
        pass.set_bind_group(0, &self.film_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

fn uniform(binding: u32, visibility: wgpu::ShaderStages) -> wgpu::BindGroupLayoutEntry {
    let ty = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None }
}

fn picture(binding: u32, sample_type: wgpu::TextureSampleType) -> wgpu::BindGroupLayoutEntry {
    let ty = wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None }
}

fn sampling(binding: u32, kind: wgpu::SamplerBindingType) -> wgpu::BindGroupLayoutEntry {
    let ty = wgpu::BindingType::Sampler(kind);
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None }
}

fn layout(
    device: &wgpu::Device,
    label: &str,
    entries: &[wgpu::BindGroupLayoutEntry],
) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries })
}

/// Resources in the order of their bindings.
fn group<const N: usize>(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    resources: [wgpu::BindingResource<'_>; N],
) -> wgpu::BindGroup {
    let entries: Vec<_> = resources
        .into_iter()
        .enumerate()
        .map(|(i, resource)| wgpu::BindGroupEntry { binding: i as u32, resource })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

fn texture(
    device: &wgpu::Device,
    [width, height]: [u32; 2],
    sample_count: u32,
    format: wgpu::TextureFormat,
    extra: wgpu::TextureUsages,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | extra,
        view_formats: &[],
    })
}

fn view(texture: &wgpu::Texture) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

#[expect(clippy::too_many_arguments, reason = "three pipelines that differ in exactly these")]
fn pipeline(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    vertex: &str,
    colour: Option<wgpu::TextureFormat>,
    layouts: &[&wgpu::BindGroupLayout],
    corners: Option<wgpu::VertexBufferLayout<'_>>,
    samples: u32,
    has_depth: bool,
) -> wgpu::RenderPipeline {
    let layouts: Vec<_> = layouts.iter().map(|l| Some(*l)).collect();
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(vertex),
        bind_group_layouts: &layouts,
        ..Default::default()
    });
    let buffers: Vec<_> = corners.into_iter().map(Some).collect();
    let targets: Vec<_> = colour.into_iter().map(|format| Some(format.into())).collect();
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(vertex),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some(vertex),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &buffers,
        },
        fragment: colour.is_some().then(|| wgpu::FragmentState {
            module,
            entry_point: Some("fragment_main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &targets,
        }),
        primitive: wgpu::PrimitiveState {
            cull_mode: has_depth.then_some(wgpu::Face::Back),
            ..wgpu::PrimitiveState::default()
        },
        depth_stencil: has_depth.then(|| wgpu::DepthStencilState {
            format: DEPTH,
            depth_write_enabled: Some(true),
            depth_compare: Some(wgpu::CompareFunction::Less),
            stencil: wgpu::StencilState::default(),
            bias: wgpu::DepthBiasState::default(),
        }),
        multisample: wgpu::MultisampleState { count: samples, ..wgpu::MultisampleState::default() },
        multiview_mask: None,
        cache: None,
    })
}
