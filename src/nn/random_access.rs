//! Bytes by position, from memory or from a file of which only what is asked for is read.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

pub enum Bytes<'a> {
    Memory(Cow<'a, [u8]>),
    File { file: File, len: u64 },
}

impl Bytes<'_> {
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// A range that reaches past the end is an error, and nothing is allocated for it.
    pub fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, String> {
        if range.start > range.end || range.end > self.len() {
            return Err("the file ends early".to_owned());
        }
        let (start, count) = (range.start, range.end - range.start);
        match self {
            Self::Memory(bytes) => Ok(Cow::Borrowed(&bytes[start as usize..range.end as usize])),
            Self::File { file, .. } => {
                let mut file = file;
                let mut bytes = vec![0; count as usize];
                let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes));
                read.map(|()| Cow::Owned(bytes)).map_err(|error| error.to_string())
            }
        }
    }
}
