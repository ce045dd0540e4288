//! Evidence on disk, named by the clip's content and by CLIP's weights: computed once, whatever the file
//! is called, and never taken for what other weights would say.
//!
//! A file of records of fixed size, each with its checksum, to which new ones are appended: a
//! clip of hours costs a few megabytes a minute to keep, and a crash loses the last record at most.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use half::f16;

use super::clip_image::EMBED_DIM;
use super::evidence::{FrameEvidence, PLACES, Places, TAGS_KEPT, TagEvidence, TagView};
use crate::gaze::{GRID, Heatmap};
use crate::time::{FrameIdx, MediaTime};

/// Names networks and layout; a change makes old files unread.
const VERSION: &str = "light-2";
const MAGIC: &[u8; 16] = b"gazenlq light 2\n";
const MAP_LEN: usize = GRID * GRID;
/// Frame number and time.
const STAMP: usize = 4 + 8;
const FRAME_LEN: usize = STAMP + EMBED_DIM * 2 + PLACES * EMBED_DIM + MAP_LEN * 2;
const TAGS_LEN: usize = STAMP + 2 * TAGS_KEPT * 4;
const FRAME_KIND: u8 = 1;
const TAGS_KIND: u8 = 2;

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    Frame(FrameEvidence),
    Tags(TagEvidence),
}

/// Whose evidence it is.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub clip_id: &'a str,
    /// Of CLIP's image tower.
    pub weights: u32,
}

/// Where this machine keeps the evidence of a clip.
fn file_of(key: Key) -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "gazenlq")?;
    let root = std::env::var_os("GAZENLQ_CACHE").map_or_else(|| dirs.cache_dir().to_owned(), PathBuf::from);
    let Key { clip_id, weights } = key;
    Some(root.join("features").join(format!("{clip_id}-{VERSION}-{weights:08x}.evidence")))
}

/// Hands over what was kept earlier, record by record, up to the first damaged one.
pub fn load(key: Key, mut each: impl FnMut(Kept)) {
    if let Some(file) = file_of(key).and_then(|path| File::open(path).ok()) {
        let _ = read_records(BufReader::new(file), &mut each); // where it stops, computing goes on
    }
}

/// Appends records to the file of one clip. Only one process appends at a time.
pub struct Writer(File);

impl Writer {
    /// `None` when another process keeps the same clip's evidence just now.
    pub fn open(key: Key) -> io::Result<Option<Self>> {
        let Some(path) = file_of(key) else { return Ok(None) };
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        // what follows a damaged record cannot be read, so it goes
        let mut good = read_records(BufReader::new(&file), &mut |_| {})?;
        if good == 0 {
            file.rewind()?;
            file.write_all(MAGIC)?;
            good = MAGIC.len() as u64;
        }
        file.set_len(good)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Some(Self(file)))
    }

    pub fn append(&mut self, record: &Kept) -> io::Result<()> {
        self.0.write_all(&encoded(record))
    }
}

/// Bytes that hold whole records; 0 when this is not such a file.
fn read_records(mut from: impl Read, each: &mut impl FnMut(Kept)) -> io::Result<u64> {
    let mut magic = [0; MAGIC.len()];
    if from.read_exact(&mut magic).is_err() || &magic != MAGIC {
        return Ok(0);
    }
    let mut good = MAGIC.len() as u64;
    loop {
        let mut kind = [0; 1];
        if from.read(&mut kind)? == 0 {
            return Ok(good);
        }
        let len = match kind[0] {
            FRAME_KIND => FRAME_LEN,
            TAGS_KIND => TAGS_LEN,
            _ => return Ok(good),
        };
        let (mut body, mut sum) = (vec![0; len], [0; 4]);
        if from.read_exact(&mut body).is_err() || from.read_exact(&mut sum).is_err() {
            return Ok(good);
        }
        if crc32fast::hash(&body) != u32::from_le_bytes(sum) {
            tracing::warn!("kept features are damaged from byte {good} on and will be computed again");
            return Ok(good);
        }
        let Some(record) = decoded(kind[0], &body) else { return Ok(good) };
        each(record);
        good += 1 + len as u64 + 4;
    }
}

