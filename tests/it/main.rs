//! One integration binary, so that ffmpeg, candle and wgpu are linked once.

mod demo;
