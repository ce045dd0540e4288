//! One integration binary, so that ffmpeg, candle and wgpu are linked once.

mod architecture;
mod cli;
mod demo;
mod parity;
mod support;
mod video;
mod view;
