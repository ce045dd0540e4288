//! Softmax attention from packed queries, keys and values, without a stored score matrix.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Destination, Into, Mat, Threads, matmul};
use super::{is_fast, simd, values};

/// Which positions a query sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    All,
    /// Itself and what came before.
    Past,
}

/// Multi-head attention; queries are scaled by 1 / sqrt(width of a head).
///
/// # Shapes
/// `qkv` [batch, tokens, 3 * heads * width], queries first, then keys, then values, each head by
/// head → [batch, tokens, heads * width]
pub fn attention(qkv: &Tensor, heads: usize, sees: Sees) -> Result<Tensor> {
    if is_fast(qkv) {
        return qkv.contiguous()?.apply_op1_no_bwd(&Attention { heads, sees });
    }
    plain(qkv, heads, sees)
}

fn plain(qkv: &Tensor, heads: usize, sees: Sees) -> Result<Tensor> {
    let (batch, tokens, packed) = qkv.dims3()?;
    let width = packed / 3 / heads;
    let qkv = qkv.reshape((batch, tokens, 3, heads, width))?.permute((2, 0, 3, 1, 4))?.contiguous()?;
    let (q, k, v) = (qkv.get(0)?, qkv.get(1)?, qkv.get(2)?);
    let mut scores = (q.matmul(&k.transpose(D::Minus1, D::Minus2)?)? * (width as f64).sqrt().recip())?;
    if sees == Sees::Past {
        let mask =
            (0..tokens).flat_map(|i| (0..tokens).map(move |j| if j > i { f32::NEG_INFINITY } else { 0.0 }));
        let mask = Tensor::from_iter(mask, qkv.device())?.reshape((tokens, tokens))?.to_dtype(qkv.dtype())?;
        scores = scores.broadcast_add(&mask)?;
    }
    let mixed = candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&v)?;
    mixed.transpose(1, 2)?.reshape((batch, tokens, heads * width))
}

struct Attention {
    heads: usize,
    sees: Sees,
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, tokens, packed) = layout.shape().dims3()?;
        let (heads, d) = (self.heads, packed / 3);
        if d * 3 != packed || d % heads != 0 {
            bail!("attention: {packed} values a token do not split into 3 x {heads} heads");
        }
        let qkv = values(storage, layout)?;
        let width = d / heads;
        let scale = 1.0 / (width as f32).sqrt();
        // Queries a task takes: scores stay in cache, and there is work for every core.
        let tasks = tokens.div_ceil(128).max(rayon::current_num_threads().div_ceil(batch.max(1)));
        let block = tokens.div_ceil(tasks.max(1)).max(1);
        let mut out = vec![0f32; batch * tokens * d];
        out.par_chunks_mut(tokens * d).zip(qkv.par_chunks(tokens * packed)).for_each(|(out, qkv)| {
            out.par_chunks_mut(block * d).zip(qkv.par_chunks(block * packed)).enumerate().for_each_init(
                || vec![0f32; block * tokens],
                |scores, (index, (out, queries))| {
                    let rows = out.len() / d;
                    for head in 0..heads {
                        let q = Mat::rows(&queries[head * width..], packed);
                        let k = Mat::transposed(&qkv[d + head * width..], packed);
                        let v = Mat::rows(&qkv[2 * d + head * width..], packed);
                        let mixed = &mut out[head * width..];
                        let sizes = [rows, width, tokens];
                        let into = Destination { data: scores, stride: tokens };
                        matmul(sizes, q, k, scale, into, Into::Replace, Threads::One);
                        let mut sums = [1f32; 128];
                        for (i, (row, sum)) in scores.chunks_mut(tokens).take(rows).zip(&mut sums).enumerate()
                        {
                            let seen = if self.sees == Sees::All { tokens } else { index * block + i + 1 };
                            *sum = simd::exp_row(&mut row[..seen]);
                            row[seen..].fill(0.0);
                        }
                        let p = Mat::rows(scores, tokens);
                        let into = Destination { data: mixed, stride: d };
                        matmul([rows, tokens, width], p, v, 1.0, into, Into::Replace, Threads::One);
                        for (row, sum) in mixed.chunks_mut(d).zip(&sums).take(rows) {
                            simd::scale(&mut row[..width], 1.0 / sum);
                        }
                    }
                },
            );
        });
        Ok((CpuStorage::F32(out), (batch, tokens, d).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, noise};
    use super::*;

    #[test]
    fn fused_attention_agrees_with_the_plain_one() {
        for (batch, tokens, heads, width) in [(1, 1, 1, 4), (2, 50, 3, 16), (1, 197, 2, 64), (3, 300, 1, 8)] {
            let qkv = noise(&[batch, tokens, 3 * heads * width], tokens as u32);
            for sees in [Sees::All, Sees::Past] {
                let fast = attention(&qkv, heads, sees).unwrap();
                assert_close(&fast, &plain(&qkv, heads, sees).unwrap(), 2e-5);
            }
        }
    }
}
