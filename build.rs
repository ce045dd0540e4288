//! Says which FFmpeg the program is built against, where that makes a difference to us.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(ffmpeg_5)");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("DEP_FFMPEG_FFMPEG_5_0").is_ok_and(|is_newer| is_newer == "true") {
        println!("cargo::rustc-cfg=ffmpeg_5");
    }
}
