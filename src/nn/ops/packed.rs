//! Linear layers whose weights are laid out, once, for the processor's widest multiply-add.
//!
//! A tile of outputs stays in registers while the whole depth runs past it: 12 x 32 with AVX-512,
//! 6 x 16 with AVX2. Inputs are regrouped by tile rows, weights by tile columns ("panels"), so the
//! inner loop reads both in order. About three times the speed of a general product at the sizes
//! of a small transformer, which would regroup the weights at every call.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::{Activation, scratch, values};

/// Inputs that a task works on: they stay in the second-level cache while the panels go by.
const CACHED_VALUES: usize = 375 << 10;

/// Weights and bias of a linear layer, packed.
#[derive(Clone)]
pub struct Packed {
    kernel: Kernel,
    /// Panel by panel, then depth by depth, one row of a panel's width; zeros past the last output.
    panels: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Some(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Some(Self::Avx2);
            }
        }
        None
    }

    fn panel_width(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 32,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 16,
        }
    }
}

impl Packed {
    /// `None` where this processor has no kernel; use the plain layer then.
    ///
    /// # Shapes
    /// `weight [out, in]`, `bias [out]`, both f32 on the CPU
    pub fn new(weight: &Tensor, bias: &Tensor) -> Result<Option<Self>> {
        Kernel::detect().map(|kernel| Self::with_kernel(weight, bias, kernel)).transpose()
    }

    fn with_kernel(weight: &Tensor, bias: &Tensor, kernel: Kernel) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let bias = bias.to_vec1::<f32>()?;
        if bias.len() != outputs {
            bail!("linear: bias has {} values, expected {outputs}", bias.len());
        }
        let weight = weight.flatten_all()?.to_vec1::<f32>()?;
        let width = kernel.panel_width();
        let mut panels = vec![0f32; outputs.div_ceil(width) * width * inputs];
        panels.par_chunks_mut(width * inputs).enumerate().for_each(|(panel, values)| {
            for (column, row) in weight.chunks_exact(inputs).skip(panel * width).take(width).enumerate() {
                for (depth, value) in row.iter().enumerate() {
                    values[depth * width + column] = *value;
                }
            }
        });
        Ok(Self { kernel, panels, bias, inputs })
    }

    /// # Shapes
    /// `x` [.., in], f32 on the CPU → [.., out]
    pub fn forward(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        x.contiguous()?.apply_op1_no_bwd(&Forward { layer: self, activation })
    }
}

struct Forward<'a> {
    layer: &'a Packed,
    activation: Activation,
}

impl CustomOp1 for Forward<'_> {
    fn name(&self) -> &'static str {
        "packed-linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Packed { bias, inputs, kernel, .. } = self.layer;
        let mut dims = layout.dims().to_vec();
        let Some(last) = dims.last_mut().filter(|last| *last == inputs) else {
            bail!("linear: {inputs} inputs do not fit {:?}", layout.dims())
        };
        *last = bias.len();
        let x = values(storage, layout)?;
        let out = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => self.run(x, x86::tile_avx512),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => self.run(x, x86::tile_avx2),
        };
        Ok((CpuStorage::F32(out), dims.into()))
    }
}

/// Writes the product of `rows` (ROWS values for every depth) and `panel` (COLUMNS values for every
/// depth) to `tile`.
type Tile<const ROWS: usize, const COLUMNS: usize> =
    unsafe fn(rows: &[[f32; ROWS]], panel: &[[f32; COLUMNS]], tile: &mut [[f32; COLUMNS]; ROWS]);

impl Forward<'_> {
    fn run<const ROWS: usize, const COLUMNS: usize>(&self, x: &[f32], tile: Tile<ROWS, COLUMNS>) -> Vec<f32> {
        let Packed { panels, bias, inputs, .. } = self.layer;
        let (depth, outputs) = (*inputs, bias.len());
        let rows = x.len() / depth;
        let mut grouped = scratch::take(rows.div_ceil(ROWS) * ROWS * depth);
        group_rows::<ROWS>(x, depth, &mut grouped);
        let grouped = grouped.as_chunks::<ROWS>().0;
        let panels = panels.as_chunks::<COLUMNS>().0;
        let cut = Cut::of(rows.div_ceil(ROWS), outputs.div_ceil(COLUMNS), ROWS * depth);
        let across = outputs.div_ceil(cut.panels * COLUMNS);

        let mut out = Vec::with_capacity(rows * outputs);
        let pieces = pieces(
            &mut out.spare_capacity_mut()[..rows * outputs],
            outputs,
            [cut.tiles * ROWS, cut.panels * COLUMNS],
        );
        pieces.into_par_iter().enumerate().for_each(|(index, mut piece)| {
            let (down, right) = (index / across, index % across);
            let groups = &grouped[down * cut.tiles * depth..];
            let first = right * cut.panels;
            let panels = panels.chunks(depth).skip(first).take(cut.panels);
            let mut sums = [[0f32; COLUMNS]; ROWS];
            for (place, (panel, bias)) in panels.zip(bias.chunks(COLUMNS).skip(first)).enumerate() {
                for (lines, group) in piece.chunks_mut(ROWS).zip(groups.chunks(depth)) {
                    // SAFETY: `Kernel::detect` saw the features that this tile is compiled for.
                    #[allow(unsafe_code)]
                    unsafe {
                        tile(group, panel, &mut sums);
                    }
                    for sums in &mut sums {
                        sums.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
                    }
                    self.activation.in_place(sums.as_flattened_mut());
                    for (line, sums) in lines.iter_mut().zip(&sums) {
                        line[place * COLUMNS..].iter_mut().zip(sums).for_each(|(out, sum)| {
                            out.write(*sum);
                        });
                    }
                }
            }
        });
        // SAFETY: the pieces cover the whole result, and each tile of each piece was written.
        #[allow(unsafe_code)]
        unsafe {
            out.set_len(rows * outputs);
        }
        out
    }
}

