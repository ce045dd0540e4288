//! The device that networks run on: the first NVIDIA GPU where this program is built for one and the
//! machine has its driver and libraries, else the CPU.

use std::sync::OnceLock;

use candle_core::Device;

use super::ops;

struct Choice {
    device: Device,
    name: String,
}

/// Chosen once: tensors of two devices do not mix, even if both stand for the same GPU.
fn choice() -> &'static Choice {
    static CHOICE: OnceLock<Choice> = OnceLock::new();
    CHOICE.get_or_init(|| {
        ops::keep_freed_memory();
        match gpu() {
            Some(Ok(device)) => Choice { device, name: "NVIDIA GPU".to_owned() },
            Some(Err(why)) => {
                tracing::info!("networks run on the CPU: {why}");
                Choice { device: Device::Cpu, name: format!("CPU ({why})") }
            }
            None => Choice { device: Device::Cpu, name: "CPU".to_owned() },
        }
    })
}

pub fn device() -> Device {
    choice().device.clone()
}

/// The device in words, and why it is no GPU where it could be one.
pub fn device_name() -> &'static str {
    &choice().name
}

/// `None` if this program is not built for GPUs.
#[cfg(not(feature = "cuda"))]
fn gpu() -> Option<Result<Device, String>> {
    None
}

#[cfg(feature = "cuda")]
fn gpu() -> Option<Result<Device, String>> {
    // the bindings panic where a library is absent, so they are asked only if none is
    if let Some((_, what)) = LIBRARIES.iter().find(|(name, _)| !is_present(name)) {
        return Some(Err(format!("{what} is not on this machine")));
    }
    let device = std::panic::catch_unwind(|| Device::new_cuda(0));
    let device = device.unwrap_or_else(|_| candle_core::bail!("the driver does not fit this program"));
    Some(device.map_err(|error| {
        let error = error.to_string();
        format!("no usable NVIDIA GPU: {}", error.lines().next().unwrap_or_default())
    }))
}

/// What the networks need of CUDA, in the order in which it is most likely to be absent.
#[cfg(feature = "cuda")]
const LIBRARIES: [(&str, &str); 5] = [
    ("cuda", "NVIDIA's driver (libcuda)"),
    ("cublas", "a part of CUDA (libcublas)"),
    ("cublasLt", "a part of CUDA (libcublasLt)"),
    ("curand", "a part of CUDA (libcurand)"),
    ("nvrtc", "a part of CUDA (libnvrtc)"),
];

/// Whether a library can be loaded under one of the names that the bindings try.
#[cfg(all(feature = "cuda", unix))]
fn is_present(name: &str) -> bool {
    ["", ".13", ".12", ".11", ".10", ".1"].iter().any(|version| {
        // SAFETY: loading runs the library's own start code, which is NVIDIA's and made for that. It is
        // the same file that the bindings load next.
        #[allow(unsafe_code)]
        unsafe { libloading::Library::new(format!("lib{name}.so{version}")) }.is_ok()
    })
}

#[cfg(all(feature = "cuda", not(unix)))]
fn is_present(_: &str) -> bool {
    true
}
