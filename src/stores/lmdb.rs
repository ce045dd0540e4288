//! LMDB files (`data.mdb`), read and nothing else: no lock file, no mapped memory, no writing.
//!
//! A feature store is looked up by key, which needs the meta pages and one walk down a B+tree.
//! Reading the pages ourselves keeps a truncated or damaged file an error, where the C library
//! would fault on the mapped memory, and opens files of any page size in read-only folders.
//! Layout: LMDB 0.9, data version 1, 64 bit, little-endian; the unnamed database.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const MAGIC: u32 = 0xBEEF_C0DE;
const VERSION: u32 = 1;
const PAGE_HEADER: usize = 16;
/// Magic to transaction number.
const META_LEN: usize = 136;
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
/// The value lies on pages of its own.
const BIG_DATA: u16 = 0x01;
const NODE_HEADER: usize = 8;
const NO_PAGE: u64 = u64::MAX;
/// No tree is deeper: a page that leads back to itself ends here.
const MAX_DEPTH: usize = 32;

/// Why a file cannot be read, in words that go behind "the LMDB file …".
type Result<T> = std::result::Result<T, String>;

/// An open database.
pub struct Lmdb {
    file: Mutex<File>,
    len: u64,
    page_size: usize,
    root: u64,
    entries: u64,
}

impl Lmdb {
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| format!("cannot be opened: {e}"))?;
        let len = file.metadata().map_err(|e| e.to_string())?.len();
        let first = meta_at(&mut file, 0)?;
        // the newer of the two whose transaction was finished
        let second = meta_at(&mut file, first.page_size as u64);
        let meta = match second {
            Ok(second) if second.transaction > first.transaction => second,
            _ => first,
        };
        let expected = (meta.last_page + 1).saturating_mul(meta.page_size as u64);
        // the last page need not be written to its end
        if meta.root != NO_PAGE && len + meta.page_size as u64 <= expected {
            return Err(format!("is cut off: it has {len} bytes, expected {expected}"));
        }
        let Meta { page_size, root, entries, .. } = meta;
        Ok(Self { file: Mutex::new(file), len, page_size, root, entries })
    }

    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The value of a key; `None` when there is no such key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut number = self.root;
        for _ in 0..MAX_DEPTH {
            if number == NO_PAGE {
                return Ok(None);
            }
            let page = self.page(number)?;
            let nodes = page.nodes()?;
            match page.flags()? & (BRANCH | LEAF) {
                BRANCH => {
                    // the first key of a branch is not stored and less than all others
                    let after = nodes.iter().skip(1).position(|node| node.key > key);
                    let place = after.unwrap_or(nodes.len().saturating_sub(1));
                    number = nodes.get(place).ok_or_else(damaged)?.child;
                }
                LEAF => {
                    return match nodes.iter().find(|node| node.key == key) {
                        Some(node) => self.value(node).map(Some),
                        None => Ok(None),
                    };
                }
                _ => return Err(damaged()),
            }
        }
        Err(damaged())
    }

    /// The first keys in their order, for a message that says what is there.
    pub fn some_keys(&self, count: usize) -> Result<Vec<String>> {
        let mut number = self.root;
        for _ in 0..MAX_DEPTH {
            if number == NO_PAGE {
                return Ok(Vec::new());
            }
            let page = self.page(number)?;
            let nodes = page.nodes()?;
            if page.flags()? & LEAF != 0 {
                return Ok(nodes
                    .iter()
                    .take(count)
                    .map(|n| String::from_utf8_lossy(n.key).into_owned())
                    .collect());
            }
            number = nodes.first().ok_or_else(damaged)?.child;
        }
        Err(damaged())
    }

    /// Every key in its order, without reading the values.
    pub fn keys(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut pages = vec![self.root];
        // a page that leads back to an earlier one must not be walked for ever
        let mut left = self.len / self.page_size as u64;
        while let Some(number) = pages.pop() {
            if number == NO_PAGE {
                continue;
            }
            left = left.checked_sub(1).ok_or_else(damaged)?;
            let page = self.page(number)?;
            let nodes = page.nodes()?;
            if page.flags()? & LEAF != 0 {
                keys.extend(nodes.iter().map(|node| String::from_utf8_lossy(node.key).into_owned()));
            } else {
                pages.extend(nodes.iter().rev().map(|node| node.child));
            }
        }
        Ok(keys)
    }

    fn value(&self, node: &Node<'_>) -> Result<Vec<u8>> {
        if node.flags & BIG_DATA == 0 {
            return Ok(node.data.to_vec());
        }
        let number = node.data.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(damaged)?;
        let header = self.bytes(self.offset(number)?, PAGE_HEADER)?;
        if u16_at(&header, 10)? & OVERFLOW == 0 {
            return Err(damaged());
        }
        self.bytes(self.offset(number)? + PAGE_HEADER as u64, node.size)
    }

    fn offset(&self, page: u64) -> Result<u64> {
        page.checked_mul(self.page_size as u64).ok_or_else(damaged)
    }

    fn page(&self, number: u64) -> Result<Page> {
        Ok(Page(self.bytes(self.offset(number)?, self.page_size)?))
    }

    fn bytes(&self, at: u64, len: usize) -> Result<Vec<u8>> {
        let end = at.checked_add(len as u64).ok_or_else(damaged)?;
        if end > self.len {
            return Err(format!("is cut off: it has {} bytes, and a value ends at {end}", self.len));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        read_at(&mut file, at, len)
    }
}

