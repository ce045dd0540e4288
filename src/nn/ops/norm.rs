//! Layer normalisation over the last dimension.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::gradient::{PIECE, added_up, on_values, shaped};
use super::{is_fast, simd, values};

/// # Shapes
/// `x [.., d]`, `weight [d]`, `bias [d]` → `[.., d]`
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f32) -> Result<Tensor> {
    if is_fast(x) {
        return x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps });
    }
    candle_nn::ops::layer_norm_slow(x, weight, bias, eps)
}

struct LayerNorm {
    eps: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, weight, bias) =
            (values(x, x_layout)?, values(weight, weight_layout)?, values(bias, bias_layout)?);
        let width = weight.len();
        if x_layout.dims().last() != Some(&width) || bias.len() != width {
            candle_core::bail!("layer norm of width {width} does not fit {:?}", x_layout.dims());
        }
        let mut out = vec![0f32; x.len()];
        x.par_chunks(width).zip(out.par_chunks_mut(width)).with_min_len(16).for_each(|(x, y)| {
            simd::layer_norm_row(x, weight, bias, self.eps, y);
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let width = weight.elem_count();
        let (dx, sums) = on_values([x, weight, gradient], |[x, weight, gradient]| {
            let mut dx = vec![0f32; x.len()];
            let step = PIECE * width;
            let pieces = dx.par_chunks_mut(step).zip(x.par_chunks(step)).zip(gradient.par_chunks(step));
            let sums: Vec<Vec<f32>> = pieces
                .map(|((dx, x), gradient)| {
                    let mut sums = vec![0f32; 2 * width];
                    let (dweight, dbias) = sums.split_at_mut(width);
                    let rows = dx.chunks_mut(width).zip(x.chunks(width)).zip(gradient.chunks(width));
                    for ((dx, x), gradient) in rows {
                        simd::layer_norm_row_gradient(x, weight, self.eps, gradient, dx, dweight, dbias);
                    }
                    sums
                })
                .collect();
            Ok((dx, added_up(&sums, 2 * width)))
        })?;
        let (dweight, dbias) = sums.split_at(width);
        Ok((
            Some(shaped(dx, x)?),
            Some(shaped(dweight.to_vec(), weight)?),
            Some(shaped(dbias.to_vec(), bias)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    #[test]
    fn layer_norm_agrees_with_candle() {
        let (x, w, b) = (noise(&[3, 21, 77], 1), noise(&[77], 2), noise(&[77], 3));
        let plain = candle_nn::ops::layer_norm_slow(&x, &w, &b, 1e-5).unwrap();
        assert_close(&layer_norm(&x, &w, &b, 1e-5).unwrap(), &plain, 1e-5);
    }

    #[test]
    fn the_way_back_agrees_with_candle() {
        let (x, w, b) = (noise(&[3, 51, 77], 1), noise(&[77], 2), noise(&[77], 3));
        check_gradients([&x, &w, &b], |[x, w, b]| layer_norm(x, w, b, 1e-5));
    }
}
