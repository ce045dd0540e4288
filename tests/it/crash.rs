//! A person annotates, and the program is killed at a random moment: nothing that was completed is
//! lost, and the project opens.
//!
//! The child is this test program itself, told by an environment variable what to do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gazenlq::project::{
    Edit, GazeFix, GazeFixKind, Id, Judgement, Marker, MarkerColour, Moment, Project, Query, QueryKey,
    Verdict, Workspace,
};
use gazenlq::time::{MediaTime, TimeRange};

const FOLDER: &str = "GAZENLQ_TEST_CRASH_FOLDER";
const SEED: &str = "GAZENLQ_TEST_CRASH_SEED";
/// Gestures of a session; a child is usually killed long before the last.
const GESTURES: u64 = 4000;

fn noise(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0xD1B5_4A32_D192_ED03);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

fn span(seed: u64) -> TimeRange {
    let start = MediaTime::from_millis((noise(seed) % 400_000) as i64);
    TimeRange::new(start, start + MediaTime::from_millis((noise(seed + 1) % 20_000) as i64 + 100))
}

/// One gesture of the script. The same seed and number do the same to the same project.
fn gesture(work: &mut Workspace, seed: u64, number: u64) {
    let z = noise(seed.wrapping_mul(1_000_003) + number);
    let author = "ann".to_owned();
    let new = Id(z);
    let moment = Moment { id: Id(z ^ 1), range: span(z), author: author.clone() };
    let key = QueryKey { clip_uid: "clip".into(), annotation_uid: "a".into(), query_idx: (z % 50) as usize };
    let queries: Vec<&Query> = work.project().queries.iter().collect();
    let some = queries.get(z as usize % queries.len().max(1)).map(|q| (q.id, q.moments.clone()));
    let (text, clip) = (format!("Where is object {number}?"), "clip".to_owned());
    match (z >> 8) % 12 {
        0 | 1 => {
            let query =
                Query { id: new, clip, origin: None, text, template: None, author, moments: vec![moment] };
            work.apply(Edit::AddQuery(query)).expect("a new query");
        }
        2 => {
            // a drag: many steps, one gesture
            if let Some((query, moments)) = some
                && let Some(first) = moments.first()
            {
                work.begin_gesture("drag");
                for step in 0..20 {
                    let edit = Edit::SetMoment { query, moment: first.id, range: span(z + step) };
                    work.apply(edit).expect("is there");
                }
                work.end_gesture().expect("is written");
            }
        }
        3 => {
            if let Some((query, _)) = some {
                work.apply(Edit::AddMoment { query, moment }).expect("a new moment");
            }
        }
        4 => {
            if let Some((query, moments)) = some
                && let Some(first) = moments.first()
            {
                let (start, end) = (first.range.start(), first.range.end());
                let at = MediaTime::from_nanos(i64::midpoint(start.nanos(), end.nanos()));
                let _ = work.apply(Edit::SplitMoment { query, moment: first.id, at, second: Id(z ^ 2) });
            }
        }
        5 => {
            let judgement = Judgement {
                verdict: Some(Verdict::ALL[(z >> 16) as usize % 4]),
                note: format!("note {number}"),
                ..Judgement::empty(key, author)
            };
            work.apply(Edit::Judge(judgement)).expect("always fits");
        }
        6 => {
            let what = GazeFixKind::Point { time: span(z).start(), pos: [0.25, 0.5] };
            work.apply(Edit::PutGazeFix(GazeFix { id: new, source: Id(7), author, what }))
                .expect("always fits");
        }
        7 => {
            let colour = MarkerColour::ALL[(z >> 16) as usize % 6];
            let marker = Marker { id: new, clip, time: span(z).start(), colour, label: text, author };
            work.apply(Edit::PutMarker(marker)).expect("always fits");
        }
        8 => drop(work.undo().expect("is written")),
        9 => drop(work.redo().expect("is written")),
        10 => {
            if let Some((query, moments)) = some
                && let [first, second, ..] = moments.as_slice()
            {
                let edit = Edit::JoinMoments { query, first: first.id, second: second.id };
                work.apply(edit).expect("both are there");
            }
        }
        _ => drop(work.save().expect("is written")),
    }
}

fn start(folder: &Path) -> (Workspace, PathBuf) {
    let path = folder.join("study.gazenlq.json");
    let mut work = Workspace::in_memory(Project::new("ann"));
    work.save_as(&path).unwrap();
    (work, path)
}

/// What the child does; without its orders it is no test.
#[test]
#[ignore = "the process that the kill test starts and kills"]
fn annotate_until_killed() {
    let (Some(folder), Ok(seed)) = (std::env::var_os(FOLDER), std::env::var(SEED)) else { return };
    let seed: u64 = seed.parse().unwrap();
    let (mut work, _) = start(Path::new(&folder));
    let mut out = std::io::stdout().lock();
    // the test harness may have begun a line
    writeln!(out, "\nbegun").unwrap();
    for number in 0..GESTURES {
        gesture(&mut work, seed, number);
        // completed: from here on it must survive
        writeln!(out, "done {number}").unwrap();
        out.flush().unwrap();
    }
}

/// Kills one session and says how many of its gestures had been completed.
fn kill_one(seed: u64) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::annotate_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, dir.path())
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    // the reader sees everything that was said before the end
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.filter_map(|l| l.strip_prefix("done ").and_then(|n| n.parse::<u64>().ok())).last()
    });
    let path = dir.path().join("study.gazenlq.json");
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the session does not start");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_micros(noise(seed) % 60_000));
    child.kill().unwrap();
    child.wait().unwrap();
    let done = reader.join().unwrap().map_or(0, |number| number + 1);

    let (opened, recovery) = Workspace::open(&path).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let found = recovery.as_ref().map_or_else(|| opened.project().clone(), |r| r.project().clone());
    // the same script without a crash; the gesture in progress may have been completed as well
    let again = tempfile::tempdir().unwrap();
    let (mut work, _) = start(again.path());
    (0..done).for_each(|number| gesture(&mut work, seed, number));
    let before = work.project().clone();
    gesture(&mut work, seed, done);
    assert!(
        found == before || found == *work.project(),
        "seed {seed}: {done} gestures were completed, and what was found is neither after these nor after one more"
    );
    done
}

fn kill_many(count: u64) {
    let first = u64::from(std::process::id()) << 16;
    let done: Vec<u64> = (0..count).map(|i| kill_one(first + i)).collect();
    let (least, most) = (done.iter().min().unwrap(), done.iter().max().unwrap());
    println!("{count} kills after {least} to {most} gestures, {} in all", done.iter().sum::<u64>());
    assert!(*most > 0, "every session was killed before its first gesture");
}

#[test]
fn a_kill_loses_no_completed_gesture() {
    kill_many(20);
}

#[test]
#[ignore = "takes a while: 200 kills"]
fn two_hundred_kills_lose_no_completed_gesture() {
    kill_many(200);
}
