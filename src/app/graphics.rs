//! Which graphics device draws the window.

use std::sync::Arc;

use eframe::wgpu;
use egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};

/// The options of the window's graphics: everything as egui has it but the choice of the device.
pub(super) fn options() -> WgpuConfiguration {
    let setup = WgpuSetupCreateNew {
        native_adapter_selector: Some(Arc::new(choose)),
        ..WgpuSetupCreateNew::without_display_handle()
    };
    WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..WgpuConfiguration::default() }
}

fn choose(adapters: &[wgpu::Adapter], surface: Option<&wgpu::Surface<'_>>) -> Result<wgpu::Adapter, String> {
    adapters
        .iter()
        .filter(|adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface)))
        .min_by_key(|adapter| {
            let info = adapter.get_info();
            rank(info.device_type, info.backend)
        })
        .cloned()
        .ok_or_else(|| {
            "no graphics driver can draw into a window here: install mesa-vulkan-drivers".to_owned()
        })
}

/// The lowest draws. Where two are equal, the first that wgpu names does.
///
/// Of software drivers OpenGL's comes first: Mesa 22.3's Vulkan in software keeps 1.4 MB for every
/// picture of the window that it presents, its OpenGL nothing, at the same speed.
fn rank(device: wgpu::DeviceType, backend: wgpu::Backend) -> u32 {
    match (device, backend) {
        (wgpu::DeviceType::DiscreteGpu, _) => 0,
        (wgpu::DeviceType::IntegratedGpu, _) => 1,
        (wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other, _) => 2,
        (wgpu::DeviceType::Cpu, wgpu::Backend::Gl) => 3,
        (wgpu::DeviceType::Cpu, _) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::{Backend, DeviceType};

    #[test]
    fn hardware_comes_before_software_and_opengl_first_among_that() {
        let found = [
            (DeviceType::Cpu, Backend::Vulkan),
            (DeviceType::Cpu, Backend::Gl),
            (DeviceType::IntegratedGpu, Backend::Vulkan),
            (DeviceType::DiscreteGpu, Backend::Vulkan),
            (DeviceType::DiscreteGpu, Backend::Gl),
        ];
        let best =
            |n: usize| *found[..n].iter().min_by_key(|(device, backend)| rank(*device, *backend)).unwrap();
        assert_eq!(best(1), (DeviceType::Cpu, Backend::Vulkan));
        assert_eq!(best(2), (DeviceType::Cpu, Backend::Gl));
        assert_eq!(best(3), (DeviceType::IntegratedGpu, Backend::Vulkan));
        assert_eq!(best(5), (DeviceType::DiscreteGpu, Backend::Vulkan));
    }
}
