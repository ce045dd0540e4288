//! A graphics device without a window.

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(
        "no graphics device was found ({0}); install a Vulkan driver, `mesa-vulkan-drivers` draws in software"
    )]
    NoDevice(String),
    #[error("the picture could not be read back from the graphics device: {0}")]
    Readback(String),
}

pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
}

impl Gpu {
    /// Any device that draws; software is fine.
    pub fn headless() -> Result<Self, RenderError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let options = wgpu::RequestAdapterOptions::default();
        let adapter =
            block_on(instance.request_adapter(&options)).map_err(|e| RenderError::NoDevice(e.to_string()))?;
        let info = adapter.get_info();
        let descriptor =
            wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..wgpu::DeviceDescriptor::default() };
        let (device, queue) = block_on(adapter.request_device(&descriptor))
            .map_err(|e| RenderError::NoDevice(e.to_string()))?;
        Ok(Self { device, queue, info })
    }

    /// Name, kind and driver, for a bug report.
    pub fn describe(&self) -> String {
        let i = &self.info;
        format!("{} ({:?}, {:?}, {})", i.name, i.backend, i.device_type, i.driver_info)
    }
}

/// wgpu's native requests are ready at once; an executor would only be another dependency.
fn block_on<F: std::future::Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
