//! Tensors from files that PyTorch wrote: zip archives (TorchScript ones included), the older stream
//! format, and pickles that carry such a stream inside.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use candle_core::{DType, Device, Tensor};

use super::NnError;
use super::pickle::{self, Object, Value};
use super::random_access::Bytes;
use super::torch_zip::{self, Member};

type Result<T> = std::result::Result<T, String>;

/// Every tensor in the file by its dotted name; a bare tensor is called "".
///
/// Wrappers (`state_dict`, `model`, ...) stay part of the names.
pub fn read_tensors(path: &Path) -> std::result::Result<BTreeMap<String, Tensor>, NnError> {
    let file = TorchFile::open(path)?;
    file.all().map_err(|what| NnError::format(path, what))
}

/// The same from memory.
pub fn from_bytes(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>> {
    TorchFile::new(Bytes::Memory(Cow::Borrowed(bytes)))?.all()
}

/// Tied weights and expanded views are stored once and read as often as they are named; a
/// checkpoint that grows more than this by it is none.
const MAX_UNFOLDING: u64 = 64;

/// A file whose tree is read; of its numbers only those that are asked for are.
pub struct TorchFile<'a> {
    data: Bytes<'a>,
    storages: HashMap<String, Storage>,
    tensors: BTreeMap<String, Rc<Object>>,
    bytes_left: Cell<u64>,
}

/// Where a storage's values lie.
enum Storage {
    At(Range<u64>),
    In(Member),
}

impl TorchFile<'static> {
    pub fn open(path: &Path) -> std::result::Result<Self, NnError> {
        let mut file = File::open(path).map_err(NnError::io(path))?;
        let len = file.metadata().map_err(NnError::io(path))?.len();
        let mut head = [0; 2];
        let is_zip = file.read_exact(&mut head).is_ok() && head == *b"PK";
        let data = match is_zip {
            true => Bytes::File { file, len },
            false => Bytes::Memory(Cow::Owned(std::fs::read(path).map_err(NnError::io(path))?)),
        };
        Self::new(data).map_err(|what| NnError::format(path, what))
    }
}

