//! Loops the compiler turns into AVX2 with FMA, chosen when the program runs.
//!
//! Each function is compiled twice from one body: for the build's own target, and for AVX2 + FMA.

/// Defines functions whose body is also compiled for AVX2 + FMA; `FMA` tells the body which.
macro_rules! simd {
    ($($(#[$meta:meta])* pub fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block)*) => {$(
        $(#[$meta])*
        pub fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(unused, reason = "not every body asks whether FMA is there")]
            fn body<const FMA: bool>($($arg: $ty),*) $(-> $ret)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    body::<true>($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has the features that `avx2` is compiled for.
                    #[allow(unsafe_code)]
                    return unsafe { avx2($($arg),*) };
                }
            }
            body::<false>($($arg),*)
        }
    )*};
}

/// `a * b + c`, in one instruction where there is one.
#[inline(always)]
fn mul_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// e^x to about 2 units in the last place, without branches. Saturates near 1e-38 and 1e38.
///
/// 2^n is built from the exponent bits; the rest, at most ln 2 / 2 in size, is a polynomial of
/// degree 7 (coefficients of Cephes `expf`).
#[inline(always)]
fn exp<const FMA: bool>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.3, 88.3);
    let shifted = mul_add::<FMA>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = mul_add::<FMA>(n, -0.693_359_4, x);
    let r = mul_add::<FMA>(n, 2.121_944_4e-4, r);
    let p = mul_add::<FMA>(r, 1.987_569_1e-4, 1.398_2e-3);
    let p = mul_add::<FMA>(p, r, 8.333_452e-3);
    let p = mul_add::<FMA>(p, r, 4.166_579_6e-2);
    let p = mul_add::<FMA>(p, r, 1.666_666_5e-1);
    let p = mul_add::<FMA>(p, r, 0.5);
    let p = mul_add::<FMA>(p, r * r, r) + 1.0;
    let two_to_n = (shifted.to_bits() as i32).wrapping_shl(23).wrapping_add(127 << 23);
    p * f32::from_bits(two_to_n as u32)
}

/// Running sums of a row, side by side.
const LANES: usize = 16;

/// Mean of a row, and one over the root of its variance (of all, not all but one) and `eps`.
#[inline(always)]
fn row_moments<const FMA: bool>(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f32;
    let (chunks, tail) = x.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += *x;
        }
    }
    let mean = (sums.iter().sum::<f32>() + tail.iter().sum::<f32>()) / n;
    let mut squares = [0f32; LANES];
    for chunk in chunks {
        for (sum, x) in squares.iter_mut().zip(chunk) {
            *sum = mul_add::<FMA>(*x - mean, *x - mean, *sum);
        }
    }
    let tail_squares: f32 = tail.iter().map(|x| (x - mean) * (x - mean)).sum();
    let inverse = 1.0 / ((squares.iter().sum::<f32>() + tail_squares) / n + eps).sqrt();
    (mean, inverse)
}