struct Meta {
    page_size: usize,
    root: u64,
    entries: u64,
    last_page: u64,
    transaction: u64,
}

fn meta_at(file: &mut File, at: u64) -> Result<Meta> {
    let short = |_| "is too short to be one".to_owned();
    let bytes = read_at(file, at + PAGE_HEADER as u64, META_LEN).map_err(short)?;
    if u32_at(&bytes, 0)? != MAGIC {
        return Err("is no LMDB file of a 64-bit little-endian machine".to_owned());
    }
    let version = u32_at(&bytes, 4)?;
    if version != VERSION {
        return Err(format!("has data version {version}, expected {VERSION}"));
    }
    // two records of 48 bytes: the free pages, whose first number is the page size, and the data
    let page_size = u32_at(&bytes, 24)? as usize;
    if !page_size.is_power_of_two() || !(256..=65_536).contains(&page_size) {
        return Err(format!("has pages of {page_size} bytes"));
    }
    Ok(Meta {
        page_size,
        entries: u64_at(&bytes, 104)?,
        root: u64_at(&bytes, 112)?,
        last_page: u64_at(&bytes, 120)?,
        transaction: u64_at(&bytes, 128)?,
    })
}

struct Page(Vec<u8>);

struct Node<'a> {
    key: &'a [u8],
    /// Of a leaf: the value, or the number of its page.
    data: &'a [u8],
    flags: u16,
    /// Of a leaf: the value's length.
    size: usize,
    /// Of a branch: the page below.
    child: u64,
}

impl Page {
    fn flags(&self) -> Result<u16> {
        u16_at(&self.0, 10)
    }

    fn nodes(&self) -> Result<Vec<Node<'_>>> {
        let is_leaf = self.flags()? & LEAF != 0;
        let lower = usize::from(u16_at(&self.0, 12)?);
        let count = lower.checked_sub(PAGE_HEADER).ok_or_else(damaged)? / 2;
        (0..count).map(|i| self.node(usize::from(u16_at(&self.0, PAGE_HEADER + 2 * i)?), is_leaf)).collect()
    }

    fn node(&self, at: usize, is_leaf: bool) -> Result<Node<'_>> {
        let [low, high, flags, key_len] = [
            u16_at(&self.0, at)?,
            u16_at(&self.0, at + 2)?,
            u16_at(&self.0, at + 4)?,
            u16_at(&self.0, at + 6)?,
        ];
        let size = usize::from(low) | usize::from(high) << 16;
        let start = at + NODE_HEADER;
        let data = start + usize::from(key_len);
        let key = self.0.get(start..data).ok_or_else(damaged)?;
        let len = match (is_leaf, flags & BIG_DATA != 0) {
            (false, _) => 0,
            (true, true) => 8,
            (true, false) => size,
        };
        let data = self.0.get(data..data + len).ok_or_else(damaged)?;
        // a branch keeps its page number in the fields of size and flags
        let child = size as u64 | u64::from(flags) << 32;
        Ok(Node { key, data, flags, size, child })
    }
}

fn damaged() -> String {
    "is damaged: its pages do not fit together".to_owned()
}

