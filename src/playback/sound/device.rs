//! The system's own speaker, by cpal, where the build has the `sound` feature.

#[cfg(feature = "sound")]
use std::time::Instant;

#[cfg(feature = "sound")]
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};

use super::{Mixer, SoundError, Speaker};

/// The default output device.
pub struct SystemSpeaker {
    #[cfg(feature = "sound")]
    device: cpal::Device,
    #[cfg(feature = "sound")]
    config: cpal::StreamConfig,
    #[cfg(feature = "sound")]
    stream: Option<cpal::Stream>,
}

#[cfg(not(feature = "sound"))]
impl SystemSpeaker {
    pub fn open() -> Result<Self, SoundError> {
        Err(SoundError::NotBuilt)
    }
}

#[cfg(not(feature = "sound"))]
impl Speaker for SystemSpeaker {
    fn rate(&self) -> u32 {
        0
    }

    fn start(&mut self, _: Mixer) -> Result<(), SoundError> {
        Err(SoundError::NotBuilt)
    }
}

#[cfg(feature = "sound")]
impl SystemSpeaker {
    /// May take a while: call from a thread that can wait.
    pub fn open() -> Result<Self, SoundError> {
        let device = cpal::default_host()
            .default_output_device()
            .ok_or_else(|| SoundError::NoDevice { reason: "the system has none".into() })?;
        let config = device.default_output_config().map_err(no_device)?.config();
        Ok(Self { device, config, stream: None })
    }
}

#[cfg(feature = "sound")]
impl Speaker for SystemSpeaker {
    fn rate(&self) -> u32 {
        self.config.sample_rate
    }

    fn start(&mut self, mut mixer: Mixer) -> Result<(), SoundError> {
        let channels = usize::from(self.config.channels);
        // devices that want other samples than floats are converted for by the system's mixer
        let stream = self.device.build_output_stream(
            self.config,
            move |out: &mut [f32], info: &cpal::OutputCallbackInfo| {
                let stamps = info.timestamp();
                let latency = stamps.playback.saturating_duration_since(stamps.callback);
                mixer.fill(out, channels, Instant::now() + latency);
            },
            |error| tracing::warn!(%error, "sound device"),
            None,
        );
        let stream = stream.map_err(no_device)?;
        stream.play().map_err(no_device)?;
        self.stream = Some(stream);
        Ok(())
    }
}

#[cfg(feature = "sound")]
fn no_device(error: cpal::Error) -> SoundError {
    SoundError::NoDevice { reason: error.to_string() }
}