fn encoded(record: &Kept) -> Vec<u8> {
    let mut body = Vec::with_capacity(FRAME_LEN);
    let stamp = |body: &mut Vec<u8>, frame: FrameIdx, time: MediaTime| {
        body.extend(frame.0.to_le_bytes());
        body.extend(time.nanos().to_le_bytes());
    };
    let kind = match record {
        Kept::Frame(e) => {
            stamp(&mut body, e.frame, e.time);
            body.extend(e.whole.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()));
            body.extend(e.places.0.iter().map(|b| b.cast_unsigned()));
            // relative to the peak, since the cells of a map that sums to 1 are small for half precision
            let peak = e.gaze.max().max(f32::MIN_POSITIVE);
            body.extend(e.gaze.cells().iter().flat_map(|c| f16::from_f32(c / peak).to_le_bytes()));
            FRAME_KIND
        }
        Kept::Tags(e) => {
            stamp(&mut body, e.frame, e.time);
            for (class, probability) in e.views.iter().flatten() {
                body.extend(class.to_le_bytes());
                body.extend(probability.to_le_bytes());
            }
            TAGS_KIND
        }
    };
    let sum = crc32fast::hash(&body).to_le_bytes();
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.push(kind);
    bytes.extend(body);
    bytes.extend(sum);
    bytes
}

fn decoded(kind: u8, body: &[u8]) -> Option<Kept> {
    let (frame, rest) = body.split_first_chunk::<4>()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let frame = FrameIdx(u32::from_le_bytes(*frame));
    let time = MediaTime::from_nanos(i64::from_le_bytes(*time));
    let halves = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
    };
    if kind == FRAME_KIND {
        let (whole, rest) = rest.split_at_checked(EMBED_DIM * 2)?;
        let (places, map) = rest.split_at_checked(PLACES * EMBED_DIM)?;
        let places = Places(places.iter().map(|b| b.cast_signed()).collect());
        let gaze = Arc::new(Heatmap::from_cells(halves(map)));
        return Some(Kept::Frame(FrameEvidence { frame, time, whole: halves(whole), places, gaze }));
    }
    let mut tags = rest
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[a, b, c, d]| (u16::from_le_bytes([*a, *b]), f16::from_le_bytes([*c, *d])));
    let mut view = || -> TagView { std::array::from_fn(|_| tags.next().unwrap_or_default()) };
    Some(Kept::Tags(TagEvidence { frame, time, views: [view(), view()] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u32) -> Kept {
        let places = Places((0..PLACES * EMBED_DIM).map(|i| (i % 255) as u8 as i8).collect());
        let mut cells = vec![0.0; MAP_LEN];
        cells[number as usize] = 1.0;
        Kept::Frame(FrameEvidence {
            frame: FrameIdx(number),
            time: MediaTime::from_secs(f64::from(number)),
            whole: vec![0.25; EMBED_DIM],
            places,
            gaze: Arc::new(Heatmap::from_cells(cells)),
        })
    }

    fn tags(number: u32) -> Kept {
        let views = [[(7, f16::from_f32(0.5)); TAGS_KEPT], [(999, f16::from_f32(0.125)); TAGS_KEPT]];
        Kept::Tags(TagEvidence { frame: FrameIdx(number), time: MediaTime::from_secs(1.0), views })
    }

    fn read(bytes: &[u8]) -> (Vec<Kept>, u64) {
        let mut records = Vec::new();
        let good = read_records(bytes, &mut |r| records.push(r)).expect("memory can be read");
        (records, good)
    }

    #[test]
    fn records_come_back_as_they_were() {
        let written = [frame(3), tags(3), tags(4), frame(9)];
        let mut bytes = MAGIC.to_vec();
        bytes.extend(written.iter().flat_map(encoded));
        assert_eq!(read(&bytes), (written.to_vec(), bytes.len() as u64));
    }

    #[test]
    fn what_follows_a_damaged_or_cut_record_is_left_out() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(encoded(&tags(1)));
        let good = bytes.len() as u64;
        bytes.extend(encoded(&frame(2)));
        let whole = bytes.clone();
        bytes[good as usize + 50] ^= 1;
        assert_eq!(read(&bytes), (vec![tags(1)], good));
        assert_eq!(read(&whole[..whole.len() - 9]), (vec![tags(1)], good));
        assert_eq!(read(b"not such a file, but long enough"), (vec![], 0));
        assert_eq!(read(&[]), (vec![], 0));
    }
}
