//! Softmax attention without a stored score matrix: within a sequence, and from one to another.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Destination, Into, Mat, Threads, matmul};
use super::gradient::{on_values, shaped};
use super::precision::product;
use super::{is_fast, simd, values};

/// Queries that a task takes at most.
const MAX_BLOCK: usize = 128;

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
        let mut out = vec![0f32; batch * tokens * d];
        out.par_chunks_mut(tokens * d).zip(qkv.par_chunks(tokens * packed)).for_each(|(out, qkv)| {
            let inputs = Inputs {
                q: qkv,
                k: &qkv[d..],
                v: &qkv[2 * d..],
                stride: packed,
                keys: tokens,
                scale: 1.0 / ((d / heads) as f32).sqrt(),
                tasks: rayon::current_num_threads().div_ceil(batch.max(1)),
            };
            fused(&inputs, heads, self.sees, out, d);
        });
        Ok((CpuStorage::F32(out), (batch, tokens, d).into()))
    }
}

/// Where the queries, keys and values of one sequence lie; rows are `stride` apart in all three.
struct Inputs<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    stride: usize,
    keys: usize,
    scale: f32,
    /// Pieces to cut the queries into at least.
    tasks: usize,
}

/// Fills `out`, rows of `d` values, one row a query.
fn fused(inputs: &Inputs, heads: usize, sees: Sees, out: &mut [f32], d: usize) {
    let Inputs { stride, keys, scale, .. } = *inputs;
    let (queries, width) = (out.len() / d, d / heads);
    // Queries a task takes: scores stay in cache, and there is work for every core.
    let tasks = queries.div_ceil(MAX_BLOCK).max(inputs.tasks);
    let block = queries.div_ceil(tasks.max(1)).max(1);
    out.par_chunks_mut(block * d).zip(inputs.q.par_chunks(block * stride)).enumerate().for_each_init(
        || vec![0f32; block * keys],
        |scores, (index, (out, queries))| {
            let rows = out.len() / d;
            for head in 0..heads {
                let q = Mat::rows(&queries[head * width..], stride);
                let k = Mat::transposed(&inputs.k[head * width..], stride);
                let v = Mat::rows(&inputs.v[head * width..], stride);
                let mixed = &mut out[head * width..];
                let into = Destination { data: scores, stride: keys };
                matmul([rows, width, keys], q, k, scale, into, Into::Replace, Threads::One);
                let mut sums = [1f32; MAX_BLOCK];
                for (i, (row, sum)) in scores.chunks_mut(keys).take(rows).zip(&mut sums).enumerate() {
                    let seen = if sees == Sees::All { keys } else { index * block + i + 1 };
                    *sum = simd::exp_row(&mut row[..seen]);
                    row[seen..].fill(0.0);
                }
                let p = Mat::rows(scores, keys);
                let into = Destination { data: mixed, stride: d };
                matmul([rows, keys, width], p, v, 1.0, into, Into::Replace, Threads::One);
                for (row, sum) in mixed.chunks_mut(d).zip(&sums).take(rows) {
                    simd::scale(&mut row[..width], 1.0 / sum);
                }
            }
        },
    );
}

/// Multi-head attention of one sequence to another; scores are q k / sqrt(width of a head), times
/// `sign`. Only the first `keys` keys are seen.
///
/// # Shapes
/// `q` [queries, heads * width], `k` and `v` [at least `keys`, heads * width] → as `q`
pub fn attention_between([q, k, v]: [&Tensor; 3], heads: usize, keys: usize, sign: f32) -> Result<Tensor> {
    let (_, d) = q.dims2()?;
    let (held, dk) = k.dims2()?;
    if d % heads != 0 || dk != d || k.dims() != v.dims() || keys == 0 || keys > held {
        bail!("attention: {:?} to {keys} of {:?} with {heads} heads", q.dims(), k.dims());
    }
    if is_fast(q) {
        return q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, Between { heads, keys, sign });
    }
    let v = by_head(&v.narrow(0, 0, keys)?, heads)?;
    let mixed = product(&attention_weights(q, k, heads, keys, None, sign)?, &v)?;
    mixed.transpose(0, 1)?.reshape(q.shape())
}

/// The soft-maxed scores of `attention_between` (or of `band_attention`, with a radius), for those who
/// want to see them. A query whose band holds no key has no number.
///
/// # Shapes
/// → [heads, queries, keys]
pub fn attention_weights(
    q: &Tensor,
    k: &Tensor,
    heads: usize,
    keys: usize,
    radius: Option<usize>,
    sign: f32,
) -> Result<Tensor> {
    let (queries, width) = q.dims2()?;
    let scale = f64::from(sign) / ((width / heads) as f64).sqrt();
    let scores = product(&by_head(q, heads)?, &by_head(&k.narrow(0, 0, keys)?, heads)?.transpose(1, 2)?)?;
    let mut scores = (scores * scale)?;
    if let Some(radius) = radius {
        let band = (0..queries).flat_map(|i| {
            (0..keys).map(move |j| if i.abs_diff(j) > radius { f32::NEG_INFINITY } else { 0.0 })
        });
        let band = Tensor::from_iter(band, q.device())?.reshape((queries, keys))?.to_dtype(q.dtype())?;
        scores = scores.broadcast_add(&band)?;
    }
    candle_nn::ops::softmax(&scores, D::Minus1)
}

