//! Recordings in the clock and the size that their exporters gave them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gazenlq::gaze::recording::{self, LoadContext, Loaded};
use gazenlq::gaze::{GazeFormat, GazeState};
use gazenlq::job::{JobCtx, no_wake};
use gazenlq::time::MediaTime;
use tempfile::TempDir;

/// A folder with these files, and the path of the first.
fn folder(files: &[(&str, String)]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let first = dir.path().join(files[0].0);
    (dir, first)
}

/// A clip of 30 pictures a second.
fn pictures(count: i64) -> Vec<MediaTime> {
    (0..count).map(|i| MediaTime::from_nanos(i * 1_000_000_000 / 30)).collect()
}

fn load(path: &Path, times: &[MediaTime], display_size: Option<[u32; 2]>) -> Loaded {
    let context = LoadContext {
        display_size,
        frame_times: Some(times),
        duration: times.last().copied(),
        ..LoadContext::default()
    };
    recording::load(path, &context, &JobCtx::detached()).unwrap()
}

fn millis(loaded: &Loaded) -> Vec<f64> {
    loaded.track.samples.iter().map(|s| (s.time.secs() * 1e4).round() / 10.0).collect()
}

const EPOCH: i64 = 1_712_345_678_901_234_567;

#[test]
fn a_neon_export_follows_the_scene_cameras_own_pictures() {
    // the camera runs at 25 a second, the mp4 claims 30, and half a second is missing after the fourth
    let stamp = |i: i64| EPOCH + i * 40_000_000 + if i > 3 { 500_000_000 } else { 0 };
    let mut world = "section id,recording id,timestamp [ns]\n".to_owned();
    (0..8).for_each(|i| writeln!(world, "a,b,{}", stamp(i)).unwrap());
    let mut gaze =
        "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id\n"
            .to_owned();
    let mut row = |at: i64, rest: &str| writeln!(gaze, "a,b,{at},{rest}").unwrap();
    row(stamp(1), "800.0,600.0,1.0,1,");
    row(stamp(2) + 20_000_000, "400.0,300.0,True,,");
    row(stamp(3) + 250_000_000, "800.0,600.0,1.0,,");
    row(stamp(6), "1700.0,600.0,1.0,,");
    row(stamp(7), "800.0,600.0,1.0,,3");
    let (_dir, path) = folder(&[("gaze.csv", gaze), ("world_timestamps.csv", world)]);
    // the clip was scaled down; pixels are the camera's
    let loaded = load(&path, &pictures(8), Some([800, 600]));
    assert_eq!(millis(&loaded), [33.3, 83.3, 200.0, 233.3]);
    let states: Vec<_> = loaded.track.samples.iter().map(|s| s.state).collect();
    use GazeState::{OutOfFrame, Tracked, Untracked};
    assert_eq!(states, [Tracked, Tracked, OutOfFrame, Untracked]);
    assert_eq!(loaded.track.samples[1].pos, [0.25, 0.25]);
    assert!(loaded.warnings.iter().any(|w| w.starts_with("1 of 5 gaze samples")), "{:?}", loaded.warnings);
}

fn pupil_rows(first_frame: i64, count: i64) -> String {
    let mut text = "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data\n".to_owned();
    for i in 0..count {
        let (time, frame) = (71234.5 + i as f64 / 120.0, first_frame + i / 4);
        writeln!(text, "{time:.6},{frame},0.97,0.25,0.25,x").unwrap();
    }
    text
}

