//! What is needed of a VRS recording (Project Aria): its calibration and when its pictures were taken.
//!
//! Record headers are walked and their contents skipped; pictures are not decoded.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::job::{Cancelled, JobCtx};

const FILE_HEADER: usize = 80;
const RECORD_HEADER: usize = 32;
/// Aria's RGB camera, and records that hold data.
const RGB_STREAM: i32 = 214;
const DATA: u8 = 3;
/// The description, in which the calibration lies, is not longer than this.
const MAX_DESCRIPTION: u64 = 8 * 1024 * 1024;

/// The JSON text of the factory calibration.
pub(super) fn calibration(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let header = file_header(&mut file)?;
    file.seek(SeekFrom::Start(i64_at(&header, 32)?)).ok()?;
    let mut description = Vec::new();
    file.take(MAX_DESCRIPTION).read_to_end(&mut description).ok()?;
    // tags are stored as name and value, each after its length
    const NAME: &[u8] = b"\x0a\0\0\0calib_json";
    let at = description.windows(NAME.len()).position(|w| w == NAME)? + NAME.len();
    let length = u32::from_le_bytes(description.get(at..at + 4)?.try_into().ok()?) as usize;
    description.get(at + 4..(at + 4).checked_add(length)?).map(<[u8]>::to_vec)
}

/// Device time of every RGB picture in nanoseconds, ascending; empty when this is no whole VRS file.
pub(super) fn picture_stamps(path: &Path, ctx: &JobCtx) -> Result<Vec<i64>, Cancelled> {
    let mut stamps = Vec::new();
    let Some((mut reader, total, mut at)) = open(path) else { return Ok(stamps) };
    let mut header = [0; RECORD_HEADER];
    let mut count = 0u64;
    while reader.read_exact(&mut header).is_ok() {
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let stream = i32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let secs = f64::from_le_bytes(header[16..24].try_into().unwrap_or_default());
        if stream == RGB_STREAM && header[26] == DATA && secs.is_finite() {
            stamps.push((secs * 1e9).round() as i64);
        }
        count += 1;
        if count.is_multiple_of(16_384) {
            ctx.step(at, total)?;
        }
        let rest = i64::from(size) - RECORD_HEADER as i64;
        at += u64::from(size);
        if rest < 0 || reader.seek_relative(rest).is_err() {
            break;
        }
    }
    stamps.sort_unstable();
    Ok(stamps)
}

fn open(path: &Path) -> Option<(BufReader<File>, u64, u64)> {
    let mut file = File::open(path).ok()?;
    let total = file.metadata().ok()?.len();
    let header = file_header(&mut file)?;
    let first = i64_at(&header, 40)?;
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(first)).ok()?;
    Some((reader, total, first))
}

fn file_header(file: &mut File) -> Option<[u8; FILE_HEADER]> {
    let mut header = [0; FILE_HEADER];
    file.read_exact(&mut header).ok()?;
    header.starts_with(b"VisionRe").then_some(header)
}

fn i64_at(bytes: &[u8], at: usize) -> Option<u64> {
    u64::try_from(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?)).ok()
}