/// [rows, heads * width] → [heads, rows, width]
fn by_head(x: &Tensor, heads: usize) -> Result<Tensor> {
    x.reshape((x.dim(0)?, heads, ()))?.transpose(0, 1)?.contiguous()
}

struct Between {
    heads: usize,
    keys: usize,
    sign: f32,
}

impl CustomOp3 for Between {
    fn name(&self) -> &'static str {
        "attention-between"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, d) = q_layout.shape().dims2()?;
        let q = values(q, q_layout)?;
        let inputs = Inputs {
            q,
            k: values(k, k_layout)?,
            v: values(v, v_layout)?,
            stride: d,
            keys: self.keys,
            scale: self.sign / ((d / self.heads) as f32).sqrt(),
            tasks: rayon::current_num_threads(),
        };
        let mut out = vec![0f32; q.len()];
        fused(&inputs, self.heads, Sees::All, &mut out, d);
        Ok((CpuStorage::F32(out), q_layout.shape().clone()))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = q.dim(1)?;
        let width = d / self.heads;
        let [dq, dk, dv] = on_values([q, k, v, gradient], |[q, k, v, gradient]| {
            let heads = (0..self.heads).into_par_iter();
            let parts = heads
                .map(|head| self.back([q, k, v].map(|x| &x[head * width..]), &gradient[head * width..], d));
            let parts: Vec<[Vec<f32>; 3]> = parts.collect();
            let whole = [q.len(), k.len(), v.len()];
            Ok([0, 1, 2].map(|which| {
                let mut out = vec![0f32; whole[which]];
                for (head, part) in parts.iter().enumerate() {
                    for (out, part) in out.chunks_exact_mut(d).zip(part[which].chunks_exact(width)) {
                        out[head * width..(head + 1) * width].copy_from_slice(part);
                    }
                }
                out
            }))
        })?;
        Ok((Some(shaped(dq, q)?), Some(shaped(dk, k)?), Some(shaped(dv, v)?)))
    }
}

impl Between {
    /// Gradients of one head's queries, keys and values; rows of the inputs are `d` apart.
    fn back(&self, [q, k, v]: [&[f32]; 3], gradient: &[f32], d: usize) -> [Vec<f32>; 3] {
        let (width, keys) = (d / self.heads, self.keys);
        let queries = q.len().div_ceil(d);
        let scale = self.sign / (width as f32).sqrt();
        let product = |sizes: [usize; 3], a: Mat, b: Mat, factor: f32| {
            let mut out = vec![0f32; sizes[0] * sizes[2]];
            let into = Destination { data: &mut out, stride: sizes[2] };
            matmul(sizes, a, b, factor, into, Into::Replace, Threads::One);
            out
        };
        let [q, k, v, gradient] = [q, k, v, gradient].map(|x| Mat::rows(x, d));
        let mut weights = product([queries, width, keys], q, Mat::transposed(k.data, d), scale);
        let mut dscores = product([queries, width, keys], gradient, Mat::transposed(v.data, d), 1.0);
        for (weights, dscores) in weights.chunks_exact_mut(keys).zip(dscores.chunks_exact_mut(keys)) {
            let sum = simd::exp_row(weights);
            simd::scale(weights, 1.0 / sum);
            let mean = simd::dot(weights, dscores);
            dscores.iter_mut().zip(weights).for_each(|(d, weight)| *d = *weight * (*d - mean));
        }
        [
            product([queries, keys, width], Mat::rows(&dscores, keys), k, scale),
            product([keys, queries, width], Mat::transposed(&dscores, keys), q, scale),
            product([keys, queries, width], Mat::transposed(&weights, keys), gradient, 1.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, check_gradients, noise};
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

    #[test]
    fn attention_between_sequences_agrees_with_the_plain_one() {
        for (queries, keys, heads, width) in [(1, 1, 1, 4), (300, 12, 4, 24), (5, 200, 2, 8)] {
            let q = noise(&[queries, heads * width], 1);
            let k = noise(&[keys + 2, heads * width], 2);
            let v = noise(&[keys + 2, heads * width], 3);
            for sign in [1.0, -1.0] {
                let fast = attention_between([&q, &k, &v], heads, keys, sign).unwrap();
                let seen = by_head(&v.narrow(0, 0, keys).unwrap(), heads).unwrap();
                let weights = attention_weights(&q, &k, heads, keys, None, sign).unwrap();
                let plain = weights.matmul(&seen).unwrap().transpose(0, 1).unwrap();
                assert_close(&fast, &plain.reshape(q.shape()).unwrap(), 2e-5);
                check_gradients([&q, &k, &v], |qkv| attention_between(qkv, heads, keys, sign));
            }
        }
    }
}
