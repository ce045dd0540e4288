//! Sound is where the pictures are: bursts of a tone at known times, through files and the player.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gazenlq::job::no_wake;
use gazenlq::playback::{Mixer, PlaybackCommand, Player, SoundError, Speaker};
use gazenlq::time::MediaTime;
use gazenlq::video::{SoundBlock, SoundReader, VideoError, VideoReader, samples_long};

const RATE: u32 = 48_000;
/// Between the beginnings of two bursts, each of which lasts a tenth of it.
const PERIOD: f64 = 0.5;

/// A clip of six seconds; `input` goes before the sound's input, `encode` before the output.
fn clip(dir: &Path, name: &str, source: &str, input: &[&str], encode: &[&str]) -> Option<PathBuf> {
    let out = dir.join(name);
    let sound = format!("aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,{PERIOD}),{PERIOD}/10)':d=6:{source}");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=30:duration=6"])
        .args(input)
        .args(["-f", "lavfi", "-i", &sound])
        .args(encode)
        .arg(&out)
        .status();
    let Ok(status) = status else {
        println!("skipped: no ffmpeg program on this machine");
        return None;
    };
    assert!(status.success(), "{name}");
    Some(out)
}

fn blocks(reader: &mut SoundReader) -> Vec<SoundBlock> {
    std::iter::from_fn(|| reader.next_block()).collect()
}

/// Seconds at which the sound rises out of 20 ms or more of quiet.
fn onsets(blocks: &[SoundBlock], rate: u32) -> Vec<f64> {
    let (mut found, mut heard_at) = (Vec::new(), f64::MIN);
    for block in blocks {
        for (n, [left, right]) in block.samples.iter().enumerate() {
            if left.abs().max(right.abs()) > 0.2 {
                let at = (block.time + samples_long(n as u64, rate)).secs();
                if at - heard_at > 0.02 {
                    found.push(at);
                }
                heard_at = at;
            }
        }
    }
    found
}

struct Case {
    name: &'static str,
    source: &'static str,
    /// Goes before the sound's input.
    input: &'static [&'static str],
    codec: &'static str,
    /// Seconds by which codec and resampler may move the rise of a burst.
    smear: f64,
    /// When the first burst begins, after the first picture.
    shift: f64,
}

#[test]
fn bursts_are_read_where_the_file_has_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let x264 = ["-c:v", "libx264", "-g", "150", "-bf", "2", "-pix_fmt", "yuv420p"];
    let plain = |name, source, codec, smear| Case { name, source, input: &[], codec, smear, shift: 0.0 };
    let cases = [
        plain("pcm.mkv", "s=48000:c=stereo", "pcm_s16le", 0.0003),
        plain("mono.avi", "s=22050:c=mono", "pcm_s16le", 0.0006),
        Case {
            name: "late.mkv",
            source: "s=44100:c=stereo",
            input: &["-itsoffset", "0.7"],
            codec: "pcm_s16le",
            smear: 0.001,
            shift: 0.7,
        },
        plain("aac.mp4", "s=44100:c=stereo", "aac", 0.004),
        plain("surround.mkv", "s=48000:c=5.1", "flac", 0.0003),
        plain("mp2.ts", "s=48000:c=stereo", "mp2", 0.006),
    ];
    for Case { name, source, input, codec, smear, shift } in cases {
        let mut encode = x264.to_vec();
        encode.extend(["-c:a", codec]);
        let Some(path) = clip(dir.path(), name, source, input, &encode) else { return };
        let mut reader = SoundReader::open(&path, RATE).expect("opens");
        // a broadcast's clock starts with its sound, which the encoder's padding begins earlier
        let pictures_begin = VideoReader::open(&path).expect("opens").table().first_time().secs();
        let all = blocks(&mut reader);
        let found = onsets(&all, RATE);
        assert_eq!(found.len(), 12, "{name}: {found:?}");
        for (n, at) in found.iter().enumerate() {
            let expected = n as f64 * PERIOD + shift + pictures_begin;
            assert!((at - expected).abs() < smear, "{name}: burst {n} at {at:.5}, expected {expected}");
        }
        // Matroska's stamps are whole milliseconds, and a seek has nothing finer to start from
        let rounding = if name.ends_with("mkv") { 0.0005 } else { 0.0 };
        for from in [0.0, 3.26, 0.1, 5.26, 1.26] {
            reader.seek(MediaTime::from_secs(from));
            let rest = blocks(&mut reader);
            assert!(rest[0].time.secs() > from - 0.001, "{name} from {from}: {}", rest[0].time);
            let whole: Vec<f64> = found.iter().copied().filter(|at| *at > from - smear).collect();
            let seen = onsets(&rest, RATE);
            assert_eq!(seen.len(), whole.len(), "{name} from {from}: {seen:?}");
            for (ours, whole) in seen.iter().zip(&whole) {
                assert!((ours - whole).abs() < smear + rounding, "{name} from {from}: {ours} and {whole}");
            }
        }
    }
}

