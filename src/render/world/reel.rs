//! Pictures in, planes out, a few pictures later: drawing, copying and reading overlap.

use std::collections::VecDeque;
use std::sync::mpsc;

use super::passes::{FILM_FLOATS, GLOBAL_FLOATS, PART_FLOATS, Passes};
use super::{MAX_PARTS, WorldFrame, WorldMesh};
use crate::render::{Gpu, RenderError};
use crate::video::{Planes, YuvMatrix};

/// Pictures on their way at once.
const IN_FLIGHT: usize = 3;

type Mapped = mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>;

struct Pending {
    buffer: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
    mapped: Mapped,
}

/// A world's triangles on the device.
struct Loaded {
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
}

/// Draws the pictures of one world after the other.
pub struct WorldRenderer<'a> {
    gpu: &'a Gpu,
    passes: Passes,
    world: Loaded,
    size: [u32; 2],
    /// Bytes from one row of the copy to the next.
    stride: u32,
    free: Vec<wgpu::Buffer>,
    pending: VecDeque<Pending>,
    block: Vec<f32>,
}

impl<'a> WorldRenderer<'a> {
    /// `size` in pixels, both even.
    pub fn new(gpu: &'a Gpu, size: [u32; 2], mesh: &WorldMesh) -> Self {
        let [width, height] = size;
        let stride = width.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let staging = || {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("planes"),
                size: u64::from(stride) * u64::from(height * 3 / 2),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        };
        Self {
            gpu,
            passes: Passes::new(&gpu.device, size),
            world: load(gpu, mesh),
            size,
            stride,
            free: (0..IN_FLIGHT).map(|_| staging()).collect(),
            pending: VecDeque::new(),
            block: Vec::new(),
        }
    }

    /// Another world for the pictures from here on. Those on their way are lost.
    pub fn change_world(&mut self, mesh: &WorldMesh) -> Result<(), RenderError> {
        while self.next_done()?.is_some() {}
        self.world = load(self.gpu, mesh);
        Ok(())
    }

    /// Starts drawing a picture, and gives the oldest one back when enough are on their way.
    pub fn draw(&mut self, frame: &WorldFrame) -> Result<Option<Planes>, RenderError> {
        let done = if self.free.is_empty() { self.next_done()? } else { None };
        let Some(buffer) = self.free.pop() else {
            return Err(RenderError::Readback("no buffer is free".to_owned()));
        };
        self.write_blocks(frame);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let world = &self.world;
        self.passes.encode(&mut encoder, &world.vertices, &world.indices, [&frame.drawn, &frame.casting]);
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(self.stride), rows_per_image: None };
        let planes = &self.passes.planes;
        encoder.copy_texture_to_buffer(
            planes.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
            planes.size(),
        );
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let (sender, mapped) = mpsc::channel();
        buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            let _ = sender.send(result); // the receiver waits in `next_done`
        });
        self.pending.push_back(Pending { buffer, submission, mapped });
        Ok(done)
    }

    /// The oldest picture that is on its way, waited for; `None` when there is none.
    pub fn next_done(&mut self) -> Result<Option<Planes>, RenderError> {
        let failed = |e: &dyn std::fmt::Display| RenderError::Readback(e.to_string());
        let Some(oldest) = self.pending.pop_front() else { return Ok(None) };
        let wait = wgpu::PollType::Wait { submission_index: Some(oldest.submission), timeout: None };
        self.gpu.device.poll(wait).map_err(|e| failed(&e))?;
        oldest.mapped.recv().map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        let bytes = oldest.buffer.slice(..).get_mapped_range().map_err(|e| failed(&e))?;
        let planes = self.planes_of(&bytes);
        drop(bytes);
        oldest.buffer.unmap();
        self.free.push(oldest.buffer);
        Ok(Some(planes))
    }

    fn planes_of(&self, bytes: &[u8]) -> Planes {
        let [width, height] = self.size.map(|n| n as usize);
        let stride = self.stride as usize;
        let (luma, chroma) = bytes.split_at(stride * height);
        let half = width / 2;
        let rows = |part: &[u8], from: usize, to: usize| -> Vec<u8> {
            part.chunks_exact(stride).flat_map(|row| &row[from..to]).copied().collect()
        };
        Planes {
            y: rows(luma, 0, width),
            u: rows(chroma, 0, half),
            v: rows(chroma, half, width),
            chroma_size: self.size.map(|n| n / 2),
            matrix: YuvMatrix::Bt709,
            is_full_range: false,
        }
    }

    fn write_blocks(&mut self, frame: &WorldFrame) {
        let light = &frame.light;
        let four = |v: [f32; 3], w: f32| [v[0], v[1], v[2], w];
        let write = |buffer: &wgpu::Buffer, floats: &[f32]| {
            self.gpu.queue.write_buffer(buffer, 0, bytemuck::cast_slice(floats));
        };
        let mut block = std::mem::take(&mut self.block);
        block.clear();
        block.extend(frame.view_proj.as_flattened());
        block.extend(frame.lamp_proj.as_flattened());
        block.extend(four(frame.eye, light.exposure));
        block.extend(four(light.lamp, light.lamp_strength));
        block.extend(four(light.lamp_colour, 0.0));
        block.extend(four(light.sky, 0.0));
        block.extend(four(light.ground, 0.0));
        block.extend(four(light.window_direction, light.window_strength));
        block.extend(four(light.window_colour, 0.0));
        debug_assert_eq!(block.len(), GLOBAL_FLOATS);
        write(&self.passes.globals, &block);

        block.clear();
        for pose in frame.parts.iter().take(MAX_PARTS) {
            block.extend(pose.rows.as_flattened());
        }
        block.resize(MAX_PARTS * 12, 0.0);
        for pose in frame.parts.iter().take(MAX_PARTS) {
            block.extend([pose.glow, f32::from(u8::from(pose.is_carried)), 0.0, 0.0]);
        }
        block.resize(PART_FLOATS, 0.0);
        write(&self.passes.parts, &block);

        block.clear();
        let [width, height] = self.size.map(|n| n as f32);
        block.extend(frame.earlier.as_flattened());
        block.extend([width, height, frame.tangents[0], frame.tangents[1]]);
        block.extend([frame.number as f32 % 1024.0, frame.grain, frame.vignette, light.warmth]);
        debug_assert_eq!(block.len(), FILM_FLOATS);
        write(&self.passes.film_block, &block);
        self.block = block;
    }
}

fn load(gpu: &Gpu, mesh: &WorldMesh) -> Loaded {
    let buffer = |bytes: &[u8], usage| {
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("world"),
            size: bytes.len().next_multiple_of(4).max(4) as u64,
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        gpu.queue.write_buffer(&buffer, 0, bytes);
        buffer
    };
    Loaded {
        vertices: buffer(bytemuck::cast_slice(&mesh.vertices), wgpu::BufferUsages::VERTEX),
        indices: buffer(bytemuck::cast_slice(&mesh.indices), wgpu::BufferUsages::INDEX),
    }
}
