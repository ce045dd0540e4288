//! The `gazenlq` program: a window, or one headless command.

use std::process::ExitCode;

use clap::Parser as _;
use gazenlq::cli::Args;

fn main() -> ExitCode {
    gazenlq::nn::ops::keep_freed_memory();
    let mut args = Args::parse();
    match args.command.take() {
        Some(command) => {
            gazenlq::logging::start(None);
            gazenlq::cli::run(command)
        }
        None => gazenlq::cli::open_window(args),
    }
}