fn read_at(file: &mut File, at: u64, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut bytes)).map_err(|e| e.to_string())?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(*bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(damaged)?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(*bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(damaged)?))
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from_le_bytes(*bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(damaged)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: usize = 256;

    fn page(number: u64, flags: u16, nodes: &[Vec<u8>]) -> Vec<u8> {
        let mut page = vec![0; PAGE];
        page[..8].copy_from_slice(&number.to_le_bytes());
        page[10..12].copy_from_slice(&flags.to_le_bytes());
        let mut upper = PAGE;
        for (i, node) in nodes.iter().enumerate() {
            upper -= node.len();
            page[upper..upper + node.len()].copy_from_slice(node);
            page[16 + 2 * i..18 + 2 * i].copy_from_slice(&(upper as u16).to_le_bytes());
        }
        page[12..14].copy_from_slice(&(16 + 2 * nodes.len() as u16).to_le_bytes());
        page
    }

    fn node(size: u64, flags: u16, key: &[u8], data: &[u8]) -> Vec<u8> {
        let mut node = (size as u32).to_le_bytes().to_vec();
        node.extend((flags | (size >> 32) as u16).to_le_bytes());
        node.extend((key.len() as u16).to_le_bytes());
        node.extend(key.iter().chain(data));
        node
    }

    fn meta(number: u64, transaction: u64, root: u64) -> Vec<u8> {
        let mut bytes = page(number, 8, &[]);
        bytes[16..20].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[20..24].copy_from_slice(&VERSION.to_le_bytes());
        bytes[40..44].copy_from_slice(&(PAGE as u32).to_le_bytes());
        bytes[120..128].copy_from_slice(&3u64.to_le_bytes());
        bytes[128..136].copy_from_slice(&root.to_le_bytes());
        bytes[136..144].copy_from_slice(&6u64.to_le_bytes());
        bytes[144..152].copy_from_slice(&transaction.to_le_bytes());
        bytes
    }

    /// Two metas, a branch over two leaves, and a value of its own page.
    fn database() -> Vec<u8> {
        let mut big = page(6, OVERFLOW, &[]);
        big[16..19].copy_from_slice(b"big");
        [
            meta(0, 1, NO_PAGE),
            meta(1, 2, 2),
            page(2, BRANCH, &[node(3, 0, b"", b""), node(4, 0, b"m", b"")]),
            page(3, LEAF, &[node(1, 0, b"a", b"1"), node(1, 0, b"c", b"2")]),
            page(4, LEAF, &[node(1, 0, b"m", b"3"), node(3, BIG_DATA, b"z", &6u64.to_le_bytes())]),
            page(5, LEAF, &[]),
            big,
        ]
        .concat()
    }

    fn opened(bytes: &[u8]) -> Result<Lmdb> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        Lmdb::open(file.path())
    }

    #[test]
    fn keys_are_found_through_a_branch_and_on_overflow_pages() {
        let store = opened(&database()).expect("opens");
        let get = |key: &str| store.get(key.as_bytes()).expect("reads");
        assert_eq!(get("a").as_deref(), Some(b"1".as_slice()));
        assert_eq!(get("c").as_deref(), Some(b"2".as_slice()));
        assert_eq!(get("m").as_deref(), Some(b"3".as_slice()));
        assert_eq!(get("z").as_deref(), Some(b"big".as_slice()));
        assert_eq!((get("b"), get("zz"), store.entries()), (None, None, 3));
        assert_eq!(store.some_keys(5).expect("reads"), ["a", "c"]);
        assert_eq!(store.keys().expect("reads"), ["a", "c", "m", "z"]);
    }

    #[test]
    fn a_cut_file_says_so() {
        let bytes = database();
        let said = opened(&bytes[..PAGE * 5]).err().expect("is refused");
        assert!(said.contains("cut off"), "{said}");
        assert!(opened(b"text").is_err());
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(edits in proptest::collection::vec((0..PAGE * 7, any::<u8>()), 1..12)) {
            let mut bytes = database();
            edits.iter().for_each(|(at, value)| bytes[*at] = *value);
            if let Ok(store) = opened(&bytes) {
                for key in ["a", "m", "z", ""] {
                    let _ = store.get(key.as_bytes());
                }
                let _ = (store.some_keys(9), store.keys());
            }
        }
    }
}