simd! {
    /// Replaces a row by exp(row - max) and returns the sum.
    pub fn exp_row(row: &mut [f32]) -> f32 {
        const LANES: usize = 32;
        let mut lane_max = [f32::MIN; LANES];
        let (chunks, tail) = row.as_chunks::<LANES>();
        for chunk in chunks {
            for (max, x) in lane_max.iter_mut().zip(chunk) {
                *max = if *x > *max { *x } else { *max };
            }
        }
        let max = lane_max.iter().chain(tail).fold(f32::MIN, |a, b| if *b > a { *b } else { a });
        let mut lane_sum = [0f32; LANES];
        let (chunks, tail) = row.as_chunks_mut::<LANES>();
        for chunk in chunks {
            for (sum, x) in lane_sum.iter_mut().zip(chunk) {
                *x = exp::<FMA>(*x - max);
                *sum += *x;
            }
        }
        let mut sum: f32 = lane_sum.iter().sum();
        for x in tail {
            *x = exp::<FMA>(*x - max);
            sum += *x;
        }
        sum
    }

    pub fn scale(row: &mut [f32], factor: f32) {
        for x in row {
            *x *= factor;
        }
    }

    pub fn add(y: &mut [f32], x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }

    /// y += a x
    pub fn axpy(y: &mut [f32], x: &[f32], a: f32) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = mul_add::<FMA>(a, *x, *y);
        }
    }

    /// y += a x, value by value
    pub fn multiply_add(y: &mut [f32], x: &[f32], a: &[f32]) {
        for ((y, x), a) in y.iter_mut().zip(x).zip(a) {
            *y = mul_add::<FMA>(*a, *x, *y);
        }
    }

    pub fn maximum(y: &mut [f32], x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = if *x > *y { *x } else { *y };
        }
    }

    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        let mut sums = [0f32; LANES];
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum = mul_add::<FMA>(*a, *b, *sum);
            }
        }
        sums.iter().sum::<f32>() + a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum::<f32>()
    }

    /// Exact (erf) GELU, in place; erf by Abramowitz and Stegun 7.1.26, error below 1.5e-7.
    pub fn gelu(row: &mut [f32]) {
        for x in row {
            let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
            let t = 1.0 / mul_add::<FMA>(0.327_591_1, z, 1.0);
            let p = mul_add::<FMA>(1.061_405_4, t, -1.453_152);
            let p = mul_add::<FMA>(p, t, 1.421_413_7);
            let p = mul_add::<FMA>(p, t, -0.284_496_74);
            let p = mul_add::<FMA>(p, t, 0.254_829_6) * t;
            let erf = 1.0 - p * exp::<FMA>(-z * z);
            *x = 0.5 * *x * (1.0 + erf.copysign(*x));
        }
    }

    /// Multiplies a gradient by the derivative of exact GELU at x.
    pub fn gelu_gradient(gradient: &mut [f32], x: &[f32]) {
        for (g, x) in gradient.iter_mut().zip(x) {
            let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
            let t = 1.0 / mul_add::<FMA>(0.327_591_1, z, 1.0);
            let p = mul_add::<FMA>(1.061_405_4, t, -1.453_152);
            let p = mul_add::<FMA>(p, t, 1.421_413_7);
            let p = mul_add::<FMA>(p, t, -0.284_496_74);
            let p = mul_add::<FMA>(p, t, 0.254_829_6) * t;
            let bell = exp::<FMA>(-z * z);
            let erf = (1.0 - p * bell).copysign(*x);
            // 1 / sqrt(2 pi)
            *g *= mul_add::<FMA>(0.398_942_3 * *x, bell, 0.5 * (1.0 + erf));
        }
    }

    pub fn relu(row: &mut [f32]) {
        for x in row {
            *x = x.max(0.0);
        }
    }

    /// OpenAI's x * sigmoid(1.702 x), in place.
    pub fn quick_gelu(row: &mut [f32]) {
        for x in row {
            *x /= 1.0 + exp::<FMA>(-1.702 * *x);
        }
    }

    pub fn relu6(row: &mut [f32]) {
        for x in row {
            *x = x.clamp(0.0, 6.0);
        }
    }

    /// (x - mean) / sqrt(variance + eps) * weight + bias over one row.
    pub fn layer_norm_row(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
        let (mean, inverse) = row_moments::<FMA>(x, eps);
        for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
            *y = mul_add::<FMA>((*x - mean) * inverse, *weight, *bias);
        }
    }

    /// The way back through `layer_norm_row`: `dx` is written, `dweight` and `dbias` are added to.
    pub fn layer_norm_row_gradient(
        x: &[f32],
        weight: &[f32],
        eps: f32,
        gradient: &[f32],
        dx: &mut [f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
    ) {
        let n = x.len() as f32;
        let (mean, inverse) = row_moments::<FMA>(x, eps);
        // dx holds the normalised row for a while
        for ((((dx, x), g), dweight), dbias) in
            dx.iter_mut().zip(x).zip(gradient).zip(dweight).zip(dbias)
        {
            *dx = (*x - mean) * inverse;
            *dweight = mul_add::<FMA>(*g, *dx, *dweight);
            *dbias += g;
        }
        let (mut plain, mut along) = ([0f32; LANES], [0f32; LANES]);
        let ((g, g_tail), (w, w_tail)) = (gradient.as_chunks::<LANES>(), weight.as_chunks::<LANES>());
        let (normed, normed_tail) = dx.as_chunks::<LANES>();
        for ((g, w), normed) in g.iter().zip(w).zip(normed) {
            for ((((plain, along), g), w), normed) in
                plain.iter_mut().zip(&mut along).zip(g).zip(w).zip(normed)
            {
                *plain = mul_add::<FMA>(*g, *w, *plain);
                *along = mul_add::<FMA>(*g * *w, *normed, *along);
            }
        }
        let (mut plain, mut along) = (plain.iter().sum::<f32>(), along.iter().sum::<f32>());
        for ((g, w), normed) in g_tail.iter().zip(w_tail).zip(normed_tail) {
            plain += g * w;
            along += g * w * normed;
        }
        let (plain, along) = (plain / n, along / n);
        for ((dx, g), w) in dx.iter_mut().zip(gradient).zip(weight) {
            *dx = inverse * (mul_add::<FMA>(*g, *w, -plain) - *dx * along);
        }
    }
}