impl<'a> TorchFile<'a> {
    fn new(data: Bytes<'a>) -> Result<Self> {
        let (root, storages) = match &data {
            Bytes::File { .. } => zip_archive(&data)?,
            Bytes::Memory(bytes) => match &bytes[..] {
                [b'P', b'K', ..] => zip_archive(&data)?,
                [0x80, 2, 0x8a, 10, ..] => stream(bytes)?,
                bytes => (pickle::read(&mut &bytes[..]).map_err(not_torch)?, HashMap::new()),
            },
        };
        let mut tensors = BTreeMap::new();
        collect("", &root, &mut tensors);
        if tensors.is_empty() {
            return Err("the file holds no tensors".to_owned());
        }
        let bytes_left = Cell::new(data.len().saturating_mul(MAX_UNFOLDING));
        Ok(Self { data, storages, tensors, bytes_left })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Every tensor that can be read.
    pub fn all(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = BTreeMap::new();
        for name in self.tensors.keys() {
            if let Some(tensor) = self.tensor(name)? {
                tensors.insert(name.clone(), tensor);
            }
        }
        Ok(tensors)
    }

    /// Reads one tensor. `None`, with a warning, if it is of a type that is not supported, or broken:
    /// counters and masks are often of rare types, and a network that needs one will say so.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>> {
        let Some(object) = self.tensors.get(name) else { return Ok(None) };
        match rebuilt(object, &self.data, &self.storages) {
            Ok(tensor) => {
                let size = (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64;
                let left = self.bytes_left.get().checked_sub(size);
                self.bytes_left.set(left.ok_or_else(|| {
                    format!("the file's tensors are over {MAX_UNFOLDING} times as large as the file")
                })?);
                Ok(Some(tensor))
            }
            Err(what) => {
                tracing::warn!("skipped {name}: {what}");
                Ok(None)
            }
        }
    }
}

fn not_torch(reason: String) -> String {
    format!(
        "this is no PyTorch file: expected a zip archive or a pickle, as `torch.save` writes them, and found \
         neither ({reason})"
    )
}

/// The tree of an archive, and its storages by name.
fn zip_archive(archive: &Bytes) -> Result<(Value, HashMap<String, Storage>)> {
    let mut root = None;
    let mut storages = HashMap::new();
    for member in torch_zip::members(archive)? {
        match member.name.as_str() {
            "data.pkl" => root = Some(pickle::read(&mut &archive.read(member.place(archive)?)?[..])?),
            "byteorder" if *archive.read(member.place(archive)?)? != *b"little" => {
                return Err("its numbers are stored with the most significant byte first".to_owned());
            }
            name => {
                if let Some(key) = name.strip_prefix("data/") {
                    storages.insert(key.to_owned(), Storage::In(member));
                }
            }
        }
    }
    Ok((root.ok_or("the archive has no data.pkl, so `torch.save` did not write it")?, storages))
}

/// PyTorch before 1.6: magic number, version and system as pickles, the tree, the list of storage
/// keys, then for each key a count and the raw values.
fn stream(bytes: &[u8]) -> Result<(Value, HashMap<String, Storage>)> {
    let mut rest = bytes;
    for _ in 0..3 {
        pickle::read(&mut rest)?;
    }
    let root = pickle::read(&mut rest)?;
    let keys = pickle::read(&mut rest)?;
    let mut dtypes = HashMap::new();
    visit(&root, &mut |value| {
        if let Value::Persistent(id) = value
            && let Ok((key, dtype)) = storage_id(id)
        {
            dtypes.insert(key, dtype);
        }
    });
    let mut storages = HashMap::new();
    let Value::List(keys) = keys else { return Err("the list of storages is missing".to_owned()) };
    for key in keys.borrow().iter() {
        let key = key.text().ok_or("a storage without a name")?;
        let dtype = dtypes.get(key).ok_or_else(|| format!("storage {key} is not used by any tensor"))?;
        let (count, tail) = rest.split_first_chunk().ok_or("the file ends early")?;
        let size = usize::try_from(i64::from_le_bytes(*count)).ok();
        let size =
            size.and_then(|n| n.checked_mul(dtype.size_in_bytes())).ok_or("a storage of impossible size")?;
        let (_, after) = tail.split_at_checked(size).ok_or("the file ends early")?;
        let start = (bytes.len() - tail.len()) as u64;
        storages.insert(key.to_owned(), Storage::At(start..start + size as u64));
        rest = after;
    }
    Ok((root, storages))
}

fn visit(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Tuple(values) => values.iter().for_each(|v| visit(v, see)),
        Value::List(values) => values.borrow().iter().for_each(|v| visit(v, see)),
        Value::Dict(items) => items.borrow().iter().for_each(|(_, v)| visit(v, see)),
        Value::Object(object) => {
            visit(&object.args, see);
            object.items.borrow().iter().for_each(|(_, v)| visit(v, see));
            object.state.borrow().iter().for_each(|v| visit(v, see));
        }
        _ => {}
    }
}

/// Key and type from `("storage", class, key, device, count, ..)`.
fn storage_id(id: &Value) -> Result<(String, DType)> {
    let Some([_, Value::Class { name, .. }, key, ..]) = id.tuple() else {
        return Err(format!("not a storage but {}", id.kind()));
    };
    let dtype = match &**name {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "ByteStorage" | "BoolStorage" => DType::U8,
        "ShortStorage" => DType::I16,
        "IntStorage" => DType::I32,
        "LongStorage" => DType::I64,
        other => return Err(format!("tensors of type {other} are not supported")),
    };
    Ok((key.text().ok_or("a storage without a name")?.to_owned(), dtype))
}