/// Regroups rows: for every depth the values of ROWS rows, zeros below the last row.
fn group_rows<const ROWS: usize>(x: &[f32], depth: usize, grouped: &mut [f32]) {
    const BLOCK: usize = 16;
    grouped.par_chunks_mut(ROWS * depth).zip(x.par_chunks(ROWS * depth)).for_each(|(group, x)| {
        let group = group.as_chunks_mut::<ROWS>().0;
        let rows: [&[f32]; ROWS] =
            std::array::from_fn(|row| x.get(row * depth..(row + 1) * depth).unwrap_or_default());
        let (blocks, tail) = group.as_chunks_mut::<BLOCK>();
        for (index, block) in blocks.iter_mut().enumerate() {
            // by way of an array, so that neither side is walked in steps
            let mut square = [[0f32; BLOCK]; ROWS];
            for (line, row) in square.iter_mut().zip(&rows) {
                *line = row.as_chunks().0.get(index).copied().unwrap_or_default();
            }
            for (depth, values) in block.iter_mut().enumerate() {
                *values = std::array::from_fn(|row| square[row][depth]);
            }
        }
        let done = depth - tail.len();
        for (index, values) in tail.iter_mut().enumerate() {
            *values = std::array::from_fn(|row| rows[row].get(done + index).copied().unwrap_or_default());
        }
    });
}

/// How a result is cut into tasks: tiles downwards and panels across in each.
struct Cut {
    tiles: usize,
    panels: usize,
}

impl Cut {
    /// `tile_values` is how many inputs a tile reads.
    fn of(tiles: usize, panels: usize, tile_values: usize) -> Self {
        let most = (CACHED_VALUES / tile_values.max(1)).max(1);
        let down = tiles.div_ceil(most).max(1);
        // tasks differ in length: several for each thread even that out
        let across = (8 * rayon::current_num_threads()).div_ceil(down).min(panels);
        Self { tiles: tiles.div_ceil(down).max(1), panels: panels.div_ceil(across.max(1)).max(1) }
    }
}

/// The lines of each piece of a result, pieces from left to right and then downwards.
fn pieces<T>(out: &mut [T], width: usize, [down, across]: [usize; 2]) -> Vec<Vec<&mut [T]>> {
    let mut pieces = Vec::new();
    for band in out.chunks_mut(down * width) {
        let first = pieces.len();
        pieces.resize_with(first + width.div_ceil(across), Vec::new);
        for line in band.chunks_mut(width) {
            for (piece, part) in pieces[first..].iter_mut().zip(line.chunks_mut(across)) {
                piece.push(part);
            }
        }
    }
    pieces
}

/// The sums are plain arrays with constant indices, and loads are by value: with anything cleverer
/// the compiler keeps the sums in memory, at half the speed.
#[cfg(target_arch = "x86_64")]
#[allow(clippy::needless_range_loop)]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::transmute;

    /// # Safety
    /// The processor must have AVX-512F.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f")]
    pub unsafe fn tile_avx512(rows: &[[f32; 12]], panel: &[[f32; 32]], tile: &mut [[f32; 32]; 12]) {
        let mut sums = [[_mm512_setzero_ps(); 2]; 12];
        for (x, panel) in rows.iter().zip(panel) {
            // SAFETY: 32 numbers are two vectors of 16.
            let [left, right] = unsafe { transmute::<[f32; 32], [__m512; 2]>(*panel) };
            for row in 0..12 {
                let x = _mm512_set1_ps(x[row]);
                sums[row][0] = _mm512_fmadd_ps(x, left, sums[row][0]);
                sums[row][1] = _mm512_fmadd_ps(x, right, sums[row][1]);
            }
        }
        // SAFETY: the same, back, for every row.
        *tile = unsafe { transmute::<[[__m512; 2]; 12], [[f32; 32]; 12]>(sums) };
    }

    /// # Safety
    /// The processor must have AVX2 and FMA.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn tile_avx2(rows: &[[f32; 6]], panel: &[[f32; 16]], tile: &mut [[f32; 16]; 6]) {
        let mut sums = [[_mm256_setzero_ps(); 2]; 6];
        for (x, panel) in rows.iter().zip(panel) {
            // SAFETY: 16 numbers are two vectors of 8.
            let [left, right] = unsafe { transmute::<[f32; 16], [__m256; 2]>(*panel) };
            for row in 0..6 {
                let x = _mm256_set1_ps(x[row]);
                sums[row][0] = _mm256_fmadd_ps(x, left, sums[row][0]);
                sums[row][1] = _mm256_fmadd_ps(x, right, sums[row][1]);
            }
        }
        // SAFETY: the same, back, for every row.
        *tile = unsafe { transmute::<[[__m256; 2]; 6], [[f32; 16]; 6]>(sums) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, noise};
    use super::*;

    #[test]
    fn packed_layers_agree_with_candle() {
        let Some(best) = Kernel::detect() else { return };
        for kernel in [best, Kernel::Avx2] {
            for (rows, inputs, outputs) in [(1, 3, 5), (12, 64, 32), (25, 100, 70), (13, 1500, 33)] {
                let (x, w, b) =
                    (noise(&[rows, inputs], 1), noise(&[outputs, inputs], 2), noise(&[outputs], 3));
                let plain = x.matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
                let packed = Packed::with_kernel(&w, &b, kernel).unwrap();
                assert_close(&packed.forward(&x, Activation::Identity).unwrap(), &plain, 2e-3);
            }
        }
    }
}
