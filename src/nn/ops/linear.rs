//! y = activation(x Wᵀ + b) in one product.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Destination, Into, Mat, Threads, matmul};
use super::gradient::{column_sums, on_values, shaped};
use super::precision::product;
use super::{Activation, activate, is_fast, values};

/// # Shapes
/// `x [.., in]`, `weight [out, in]`, `bias [out]` → `[.., out]`
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    if is_fast(x) {
        let is_tracked = x.track_op() || weight.track_op() || bias.track_op();
        if is_tracked && activation != Activation::Identity {
            // the way back needs what stands before the activation
            return activate(&linear(x, weight, bias, Activation::Identity)?, activation);
        }
        return x.contiguous()?.apply_op3(weight, bias, Linear(activation));
    }
    // one product over all rows: other devices want them side by side, and would copy the weights otherwise
    let mut dims = x.dims().to_vec();
    let inputs = dims.pop().unwrap_or(1);
    dims.push(weight.dim(0)?);
    let y = product(&x.contiguous()?.reshape(((), inputs))?, &weight.t()?)?.broadcast_add(bias)?;
    activation.plain(&y.reshape(dims)?)
}

struct Linear(Activation);

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (n, k) = weight_layout.shape().dims2()?;
        let mut dims = x_layout.dims().to_vec();
        let Some(last) = dims.last_mut().filter(|last| **last == k) else {
            bail!("linear: weight {n}x{k} does not fit input {:?}", x_layout.dims())
        };
        *last = n;
        let (x, weight, bias) =
            (values(x, x_layout)?, values(weight, weight_layout)?, values(bias, bias_layout)?);
        if bias.len() != n {
            bail!("linear: bias has {} values, expected {n}", bias.len());
        }
        let m = x.len() / k;
        let mut out = Vec::with_capacity(m * n);
        (0..m).for_each(|_| out.extend_from_slice(bias));
        matmul(
            [m, k, n],
            Mat::rows(x, k),
            Mat::transposed(weight, k),
            1.0,
            Destination { data: &mut out, stride: n },
            Into::Add,
            Threads::All,
        );
        if self.0 != Activation::Identity {
            out.par_chunks_mut(1 << 14).for_each(|chunk| self.0.in_place(chunk));
        }
        Ok((CpuStorage::F32(out), dims.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n, k) = weight.dims2()?;
        let m = x.elem_count() / k;
        on_values([x, weight, gradient], |[xs, weights, gradients]| {
            let product = |sizes: [usize; 3], a: Mat, b: Mat, like: &Tensor| {
                let mut out = vec![0f32; sizes[0] * sizes[2]];
                let into = Destination { data: &mut out, stride: sizes[2] };
                matmul(sizes, a, b, 1.0, into, Into::Replace, Threads::All);
                shaped(out, like)
            };
            let dx =
                x.track_op().then(|| product([m, n, k], Mat::rows(gradients, n), Mat::rows(weights, k), x));
            let dweight = weight
                .track_op()
                .then(|| product([n, m, k], Mat::transposed(gradients, n), Mat::rows(xs, k), weight));
            let dbias = bias.track_op().then(|| shaped(column_sums(gradients, n), bias));
            Ok((dx.transpose()?, dweight.transpose()?, dbias.transpose()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    #[test]
    fn linear_agrees_with_candle() {
        let (x, w, b) = (noise(&[2, 5, 48], 1), noise(&[33, 48], 2), noise(&[33], 3));
        for activation in [Activation::Identity, Activation::QuickGelu] {
            let plain = x.broadcast_matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
            let plain = activation.plain(&plain).unwrap();
            assert_close(&linear(&x, &w, &b, activation).unwrap(), &plain, 1e-4);
        }
    }

    #[test]
    fn the_way_back_agrees_with_candle() {
        let (x, w, b) = (noise(&[2, 75, 24], 1), noise(&[33, 24], 2), noise(&[33], 3));
        for activation in [Activation::Identity, Activation::Gelu, Activation::Relu] {
            check_gradients([&x, &w, &b], |[x, w, b]| linear(x, w, b, activation));
        }
    }
}
