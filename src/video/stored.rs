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
    let mut failures = 0;
    loop {
        // a packet that is read into again keeps its old bytes for ever
        let mut packet = ff::Packet::empty();
        match packet.read(input) {
            Ok(()) => {
                if packet.stream() == stream && !is_discarded(&packet) {
                    let after_last = packets.last().map(|(_, decoded, _)| decoded + packet.duration().max(1));
                    let decoded = packet.dts().or(packet.pts()).or(after_last).unwrap_or(0);
                    packets.push((packet.pts(), decoded, packet.is_key()));
                }
            }
            Err(ff::Error::Eof) => break,
            Err(_) if failures < MAX_READ_FAILURES => failures += 1,
            Err(_) => break,
        }
    }
    // Where some presentation times are missing, the decoding times stand in for all of them:
    // the same set, shifted by the reordering delay.
    let is_complete = packets.iter().all(|(pts, ..)| pts.is_some());
    let first = |stamps: &mut dyn Iterator<Item = i64>| stamps.min().unwrap_or_default();
    let delay = first(&mut packets.iter().filter_map(|(pts, ..)| *pts))
        - first(&mut packets.iter().filter(|(pts, ..)| pts.is_some()).map(|(_, decoded, _)| *decoded));
    packets
        .into_iter()
        .map(|(pts, decoded, is_key)| Stored {
            presented: pts.filter(|_| is_complete).unwrap_or(decoded + delay.max(0)),
            decoded,
            is_key,
        })
        .collect()
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
#[expect(unsafe_code, reason = "ffmpeg-next does not expose the container's index")]
pub(super) fn container_index(input: &ff::format::context::Input, stream: usize) -> Vec<Stored> {
    let Some(video) = input.stream(stream) else { return Vec::new() };
    // SAFETY: the stream belongs to the open `input`; ffmpeg takes a mutable pointer but only reads,
    // and each entry is copied before the next call.
    let entries: Vec<(i64, bool)> = unsafe {
        let raw = video.as_ptr().cast_mut();
        let count = ffi::avformat_index_get_entries_count(raw);
        (0..count)
            .filter_map(|i| ffi::avformat_index_get_entry(raw, i).as_ref())
            .map(|e| (e.timestamp, e.flags() & ffi::AVINDEX_KEYFRAME != 0))
            .collect()
    };
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