#[test]
fn a_seek_gives_the_very_samples_that_reading_gives() {
    let dir = tempfile::tempdir().expect("a folder");
    let encode = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac"];
    let Some(path) = clip(dir.path(), "flac.mkv", "s=48000:c=stereo", &[], &encode) else { return };
    let mut reader = SoundReader::open(&path, RATE).expect("opens");
    let whole: Vec<[f32; 2]> = blocks(&mut reader).into_iter().flat_map(|b| b.samples).collect();
    assert_eq!(whole.len(), 6 * RATE as usize);
    for from in [4.0, 0.01, 2.53] {
        reader.seek(MediaTime::from_secs(from));
        let got = blocks(&mut reader);
        let first = (got[0].time.secs() * f64::from(RATE)).round() as usize;
        // Matroska rounds stamps to milliseconds
        assert!(first.abs_diff((from * f64::from(RATE)) as usize) <= 48, "{first}");
        let samples: Vec<[f32; 2]> = got.into_iter().flat_map(|b| b.samples).collect();
        let start = whole.len() - samples.len();
        assert!(start.abs_diff(first) <= 48, "{start} {first}");
        assert_eq!(samples, whole[start..], "from {from}");
    }
}

#[test]
fn a_file_without_sound_says_what_it_has() {
    let path = crate::support::project("tests/fixtures/clips/h264_bframes.mp4");
    let error = SoundReader::open(&path, RATE).err().expect("there is no sound in it");
    assert!(matches!(error, VideoError::NoSoundStream { .. }), "{error}");
    assert!(error.to_string().starts_with("there is no sound in this file, only video"), "{error}");
}

/// Notes what is heard and when.
struct Ear {
    heard: Arc<Mutex<Vec<(Instant, f32)>>>,
    is_closed: Arc<AtomicBool>,
}

impl Speaker for Ear {
    fn rate(&self) -> u32 {
        RATE
    }

    fn start(&mut self, mut mixer: Mixer) -> Result<(), SoundError> {
        let (heard, is_closed) = (Arc::clone(&self.heard), Arc::clone(&self.is_closed));
        std::thread::spawn(move || {
            let mut next = Instant::now();
            while !is_closed.load(Ordering::Relaxed) {
                let mut out = vec![0.0; RATE as usize / 100];
                mixer.fill(&mut out, 1, next);
                let mut heard = heard.lock().expect("no panic");
                heard.extend(
                    out.iter()
                        .enumerate()
                        .map(|(n, s)| (next + Duration::from_secs_f64(n as f64 / 48e3), *s)),
                );
                drop(heard);
                next = Instant::now().max(next + Duration::from_millis(10));
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Ok(())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// Ticks for so long; pairs of wall and media time of each tick.
fn play_for(player: &mut Player, start: Instant, secs: f64) -> Vec<(Instant, MediaTime)> {
    let mut ticks = Vec::new();
    let until = Instant::now() + Duration::from_secs_f64(secs);
    while Instant::now() < until {
        let now = Instant::now();
        player.tick((now - start).as_secs_f64());
        ticks.push((now, player.time()));
        std::thread::sleep(Duration::from_millis(8));
    }
    ticks
}

#[test]
fn the_player_is_heard_where_it_is_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let encode = ["-c:v", "libx264", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    let Some(path) = clip(dir.path(), "played.mp4", "s=44100:c=stereo", &[], &encode) else { return };
    let mut player = Player::open(&path, no_wake()).expect("opens");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Ear { heard: Arc::clone(&heard), is_closed: Arc::new(AtomicBool::new(false)) };
    player.set_sound_with(true, move || Ok(ear));
    let start = Instant::now();
    let wall = || start.elapsed().as_secs_f64();
    play_for(&mut player, start, 0.5);
    let loudest = |from: usize| {
        let heard = heard.lock().expect("no panic");
        heard[from..].iter().map(|(_, s)| s.abs()).fold(0.0, f32::max)
    };
    assert_eq!(loudest(0), 0.0, "a clip at rest is silent");
    player.apply(PlaybackCommand::Play, wall());
    let mut ticks = play_for(&mut player, start, 2.0);
    player.apply(PlaybackCommand::Seek(MediaTime::from_secs(4.1)), wall());
    ticks.extend(play_for(&mut player, start, 1.3));
    player.apply(PlaybackCommand::SetRate(2.0), wall());
    play_for(&mut player, start, 0.05);
    let at_double = heard.lock().expect("no panic").len();
    play_for(&mut player, start, 0.2);
    assert!(loudest(at_double + RATE as usize / 50) < 1e-3, "only normal speed is heard");

    let heard = heard.lock().expect("no panic");
    let mut quiet_since = None;
    let mut bursts = Vec::new();
    for (at, sample) in heard.iter() {
        if sample.abs() > 0.2 {
            if quiet_since.is_none_or(|since| *at > since + Duration::from_millis(20)) {
                bursts.push(*at);
            }
            quiet_since = Some(*at);
        }
    }
    assert!(bursts.len() >= 4, "{} bursts in 3.3 s", bursts.len());
    for burst in bursts {
        let Some((_, seen)) = ticks.iter().rev().find(|(at, _)| *at <= burst) else { continue };
        // a jump may land inside a burst, which then begins late
        let into = seen.secs().rem_euclid(PERIOD);
        let off = into.min(PERIOD - into);
        assert!(off < 0.12, "a burst was heard while the clock showed {seen}");
    }
}

#[test]
fn a_speaker_that_cannot_be_opened_is_said_once_and_sound_is_off_again() {
    let path = crate::support::project("tests/fixtures/clips/h264_bframes.mp4");
    let mut player = Player::open(&path, no_wake()).expect("opens");
    player.set_sound_with(true, || Err::<Ear, _>(SoundError::NoDevice { reason: "none here".into() }));
    let failure = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(2));
        player.take_sound_failure()
    });
    let text = failure.expect("a failure").to_string();
    assert!(text.starts_with("no sound device could be opened (none here)"), "{text}");
    assert!(!player.has_sound() && player.take_sound_failure().is_none());
}