#[test]
fn a_pupil_export_of_the_whole_recording_starts_with_its_first_picture() {
    let (_dir, path) = folder(&[("gaze_positions.csv", pupil_rows(3, 40))]);
    let loaded = load(&path, &pictures(60), None);
    assert_eq!(loaded.track.samples[0].time, MediaTime::from_millis(100));
    assert_eq!(loaded.track.samples[0].pos, [0.25, 0.75]);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_pupil_export_of_a_part_counts_from_the_whole() {
    let info = "key,value\nPlayer Software Version,3.5\nFrame Index Range:,2998 - 3020\n".to_owned();
    let rows = || ("gaze_positions.csv", pupil_rows(3000, 40));
    let (_dir, path) = folder(&[rows(), ("export_info.csv", info)]);
    let loaded = load(&path, &pictures(30), None);
    assert_eq!(millis(&loaded)[0], 66.7);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    // without the note on the export the first sample is the clip's start, and that is said
    let (_dir, path) = folder(&[rows()]);
    let loaded = load(&path, &pictures(30), None);
    assert_eq!(millis(&loaded)[0], 0.0);
    assert!(loaded.warnings[0].contains("taken for a part"), "{:?}", loaded.warnings);
}

#[test]
fn a_pupil_export_with_picture_times_uses_them() {
    let mut world = "# timestamps [seconds],pts\n".to_owned();
    (0..30).for_each(|i| writeln!(world, "{},{i}", 71234.4 + f64::from(i) / 30.0).unwrap());
    let (_dir, path) =
        folder(&[("gaze_positions.csv", pupil_rows(3000, 8)), ("world_timestamps.csv", world)]);
    assert_eq!(millis(&load(&path, &pictures(30), None))[0], 100.0);
}

#[test]
fn projected_aria_gaze_counts_frames_or_runs_on_the_device() {
    let frames = "frame_num,x,y\n2,704,352\n3,2000,10\n400,1,1\n".to_owned();
    let (_dir, path) = folder(&[("general_eye_gaze_2d.csv", frames)]);
    // a square clip that was scaled down from the sensor's 1408
    let loaded = load(&path, &pictures(30), Some([448, 448]));
    assert_eq!(loaded.track.format, GazeFormat::EgoExo4d);
    assert_eq!(millis(&loaded), [66.7, 100.0]);
    assert_eq!(loaded.track.samples[0].pos, [0.5, 0.25]);
    assert_eq!(loaded.track.samples[1].state, GazeState::OutOfFrame);

    let stamped = "timestamp_ns,x,y\n5000000000,704,352\n5100000000,704,352\n".to_owned();
    let (_dir, path) = folder(&[("gaze.csv", stamped)]);
    let loaded = load(&path, &pictures(30), Some([1408, 1408]));
    assert_eq!(millis(&loaded), [0.0, 100.0]);
    assert!(loaded.warnings[0].contains("clock"), "{:?}", loaded.warnings);
}

#[test]
fn an_egtea_clip_takes_its_part_of_the_session() {
    let mut text = "## [BeGaze]\n## Number of Samples:\t9\n".to_owned();
    text.push_str("Time\tType\tTrial\tL POR X [px]\tL POR Y [px]\tFrame\tL Event Info\n");
    for frame in 95..104 {
        writeln!(text, "1\tSMP\t1\t640.0\t240.0\t{frame}\tFixation").unwrap();
    }
    let (_dir, path) = folder(&[("OP01-R01-PastaSalad.txt", text)]);
    let times = pictures(3);
    let video = Path::new("OP01-R01-PastaSalad-4125-4250-F000099-F000101.mp4");
    let context = LoadContext { frame_times: Some(&times), video: Some(video), ..LoadContext::default() };
    let loaded = recording::load(&path, &context, &JobCtx::detached()).unwrap();
    assert_eq!(millis(&loaded), [0.0, 33.3, 66.7]);
    assert_eq!(loaded.track.samples[0].pos, [0.5, 0.25]);
}

#[test]
fn gaze_of_another_time_is_said_to_be_elsewhere() {
    let text = "component_timestamp_s,norm_pos_x,norm_pos_y\n900.0,0.5,0.5\n900.1,0.5,0.5\n".to_owned();
    let (_dir, path) = folder(&[("gaze.csv", text)]);
    let loaded = load(&path, &pictures(30), None);
    assert!(loaded.warnings[0].contains("another recording"), "{:?}", loaded.warnings);
}

#[test]
fn gaze_of_a_small_part_of_the_clip_is_said_to_be_that() {
    let text = "component_timestamp_s,norm_pos_x,norm_pos_y\n0.0,0.5,0.5\n0.1,0.5,0.5\n".to_owned();
    let (_dir, path) = folder(&[("gaze.csv", text)]);
    let loaded = load(&path, &pictures(300), None);
    assert!(loaded.warnings[0].contains("only 1 % of the clip"), "{:?}", loaded.warnings);
    assert!(load(&path, &pictures(4), None).warnings.is_empty());
}

/// Writes a table as long as eleven hours at 250 Hz.
fn ten_million_rows(path: &Path) {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "component_idx,component_timestamp_s,canonical_timestamp_s,world_index,confidence,norm_pos_x,norm_pos_y,base_data").unwrap();
    for i in 0..10_000_000u32 {
        let (secs, x) = (f64::from(i) * 0.004, f64::from(i % 1000) / 1000.0);
        writeln!(file, "0,{secs:.3},{secs:.3},7311.0,1.0,{x:.3},0.4010,").unwrap();
    }
}

#[test]
fn ten_million_rows_load_in_seconds_and_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gaze.csv");
    ten_million_rows(&path);
    let start = Instant::now();
    let loaded = recording::load(&path, &LoadContext::default(), &JobCtx::detached()).unwrap();
    let secs = start.elapsed().as_secs_f64();
    let samples = &loaded.track.samples;
    assert_eq!(samples.len(), 10_000_000);
    assert!(secs < 20.0, "{secs} s");
    // the samples alone are 229 MiB; room for twice as many would have been needed on the way
    let held = samples.capacity() * size_of_val(&samples[0]) / (1 << 20);
    assert!(held < 300, "{held} MiB");
    drop(loaded);

    // a cancel is noticed at once, and the progress shown before it is right
    let ctx = JobCtx::with_wake(no_wake());
    let (result, waited) = std::thread::scope(|scope| {
        let job = scope.spawn(|| recording::load(&path, &LoadContext::default(), &ctx));
        while ctx.progress().done == 0 {
            std::thread::yield_now();
        }
        let progress = ctx.progress();
        assert!(progress.fraction().is_some_and(|f| f > 0.0 && f < 1.0), "{progress:?}");
        let asked = Instant::now();
        ctx.cancel();
        (job.join().unwrap(), asked.elapsed())
    });
    assert!(result.unwrap_err().to_string().contains("cancelled"));
    assert!(waited.as_secs_f64() < 1.0, "{waited:?}");
}
