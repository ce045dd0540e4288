//! Attention in which each position sees its neighbours only, as in Longformer (Beltagy et al. 2020).

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gradient::{on_values, shaped};
use super::{is_fast, simd, values};

/// Multi-head attention in which query i sees the keys i - radius ..= i + radius that are below
/// `valid`; scores are q k / sqrt(width of a head). Rows from `valid` on are zero in the result.
///
/// # Shapes
/// `q`, `k`, `v` [rows, heads * width] → the same
pub fn band_attention([q, k, v]: [&Tensor; 3], heads: usize, radius: usize, valid: usize) -> Result<Tensor> {
    let (rows, d) = q.dims2()?;
    if k.dims() != q.dims() || v.dims() != q.dims() || d % heads != 0 || valid > rows {
        bail!("band attention: {valid} of {:?}, {:?}, {:?}, {heads} heads", q.dims(), k.dims(), v.dims());
    }
    let op = Band { heads, radius, valid };
    if is_fast(q) {
        return q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op);
    }
    op.plain([q, k, v])
}

#[derive(Clone, Copy)]
struct Band {
    heads: usize,
    radius: usize,
    valid: usize,
}

impl Band {
    /// One shifted product for each place in the band.
    fn plain(&self, qkv: [&Tensor; 3]) -> Result<Tensor> {
        let &Self { heads, radius, valid } = self;
        let (rows, d) = qkv[0].dims2()?;
        let [q, k, v] = qkv.map(|x| x.narrow(0, 0, valid)?.reshape((valid, heads, d / heads)));
        let (q, k, v) = (q?, k?, v?);
        let around = |x: &Tensor| x.pad_with_zeros(0, radius, radius);
        let (k, v) = (around(&k)?, around(&v)?);
        let places = 2 * radius + 1;
        let mut scores = Vec::with_capacity(places);
        for place in 0..places {
            let score = (&q * k.narrow(0, place, valid)?)?.sum(D::Minus1)?;
            let is_key = |i: usize| (radius..radius + valid).contains(&(i + place));
            let hidden = (0..valid).map(|i| if is_key(i) { 0f32 } else { f32::NEG_INFINITY });
            let hidden = Tensor::from_iter(hidden, q.device())?.reshape((valid, 1))?.to_dtype(q.dtype())?;
            scores.push((score * (heads as f64 / d as f64).sqrt())?.broadcast_add(&hidden)?);
        }
        let weights = candle_nn::ops::softmax(&Tensor::stack(&scores, 2)?, D::Minus1)?;
        let mut sum = q.zeros_like()?;
        for place in 0..places {
            let weight = weights.narrow(2, place, 1)?;
            sum = (sum + v.narrow(0, place, valid)?.broadcast_mul(&weight)?)?;
        }
        sum.reshape((valid, d))?.pad_with_zeros(0, 0, rows - valid)
    }
}

impl CustomOp3 for Band {
    fn name(&self) -> &'static str {
        "band-attention"
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
        let &Self { heads, radius, valid } = self;
        let (_, d) = q_layout.shape().dims2()?;
        let (q, k, v) = (values(q, q_layout)?, values(k, k_layout)?, values(v, v_layout)?);
        let width = d / heads;
        let scale = 1.0 / (width as f32).sqrt();
        let mut out = vec![0f32; q.len()];
        let body = |scores: &mut Vec<f32>, (i, (q, out)): (usize, (&[f32], &mut [f32]))| {
            let (first, last) = (i.saturating_sub(radius), (i + radius + 1).min(valid));
            for head in (0..d).step_by(width) {
                scores.clear();
                let q = &q[head..head + width];
                scores.extend((first..last).map(|j| simd::dot(q, &k[j * d + head..][..width]) * scale));
                let sum = simd::exp_row(scores);
                let out = &mut out[head..head + width];
                for (j, score) in (first..last).zip(scores.iter()) {
                    simd::axpy(out, &v[j * d + head..][..width], score / sum);
                }
            }
        };
        q.par_chunks(d)
            .zip(out.par_chunks_mut(d))
            .take(valid)
            .enumerate()
            .with_min_len(16)
            .for_each_init(|| Vec::with_capacity(2 * radius + 1), body);
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
        let [dq, dk, dv] =
            on_values([q, k, v, gradient], |[q, k, v, gradient]| Ok(self.back([q, k, v], gradient, d)))?;
        Ok((Some(shaped(dq, q)?), Some(shaped(dk, k)?), Some(shaped(dv, v)?)))
    }
}

