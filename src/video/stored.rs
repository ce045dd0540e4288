//! Which pictures a file holds, when each is shown and decoded: from its packets or its own index.

use ff::ffi;
use ffmpeg_next as ff;

/// A cut-off file repeats its last read error for ever.
pub(super) const MAX_READ_FAILURES: u32 = 16;

/// A stored picture in the stream's time base.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    pub presented: i64,
    pub decoded: i64,
    pub is_key: bool,
}

/// Every stored picture by reading all packets.
pub(super) fn scan_packets(input: &mut ff::format::context::Input, stream: usize) -> Vec<Stored> {
    let mut packets: Vec<(Option<i64>, i64, bool)> = Vec::new();
    let mut earliest = i64::MAX;
    let mut failures = 0;
    loop {
        // a packet that is read into again keeps its old bytes for ever
        let mut packet = ff::Packet::empty();
        match packet.read(input) {
            Ok(()) => {
                if packet.stream() != stream {
                    continue;
                }
                let after_last = packets.last().map(|(_, decoded, _)| decoded + packet.duration().max(1));
                let decoded = packet.dts().or(packet.pts()).or(after_last).unwrap_or(0);
                earliest = earliest.min(decoded);
                if !is_discarded(&packet) {
                    packets.push((packet.pts(), decoded, packet.is_key()));
                }
            }
            Err(ff::Error::Eof) => break,
            Err(_) if failures < MAX_READ_FAILURES => failures += 1,
            Err(_) => break,
        }
    }
    let presented =
        presentation_times(&packets.iter().map(|(pts, decoded, _)| (*pts, *decoded)).collect::<Vec<_>>());
    let mut stored: Vec<Stored> = packets
        .into_iter()
        .zip(presented)
        .map(|((_, decoded, is_key), presented)| Stored { presented, decoded, is_key })
        .collect();
    // the first picture shown may need what an edit list hides before it
    if let Some(first) = stored.iter_mut().min_by_key(|s| s.presented) {
        first.decoded = earliest;
    }
    stored
}

/// Presentation times from what the packets say of (presentation, decoding).
fn presentation_times(stamps: &[(Option<i64>, i64)]) -> Vec<i64> {
    let known = || stamps.iter().filter_map(|(pts, decoded)| pts.map(|pts| (pts, *decoded)));
    if known().count() == stamps.len() {
        return known().map(|(pts, _)| pts).collect();
    }
    if known().count() > 0 && known().all(|(pts, decoded)| pts == decoded) {
        return shown_after_waiting(stamps);
    }
    // the decoding times stand in for all: the same set, shifted by the reordering delay
    let delay = match (known().map(|(pts, _)| pts).min(), known().map(|(_, decoded)| decoded).min()) {
        (Some(shown), Some(decoded)) => (shown - decoded).max(0),
        _ => 0,
    };
    stamps.iter().map(|(_, decoded)| decoded + delay).collect()
}

/// Where the container gives decoding times only (AVI), ffmpeg knows the presentation of B pictures
/// alone: they are shown as they are decoded. Any other waits until the next one that is not a B
/// picture is decoded.
fn shown_after_waiting(stamps: &[(Option<i64>, i64)]) -> Vec<i64> {
    let step = stamps.windows(2).map(|w| w[1].1 - w[0].1).filter(|step| *step > 0).min().unwrap_or(1);
    let mut next_reference = stamps.last().map_or(0, |(_, decoded)| decoded + step);
    let mut presented: Vec<i64> = stamps
        .iter()
        .rev()
        .map(|(pts, decoded)| pts.unwrap_or_else(|| std::mem::replace(&mut next_reference, *decoded)))
        .collect();
    presented.reverse();
    presented
}

/// Pre-roll that an edit list hides: decoded, but not a picture of the clip.
#[expect(unsafe_code, reason = "ffmpeg-next does not know this packet flag")]
fn is_discarded(packet: &ff::Packet) -> bool {
    use ff::packet::Ref as _;
    // SAFETY: the packet is alive; the field is a plain integer.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Pictures by the container's own index, which lists decoding times; with B-frames those are the
/// presentation times shifted by a constant, which is taken from the stream's start.
pub(super) fn container_index(input: &ff::format::context::Input, stream: usize) -> Vec<Stored> {
    let Some(video) = input.stream(stream) else { return Vec::new() };
    let entries = index_entries(&video);
    let expected = video.frames();
    if expected <= 0 || (entries.len() as i64) < expected {
        return Vec::new();
    }
    let shift = match (video.start_time(), entries.iter().map(|(stamp, _)| *stamp).min()) {
        (start, Some(first)) if start != ffi::AV_NOPTS_VALUE => start - first,
        _ => 0,
    };
    entries
        .into_iter()
        .map(|(decoded, is_key)| Stored { presented: decoded + shift, decoded, is_key })
        .collect()
}

/// Decoding times, and whether decoding can begin there.
#[cfg(ffmpeg_5)]
#[expect(unsafe_code, reason = "ffmpeg-next does not expose the container's index")]
fn index_entries(stream: &ff::Stream<'_>) -> Vec<(i64, bool)> {
    // SAFETY: the stream is open; ffmpeg takes a mutable pointer but only reads, and each entry is
    // copied before the next call.
    unsafe {
        let raw = stream.as_ptr().cast_mut();
        let count = ffi::avformat_index_get_entries_count(raw);
        (0..count).filter_map(|i| ffi::avformat_index_get_entry(raw, i).as_ref()).map(copied).collect()
    }
}

/// FFmpeg 4 has no functions for it.
#[cfg(not(ffmpeg_5))]
#[expect(unsafe_code, reason = "ffmpeg-next does not expose the container's index")]
fn index_entries(stream: &ff::Stream<'_>) -> Vec<(i64, bool)> {
    // SAFETY: the stream is open and nothing reads on meanwhile, so that its index stays in its place.
    unsafe {
        let raw = &*stream.as_ptr();
        let count = usize::try_from(raw.nb_index_entries).unwrap_or(0);
        if raw.index_entries.is_null() {
            return Vec::new();
        }
        std::slice::from_raw_parts(raw.index_entries, count).iter().map(copied).collect()
    }
}

fn copied(entry: &ffi::AVIndexEntry) -> (i64, bool) {
    (entry.timestamp, entry.flags() & ffi::AVINDEX_KEYFRAME != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_pictures_wait_for_the_next_one() {
        // I P B B P B, decoded at 0..6; shown as I B B P B P
        let stamps = [(None, 0), (None, 1), (Some(2), 2), (Some(3), 3), (None, 4), (Some(5), 5)];
        assert_eq!(presentation_times(&stamps), [1, 4, 2, 3, 6, 5]);
    }

    #[test]
    fn without_b_pictures_order_is_kept() {
        assert_eq!(presentation_times(&[(None, 0), (None, 40), (None, 80)]), [0, 40, 80]);
    }
}