/// Puts every tensor below `value` into `found`, by its dotted name.
fn collect(name: &str, value: &Value, found: &mut BTreeMap<String, Rc<Object>>) {
    match value {
        Value::Dict(items) => collect_items(name, &items.borrow(), found),
        Value::Object(object) if object.callable.is_class("torch._utils._rebuild_tensor_v2") => {
            found.insert(name.to_owned(), Rc::clone(object));
        }
        Value::Object(object) if object.callable.is_class("torch._utils._rebuild_parameter") => {
            if let Some(value) = object.args.tuple().and_then(<[_]>::first) {
                collect(name, value, found);
            }
        }
        Value::Object(object) => {
            collect_items(name, &object.items.borrow(), found);
            let state = object.state.borrow();
            let Some(Value::Dict(state)) = &*state else { return };
            if is_script(&object.callable) {
                // A module of TorchScript: its tensors and the modules in it are its attributes.
                return collect_items(name, &state.borrow(), found);
            }
            // A whole module: its tensors lie in three dictionaries of its state.
            for (key, value) in state.borrow().iter() {
                if let Some("_parameters" | "_buffers" | "_modules") = key.text() {
                    collect(name, value, found);
                }
            }
        }
        _ => {}
    }
}

fn is_script(class: &Value) -> bool {
    matches!(class, Value::Class { module, .. } if module.split('.').next() == Some("__torch__"))
}

fn collect_items(name: &str, items: &[(Value, Value)], found: &mut BTreeMap<String, Rc<Object>>) {
    for (key, value) in items {
        let Some(key) = key.text() else { continue };
        let name = if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        collect(&name, value, found);
    }
}

/// Follows `_rebuild_tensor_v2(storage, offset, size, stride, ..)`.
fn rebuilt(object: &Object, data: &Bytes, storages: &HashMap<String, Storage>) -> Result<Tensor> {
    let Some([storage, offset, size, stride, ..]) = object.args.tuple() else {
        return Err("a tensor without a storage".to_owned());
    };
    let (Some(offset), Some(size), Some(stride)) = (offset.size(), size.sizes(), stride.sizes()) else {
        return Err("a tensor without a shape".to_owned());
    };
    let view = View { offset, size: &size, stride: &stride };
    match storage {
        Value::Persistent(id) => view.read(id, data, storages),
        Value::Object(load) if load.callable.is_class("torch.storage._load_from_bytes") => {
            let Some([Value::Bytes(bytes)]) = load.args.tuple() else {
                return Err("a storage without bytes".to_owned());
            };
            let (root, storages) = stream(bytes)?;
            let Value::Persistent(id) = &root else { return Err("no storage inside".to_owned()) };
            view.read(id, &Bytes::Memory(Cow::Borrowed(bytes)), &storages)
        }
        other => Err(format!("not a storage but {}", other.kind())),
    }
}

/// Which elements of a storage make a tensor.
struct View<'a> {
    offset: usize,
    size: &'a [usize],
    stride: &'a [usize],
}

impl View<'_> {
    fn read(&self, id: &Value, data: &Bytes, storages: &HashMap<String, Storage>) -> Result<Tensor> {
        let (key, dtype) = storage_id(id)?;
        let storage = match storages.get(&key).ok_or_else(|| format!("storage {key} is missing"))? {
            Storage::At(place) => place.clone(),
            Storage::In(member) => member.place(data)?,
        };
        let width = dtype.size_in_bytes();
        // only the part that the tensor needs: a storage may be shared by many
        let used = self.extent().and_then(|n| n.checked_mul(width as u64)).ok_or_else(outside)?;
        let start = (self.offset as u64).checked_mul(width as u64).ok_or_else(outside)?;
        let start = storage.start.checked_add(start).ok_or_else(outside)?;
        let end = start.checked_add(used).filter(|end| *end <= storage.end).ok_or_else(outside)?;
        let count =
            self.size.iter().try_fold(1u64, |n, side| n.checked_mul(*side as u64)).ok_or_else(outside)?;
        if count > (storage.end - storage.start) / width as u64 * MAX_UNFOLDING {
            return Err("a view is far larger than its storage".to_owned());
        }
        let part = data.read(start..end)?;
        let bytes = gather(&part, width, self.size, self.stride)?;
        Tensor::from_raw_buffer(&bytes, dtype, self.size, &Device::Cpu).map_err(|e| e.to_string())
    }

    /// Elements from the first to the last one used.
    fn extent(&self) -> Option<u64> {
        if self.size.len() != self.stride.len() {
            return None;
        }
        if self.size.contains(&0) {
            return Some(0);
        }
        let steps = self.size.iter().zip(self.stride);
        steps
            .map(|(n, stride)| (*n as u64 - 1).checked_mul(*stride as u64))
            .try_fold(1, |sum: u64, n| sum.checked_add(n?))
    }
}

