//! Whether a file is a video, by its first bytes. Cheap enough for every file of a folder.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// True for the containers that people keep footage in. A file of another kind may still play.
pub(super) fn is_video(path: &Path) -> bool {
    let mut start = Vec::new();
    let is_read = File::open(path).and_then(|f| f.take(512).read_to_end(&mut start)).is_ok();
    is_read && is_video_start(&start)
}

fn is_video_start(start: &[u8]) -> bool {
    let at = |offset: usize, magic: &[u8]| start.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let is_iso = at(4, b"ftyp") && !at(8, b"M4A") && !at(8, b"heic") && !at(8, b"avif");
    let is_old_quicktime = [b"moov", b"mdat", b"wide", b"skip"].iter().any(|atom| at(4, *atom));
    // packets of 188 bytes, or of 192 with a time stamp before each (camcorders)
    let is_transport_stream =
        at(0, b"G") && at(188, b"G") && at(376, b"G") || at(4, b"G") && at(196, b"G") && at(388, b"G");
    is_iso
        || is_old_quicktime
        || is_transport_stream
        || at(0, b"\x1a\x45\xdf\xa3")
        || at(0, b"RIFF") && at(8, b"AVI ")
        || at(0, b"\0\0\x01\xba")
        || at(0, b"\0\0\x01\xb3")
        || at(0, b"FLV\x01")
        || at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
        || at(0, b"YUV4MPEG2")
        || at(0, b"DKIF")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_from_other_files() {
        assert!(is_video_start(b"\0\0\0\x20ftypisom\0\0\0\0"));
        assert!(is_video_start(b"\x1a\x45\xdf\xa3\x01"));
        let mut stream = vec![0; 400];
        [0, 188, 376].iter().for_each(|i| stream[*i] = b'G');
        assert!(is_video_start(&stream));
        for other in [&b""[..], b"RIFF\0\0\0\0WAVE", b"\0\0\0\x20ftypM4A ", b"frame,x,y\n", b"{\"a\":1}"] {
            assert!(!is_video_start(other), "{other:?}");
        }
    }
}
