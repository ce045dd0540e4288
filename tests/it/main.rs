//! One integration binary, so that ffmpeg, candle and wgpu are linked once.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says why it skips"
)]

mod annotate;
mod architecture;
mod checkpoints;
mod cli;
mod crash;
mod dataset;
mod demo;
mod failures;
mod gaze;
mod gaze_clocks;
mod gaze_numbers;
mod groundnlq;
mod gui;
mod mutations;
mod nlq_data;
mod nlq_run;
mod nlq_split;
mod parity;
mod projects;
mod render;
mod shaders;
mod sound;
mod support;
mod synth;
mod synthetic_demo;
mod training;
mod training_page;
mod video;
mod view;
mod whole_path;
mod workbench;