fn outside() -> String {
    "a tensor reaches outside its storage".to_owned()
}

/// The elements of a strided view of `bytes`, in row-major order.
fn gather<'a>(bytes: &'a [u8], width: usize, size: &[usize], stride: &[usize]) -> Result<Cow<'a, [u8]>> {
    if size.len() != stride.len() {
        return Err("a tensor's size and stride differ in length".to_owned());
    }
    let count = size.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).ok_or_else(outside)?;
    let mut expected = 1;
    let is_contiguous = size.iter().zip(stride).rev().all(|(size, stride)| {
        let fits = *size == 1 || *stride == expected;
        // no overflow where no side is zero, by the count above; an empty view fits anywhere
        expected = usize::saturating_mul(expected, (*size).max(1));
        fits
    });
    if is_contiguous {
        let end = count.checked_mul(width).ok_or_else(outside)?;
        return bytes.get(..end).map(Cow::Borrowed).ok_or_else(outside);
    }
    let mut out = Vec::with_capacity(count * width);
    let mut index = vec![0usize; size.len()];
    for _ in 0..count {
        let at = index.iter().zip(stride).try_fold(0usize, |at, (i, s)| at.checked_add(i.checked_mul(*s)?));
        let start = at.and_then(|at| at.checked_mul(width)).ok_or_else(outside)?;
        let element = bytes.get(start..start.saturating_add(width)).ok_or_else(outside)?;
        out.extend_from_slice(element);
        for (i, size) in index.iter_mut().zip(size).rev() {
            *i += 1;
            if *i < *size {
                break;
            }
            *i = 0;
        }
    }
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permuted_views_are_gathered_in_row_major_order() {
        let bytes: Vec<u8> = (0..12).collect();
        let gathered =
            |bytes, width, size: &[usize], stride: &[usize]| gather(bytes, width, size, stride).unwrap();
        assert_eq!(*gathered(&bytes, 1, &[3, 4], &[1, 3]), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert_eq!(*gathered(&bytes, 2, &[2, 2], &[2, 1]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(gather(&bytes, 4, &[4], &[1]).is_err());
        let huge = usize::MAX / 2;
        assert!(gather(&bytes, 4, &[2, 2], &[1, huge]).is_err());
        assert!(gathered(&bytes, 1, &[0, huge, huge], &[1, 1, 1]).is_empty());
    }

    #[test]
    fn a_view_reaches_no_further_than_its_storage() {
        let extent = |size: &[usize], stride: &[usize]| View { offset: 0, size, stride }.extent();
        assert_eq!(extent(&[3, 4], &[1, 3]), Some(12));
        assert_eq!(extent(&[1000, 2], &[0, 1]), Some(2));
        assert_eq!(extent(&[], &[]), Some(1));
        assert_eq!(extent(&[0, 5], &[5, 1]), Some(0));
        assert_eq!(extent(&[usize::MAX, usize::MAX], &[usize::MAX, 1]), None);
        assert_eq!(extent(&[2], &[1, 1]), None);
    }
}
