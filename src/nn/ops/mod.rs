//! Fast operations for the CPU, each with a plain candle path for other devices.
//!
//! candle's own CPU kernels lose most of their time in scalar `exp` and `erf`, a slow im2col and
//! extra passes over memory. These fuse bias and activation into the product, keep attention
//! scores in cache, and use AVX2 with FMA where the processor has it (asked at run time).
//! Those that GroundNLQ and GazeNLQ are made of have a backward pass; the others are for inference.

mod attention;
mod band;
mod conv;
mod conv3d;
mod depthwise;
mod elementwise;
mod gemm;
mod gradient;
mod linear;
mod norm;
mod packed;
mod precision;
mod scratch;
mod simd;
mod temporal;

pub use attention::{Sees, attention, attention_between, attention_weights};
pub use band::band_attention;
pub use conv::{Conv, Padding, conv2d};
pub use conv3d::conv3d_half;
pub use depthwise::DepthwiseNorm;
pub use elementwise::{Activation, activate};
pub use linear::linear;
pub use norm::layer_norm;
pub use packed::Packed;
pub use precision::{Precision, with_precision};
pub use temporal::{Extent, Pads, max_pool_half, residual, unfold};

use candle_core::{CpuStorage, Layout, Result, Tensor, bail};

/// Asks glibc to keep freed memory instead of giving it back after every layer. Without this each
/// large activation costs a page fault per 4 KiB, up to a third of a network's time.
///
/// Kept memory is only of use to whoever can reach it, so all threads share one arena: with one for
/// each thread, memory that is freed on another thread than it came from piles up. To be called
/// before threads are started.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: mallopt only sets limits inside glibc's allocator, which takes its own lock.
        #[allow(unsafe_code)]
        ONCE.call_once(|| unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
            libc::mallopt(libc::M_TRIM_THRESHOLD, 96 << 20);
            libc::mallopt(libc::M_ARENA_MAX, 1);
        });
    }
}

/// Takes memory from the system, and keeps it, before somebody is waiting: the first touch of each page
/// costs about a microsecond, which in the window's first frames adds up to a frame.
pub fn take_memory_early(bytes: usize) {
    drop(std::hint::black_box(vec![1u8; bytes]));
}

/// Gives back what `keep_freed_memory` has kept, once loading or a long computation is over: files that
/// were read and weights before they were packed are as large as the networks themselves.
pub fn give_back_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: malloc_trim only releases free pages inside glibc's allocator, which takes its own lock.
        #[allow(unsafe_code)]
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

/// The values of a contiguous f32 tensor on the CPU.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("a contiguous tensor is needed here") };
    match storage {
        CpuStorage::F32(values) => Ok(&values[start..end]),
        other => bail!("f32 is needed here, found {:?}", candle_core::backend::BackendStorage::dtype(other)),
    }
}

/// Whether the operations here serve this tensor; candle's own do otherwise.
pub(super) fn is_fast(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == candle_core::DType::F32 && !is_plain_only()
}

#[cfg(not(test))]
fn is_plain_only() -> bool {
    false
}

#[cfg(test)]
pub(crate) use plain_only::{is_plain_only, plainly};

/// A GPU takes the plain path of every operation; tests take it on the CPU.
#[cfg(test)]
mod plain_only {
    use std::cell::Cell;

    thread_local!(static ONLY: Cell<bool> = const { Cell::new(false) });

    pub fn is_plain_only() -> bool {
        ONLY.get()
    }

    /// Runs `work` as on a device without fast operations.
    pub fn plainly<T>(work: impl FnOnce() -> T) -> T {
        ONLY.set(true);
        let result = work();
        ONLY.set(false);
        result
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use candle_core::{DType, Device, Result, Tensor, Var};

    /// Reproducible values in about -3..3.
    pub fn noise(shape: &[usize], seed: u32) -> Tensor {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as f32 / u32::MAX as f32 * 6.0 - 3.0
            })
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// Asserts that the fast path's gradients are those of the plain path in double precision.
    #[track_caller]
    pub fn check_gradients<const N: usize>(
        inputs: [&Tensor; N],
        op: impl Fn([&Tensor; N]) -> Result<Tensor>,
    ) {
        let gradients = |dtype: DType| {
            let vars = inputs.map(|x| Var::from_tensor(&x.to_dtype(dtype).unwrap()).unwrap());
            let y = op(std::array::from_fn(|i| vars[i].as_tensor())).unwrap();
            let weights = noise(y.dims(), 99).to_dtype(dtype).unwrap();
            let store = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
            vars.map(|var| store.get(&var).unwrap().to_dtype(DType::F32).unwrap())
        };
        let (fast, plain) = (gradients(DType::F32), gradients(DType::F64));
        for (fast, plain) in fast.iter().zip(&plain) {
            let size =
                plain.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            assert_close(fast, plain, 2e-5 * size.max(1.0));
        }
    }

    /// Asserts that gradients are what small differences of the parameters (f64) say, for some values
    /// of each parameter. `loss` computes everything from the parameters anew.
    #[track_caller]
    pub fn check_differences(vars: &[(String, Var)], loss: impl Fn() -> Result<Tensor>) {
        const STEP: f64 = 1e-5;
        let number = || loss().unwrap().to_scalar::<f64>().unwrap();
        let store = loss().unwrap().backward().unwrap();
        for (name, var) in vars {
            let gradient = store.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let gradient = gradient.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let values = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            for i in (0..values.len()).step_by(values.len().div_ceil(5)) {
                let at = |shift: f64| {
                    let mut values = values.clone();
                    values[i] += shift;
                    var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
                    number()
                };
                let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                at(0.0);
                let error = (gradient[i] - expected).abs();
                let found = gradient[i];
                assert!(
                    error < 1e-6 * (1.0 + expected.abs()),
                    "{name}[{i}]: {found}, differences {expected}"
                );
            }
        }
    }

    /// Reproducible parameters of these names and shapes in f64; norms and scales near 1.
    pub fn parameters(shapes: impl IntoIterator<Item = (String, Vec<usize>)>) -> Vec<(String, Var)> {
        let of = |(index, (name, shape)): (usize, (String, Vec<usize>))| {
            let mut values = (noise(&shape, index as u32 + 1).to_dtype(DType::F64).unwrap() * 0.2).unwrap();
            if name.contains("norm") || name.contains("ln_") || name.contains("scale") {
                values = (values + 1.0).unwrap();
            }
            (name, Var::from_tensor(&values).unwrap())
        };
        shapes.into_iter().enumerate().map(of).collect()
    }

    /// The parameters as a network takes them.
    pub fn builder(vars: &[(String, Var)]) -> candle_nn::VarBuilder<'static> {
        let tensors = vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
        candle_nn::VarBuilder::from_tensors(tensors, DType::F64, &Device::Cpu)
    }

    /// A sum in which every value counts differently.
    pub fn weighed(x: &Tensor) -> Result<Tensor> {
        (x * noise(x.dims(), 77).to_dtype(x.dtype())?)?.sum_all()
    }

    /// Asserts that two tensors agree in shape, and in value to `tolerance`.
    #[track_caller]
    pub fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f32) {
        assert_eq!(found.dims(), expected.dims());
        let error = (found - expected).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        let error = error.to_scalar::<f32>().unwrap();
        assert!(error <= tolerance, "largest difference {error}, allowed {tolerance}");
    }
}