impl Band {
    /// First by query: weights, gradients of scores, and with them that of the query. Then by key,
    /// each gathering from the queries that see it.
    fn back(&self, [q, k, v]: [&[f32]; 3], gradient: &[f32], d: usize) -> [Vec<f32>; 3] {
        let &Self { heads, radius, valid } = self;
        let (width, places) = (d / heads, 2 * radius + 1);
        let scale = 1.0 / (width as f32).sqrt();
        let per_query = heads * places;
        let mut weights = vec![0f32; valid * per_query];
        let mut dscores = vec![0f32; valid * per_query];
        let mut dq = vec![0f32; q.len()];
        let queries = dq.par_chunks_mut(d).zip(weights.par_chunks_mut(per_query));
        let queries = queries.zip(dscores.par_chunks_mut(per_query)).enumerate().with_min_len(16);
        queries.for_each(|(i, ((dq, weights), dscores))| {
            let (first, last) = (i.saturating_sub(radius), (i + radius + 1).min(valid));
            for head in 0..heads {
                let part = |row: usize| row * d + head * width..row * d + (head + 1) * width;
                let at = head * places..head * places + last - first;
                let (weights, dscores) = (&mut weights[at.clone()], &mut dscores[at]);
                let query = &q[part(i)];
                for (j, weight) in (first..last).zip(weights.iter_mut()) {
                    *weight = simd::dot(query, &k[part(j)]) * scale;
                }
                let sum = simd::exp_row(weights);
                simd::scale(weights, 1.0 / sum);
                let g = &gradient[part(i)];
                let mut mean = 0.0;
                for ((j, weight), dscore) in (first..last).zip(weights.iter()).zip(dscores.iter_mut()) {
                    *dscore = simd::dot(g, &v[part(j)]);
                    mean += weight * *dscore;
                }
                let dq = &mut dq[head * width..(head + 1) * width];
                for ((j, weight), dscore) in (first..last).zip(weights.iter()).zip(dscores.iter_mut()) {
                    *dscore = weight * (*dscore - mean) * scale;
                    simd::axpy(dq, &k[part(j)], *dscore);
                }
            }
        });
        let (mut dk, mut dv) = (vec![0f32; k.len()], vec![0f32; v.len()]);
        let keys = dk.par_chunks_mut(d).zip(dv.par_chunks_mut(d)).take(valid).enumerate();
        keys.with_min_len(16).for_each(|(j, (dk, dv))| {
            for i in j.saturating_sub(radius)..(j + radius + 1).min(valid) {
                let place = j - i.saturating_sub(radius);
                for head in 0..heads {
                    let at = i * per_query + head * places + place;
                    let own = head * width..(head + 1) * width;
                    let other = i * d + head * width..i * d + (head + 1) * width;
                    simd::axpy(&mut dk[own.clone()], &q[other.clone()], dscores[at]);
                    simd::axpy(&mut dv[own], &gradient[other], weights[at]);
                }
            }
        });
        [dq, dk, dv]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    #[test]
    fn the_fast_band_agrees_with_the_plain_one() {
        for (rows, valid, heads, width, radius) in [(1, 1, 1, 4, 4), (40, 33, 4, 24, 4), (7, 7, 2, 3, 2)] {
            let [q, k, v] = [1, 2, 3].map(|seed| noise(&[rows, heads * width], seed));
            let op = Band { heads, radius, valid };
            let fast = band_attention([&q, &k, &v], heads, radius, valid).unwrap();
            assert_close(&fast, &op.plain([&q, &k, &v]).unwrap(), 2e-5);
            check_gradients([&q, &k, &v], |qkv| band_attention(qkv, heads, radius, valid));
        }
    }
}
