//! The directory of a zip archive as PyTorch writes it: the members that matter are stored as they
//! are, wherever they lie in a file of any size.
//!
//! Read here because a general zip reader refuses some of the archives that PyTorch writes.

use std::ops::Range;

use super::random_access::Bytes;

/// Ends the file, before a comment of at most 64 KiB.
const END: [u8; 4] = *b"PK\x05\x06";
const END_LEN: u64 = 22;
/// Of archives over 4 GiB; stands right before the end, and tells where the larger numbers are.
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LEN: u64 = 20;
const END64_LEN: u64 = 56;
const ENTRY_LEN: usize = 46;
const LOCAL_LEN: u64 = 30;
/// The extra field with numbers that 32 bits cannot hold.
const EXTRA64: u64 = 1;

type Result<T> = std::result::Result<T, String>;

/// A file in the archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// Below the archive's one folder.
    pub name: String,
    is_stored: bool,
    size: u64,
    /// Where its own header starts.
    header: u64,
}

impl Member {
    /// Where its content lies.
    pub fn place(&self, archive: &Bytes) -> Result<Range<u64>> {
        if !self.is_stored {
            return Err(damaged(&format!("`{}` is compressed", self.name)));
        }
        let header = archive.read(self.header..self.header.saturating_add(LOCAL_LEN))?;
        let (Some(name), Some(extra)) = (number(&header, 26, 2), number(&header, 28, 2)) else {
            return Err(damaged("a header is cut"));
        };
        let start = self.header + LOCAL_LEN + name + extra;
        Ok(start..start.saturating_add(self.size))
    }
}

fn damaged(what: &str) -> String {
    format!("the zip archive is damaged: {what}")
}

/// A little-endian number of `width` bytes.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// Every member, in the order of the directory.
pub fn members(archive: &Bytes) -> Result<Vec<Member>> {
    let (count, place) = directory_place(archive)?;
    let directory = archive.read(place)?;
    let mut rest = &directory[..];
    let mut members = Vec::new();
    for _ in 0..count {
        let (member, len) = entry(rest).ok_or_else(|| damaged("its directory is cut"))?;
        rest = &rest[len.min(rest.len())..];
        members.extend(member);
    }
    Ok(members)
}

/// How many members there are, and where the directory lies.
fn directory_place(archive: &Bytes) -> Result<(u64, Range<u64>)> {
    let tail_start = archive.len().saturating_sub(END_LEN + u64::from(u16::MAX));
    let tail = archive.read(tail_start..archive.len())?;
    let end = tail.windows(4).rposition(|window| window == END).ok_or_else(|| {
        "the file is cut short: it starts as a zip archive, and the directory at the end is missing"
            .to_owned()
    })?;
    let cut = || damaged("its end is cut");
    let field = |at, width| number(&tail, end + at, width).ok_or_else(cut);
    let (mut count, mut size, mut start) = (field(10, 2)?, field(12, 4)?, field(16, 4)?);
    let end = tail_start + end as u64;
    let is_large = count == u64::from(u16::MAX) || [size, start].contains(&u64::from(u32::MAX));
    if is_large && let Some(at) = end.checked_sub(LOCATOR_LEN) {
        let locator = archive.read(at..end)?;
        if locator.starts_with(&LOCATOR) {
            let at = number(&locator, 8, 8).ok_or_else(cut)?;
            let end64 = archive.read(at..at.saturating_add(END64_LEN))?;
            let field = |at| number(&end64, at, 8).ok_or_else(cut);
            (count, size, start) = (field(32)?, field(40)?, field(48)?);
        }
    }
    Ok((count, start..start.saturating_add(size)))
}

/// The first entry of what is left of the directory, and its length there. A member outside the
/// archive's folder is none of PyTorch's.
fn entry(bytes: &[u8]) -> Option<(Option<Member>, usize)> {
    let field = |at, width| number(bytes, at, width);
    let (name_len, extra_len) = (field(28, 2)? as usize, field(30, 2)? as usize);
    let extra_start = ENTRY_LEN + name_len;
    let name = String::from_utf8_lossy(bytes.get(ENTRY_LEN..extra_start)?);
    let mut large = large_numbers(bytes.get(extra_start..extra_start + extra_len)?);
    let mut whole = |n: u64| {
        if n != u64::from(u32::MAX) {
            return Some(n);
        }
        let (number, rest) = large.split_first_chunk()?;
        large = rest;
        Some(u64::from_le_bytes(*number))
    };
    let size = whole(field(24, 4)?)?;
    whole(field(20, 4)?)?; // the same for members that are not compressed
    let header = whole(field(42, 4)?)?;
    let is_stored = field(10, 2)? == 0;
    let member =
        name.split_once('/').map(|(_, name)| Member { name: name.to_owned(), is_stored, size, header });
    Some((member, extra_start + extra_len + field(32, 2)? as usize))
}

/// The part of an entry's extra fields with numbers that 32 bits cannot hold.
fn large_numbers(extra: &[u8]) -> &[u8] {
    let mut rest = extra;
    while let (Some(id), Some(len)) = (number(rest, 0, 2), number(rest, 2, 2)) {
        let end = (4 + len as usize).min(rest.len());
        if id == EXTRA64 {
            return &rest[4..end];
        }
        rest = &rest[end..];
    }
    &[]
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// An archive of one member, as written for files over 4 GiB: every number that can be is in
    /// 64 bits.
    fn large_archive(content: &[u8]) -> Vec<u8> {
        let name = b"model/data/0";
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend([0; 22]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name);
        bytes.extend(content);
        let directory = bytes.len() as u64;
        bytes.extend(b"PK\x01\x02");
        bytes.extend([0; 16]);
        bytes.extend([0xff; 8]); // both sizes
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([4 + 4 + 4 + 24, 0]);
        bytes.extend([0; 10]);
        bytes.extend([0xff; 4]); // the header
        bytes.extend(name);
        bytes.extend([7, 0, 4, 0, 1, 2, 3, 4]); // an extra field of somebody else
        bytes.extend([1, 0, 24, 0]);
        [content.len() as u64, content.len() as u64, 0].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        let (end64, size) = (bytes.len() as u64, bytes.len() as u64 - directory);
        bytes.extend(b"PK\x06\x06");
        bytes.extend([0; 28]);
        [1, size, directory].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        bytes.extend(LOCATOR);
        bytes.extend([0; 4]);
        bytes.extend(end64.to_le_bytes());
        bytes.extend([1, 0, 0, 0]);
        bytes.extend(END);
        bytes.extend([0; 4]);
        bytes.extend([0xff; 12]);
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn members_of_archives_over_4_gib_are_found() {
        let bytes = large_archive(b"abc");
        let archive = Bytes::Memory(Cow::Borrowed(&bytes));
        let members = members(&archive).unwrap();
        assert_eq!((members.len(), members[0].name.as_str()), (1, "data/0"));
        assert_eq!(&*archive.read(members[0].place(&archive).unwrap()).unwrap(), b"abc");
    }

    #[test]
    fn an_archive_cut_anywhere_is_an_error_or_still_has_its_member() {
        let bytes = large_archive(b"abc");
        for end in 0..bytes.len() {
            let archive = Bytes::Memory(Cow::Borrowed(&bytes[..end]));
            let Ok(members) = members(&archive) else { continue };
            assert!(end >= bytes.len() - 2, "cut at {end}, and not in the length of the comment");
            assert_eq!(&*archive.read(members[0].place(&archive).unwrap()).unwrap(), b"abc");
        }
    }
}
