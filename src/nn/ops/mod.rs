//! Fast inference operations for the CPU, each with a plain candle path for other devices.
//!
//! candle's own CPU kernels lose most of their time in scalar `exp` and `erf`, a slow im2col and
//! extra passes over memory. These fuse bias and activation into the product, keep attention
//! scores in cache, and use AVX2 with FMA where the processor has it (asked at run time).
//! They are for inference: none has a backward pass.

mod attention;
mod band;
mod conv;
mod elementwise;
mod gemm;
mod linear;
mod norm;
mod packed;
mod scratch;
mod simd;
mod temporal;

pub use attention::{Sees, attention, attention_between, attention_weights};
pub use band::band_attention;
pub use conv::{Conv, Padding, conv2d};
pub use elementwise::{Activation, activate};
pub use linear::linear;
pub use norm::layer_norm;
pub use packed::Packed;
pub use temporal::{DepthwiseNorm, Extent, Pads, max_pool_half, residual, unfold};

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
mod testing {
    use candle_core::{Device, Tensor};

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

    /// Asserts that two tensors agree in shape, and in value to `tolerance`.
    #[track_caller]
    pub fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f32) {
        assert_eq!(found.dims(), expected.dims());
        let error = (found - expected).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        let error = error.to_scalar::<f32>().unwrap();
        assert!(error <= tolerance, "largest difference {error}, allowed {tolerance}");
    }
}
