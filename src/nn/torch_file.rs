//! Tensors from files that PyTorch wrote: zip archives, the older stream format, and pickles that
//! carry such a stream inside.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::NnError;
use super::pickle::{self, Object, Value};

type Result<T> = std::result::Result<T, String>;

/// Every tensor in the file by its dotted name; a bare tensor is called "".
///
/// Wrappers (`state_dict`, `model`, ...) stay part of the names.
pub fn read_tensors(path: &Path) -> std::result::Result<BTreeMap<String, Tensor>, NnError> {
    let bytes = std::fs::read(path).map_err(NnError::io(path))?;
    from_bytes(&bytes).map_err(|what| NnError::format(path, what))
}

/// The same from memory.
pub fn from_bytes(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>> {
    let file = match bytes {
        [b'P', b'K', ..] => zip_archive(bytes)?,
        [0x80, 2, 0x8a, 10, ..] => stream(bytes)?,
        _ => {
            let root = pickle::read(&mut &bytes[..]).map_err(|reason| {
                format!("this is no PyTorch file: expected a zip archive or a pickle, as `torch.save` writes them, and found neither ({reason})")
            })?;
            File { root, storages: HashMap::new() }
        }
    };
    let mut found = Found { tensors: BTreeMap::new(), bytes_left: bytes.len().saturating_mul(MAX_UNFOLDING) };
    file.collect("", &file.root, &mut found)?;
    if found.tensors.is_empty() {
        return Err("the file holds no tensors".to_owned());
    }
    Ok(found.tensors)
}

/// Tied weights and expanded views are stored once and read as often as they are named; a
/// checkpoint that grows more than this by it is none.
const MAX_UNFOLDING: usize = 64;

struct Found {
    tensors: BTreeMap<String, Tensor>,
    bytes_left: usize,
}

impl Found {
    fn add(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        let size = tensor.elem_count() * tensor.dtype().size_in_bytes();
        self.bytes_left = self.bytes_left.checked_sub(size).ok_or_else(|| {
            format!("the file's tensors are over {MAX_UNFOLDING} times as large as the file")
        })?;
        self.tensors.insert(name.to_owned(), tensor);
        Ok(())
    }
}

struct File {
    root: Value,
    storages: HashMap<String, Vec<u8>>,
}

/// PyTorch stores its members uncompressed; their directory is read here because a general zip
/// reader refuses some of the archives that PyTorch writes.
fn zip_archive(bytes: &[u8]) -> Result<File> {
    const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
    let damaged = || "the zip archive is damaged".to_owned();
    let field = |at: usize, width: usize| {
        let bytes = bytes.get(at..at.checked_add(width)?)?;
        Some(bytes.iter().rev().fold(0usize, |n, byte| n << 8 | usize::from(*byte)))
    };
    let end = bytes.windows(4).rposition(|window| window == DIRECTORY_END).ok_or_else(damaged)?;
    let (Some(count), Some(mut at)) = (field(end + 10, 2), field(end + 16, 4)) else { return Err(damaged()) };
    let mut root = None;
    let mut storages = HashMap::new();
    for _ in 0..count {
        let [Some(method), Some(size), Some(name_size), Some(extra), Some(comment), Some(start)] =
            [(10, 2), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4)]
                .map(|(offset, width)| field(at + offset, width))
        else {
            return Err(damaged());
        };
        let name = bytes.get(at + 46..at + 46 + name_size).ok_or_else(damaged)?;
        let name = String::from_utf8_lossy(name);
        at += 46 + name_size + extra + comment;
        let Some((_, inner)) = name.split_once('/') else { continue };
        let (Some(local_name), Some(local_extra)) = (field(start + 26, 2), field(start + 28, 2)) else {
            return Err(damaged());
        };
        let data = start + 30 + local_name + local_extra;
        let content =
            bytes.get(data..data.saturating_add(size)).filter(|_| method == 0).ok_or_else(damaged)?;
        if inner == "data.pkl" {
            root = Some(pickle::read(&mut &content[..])?);
        } else if let Some(key) = inner.strip_prefix("data/") {
            storages.insert(key.to_owned(), content.to_vec());
        }
    }
    Ok(File { root: root.ok_or("the archive has no data.pkl")?, storages })
}

/// PyTorch before 1.6: magic number, version and system as pickles, the tree, the list of storage
/// keys, then for each key a count and the raw values.
fn stream(bytes: &[u8]) -> Result<File> {
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
        let (data, tail) = tail.split_at_checked(size).ok_or("the file ends early")?;
        storages.insert(key.to_owned(), data.to_vec());
        rest = tail;
    }
    Ok(File { root, storages })
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

impl File {
    fn collect(&self, name: &str, value: &Value, out: &mut Found) -> Result<()> {
        match value {
            Value::Dict(items) => self.collect_items(name, &items.borrow(), out),
            Value::Object(object) if object.callable.is_class("torch._utils._rebuild_tensor_v2") => {
                match self.tensor(object) {
                    Ok(tensor) => out.add(name, tensor)?,
                    // Counters and masks of rare types; a network that needs one will say so.
                    Err(what) => tracing::warn!("skipped {name}: {what}"),
                }
                Ok(())
            }
            Value::Object(object) if object.callable.is_class("torch._utils._rebuild_parameter") => object
                .args
                .tuple()
                .and_then(<[_]>::first)
                .map_or(Ok(()), |value| self.collect(name, value, out)),
            Value::Object(object) => {
                self.collect_items(name, &object.items.borrow(), out)?;
                // A whole module: its tensors lie in three dictionaries of its state.
                if let Some(Value::Dict(state)) = &*object.state.borrow() {
                    for (key, value) in state.borrow().iter() {
                        if let Some("_parameters" | "_buffers" | "_modules") = key.text() {
                            self.collect(name, value, out)?;
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn collect_items(&self, name: &str, items: &[(Value, Value)], out: &mut Found) -> Result<()> {
        for (key, value) in items {
            let Some(key) = key.text() else { continue };
            let name = if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
            self.collect(&name, value, out)?;
        }
        Ok(())
    }

    /// Follows `_rebuild_tensor_v2(storage, offset, size, stride, ..)`.
    fn tensor(&self, object: &Object) -> Result<Tensor> {
        let Some([storage, offset, size, stride, ..]) = object.args.tuple() else {
            return Err("a tensor without a storage".to_owned());
        };
        let (Some(offset), Some(size), Some(stride)) = (offset.size(), size.sizes(), stride.sizes()) else {
            return Err("a tensor without a shape".to_owned());
        };
        let nested;
        let (id, storages) = match storage {
            Value::Persistent(id) => (id, &self.storages),
            Value::Object(load) if load.callable.is_class("torch.storage._load_from_bytes") => {
                let Some([Value::Bytes(bytes)]) = load.args.tuple() else {
                    return Err("a storage without bytes".to_owned());
                };
                nested = stream(bytes)?;
                let Value::Persistent(id) = &nested.root else { return Err("no storage inside".to_owned()) };
                (id, &nested.storages)
            }
            other => return Err(format!("not a storage but {}", other.kind())),
        };
        let (key, dtype) = storage_id(id)?;
        let bytes = storages.get(&key).ok_or_else(|| format!("storage {key} is missing"))?;
        let bytes = gather(bytes, dtype.size_in_bytes(), offset, &size, &stride)?;
        Tensor::from_raw_buffer(&bytes, dtype, &size, &Device::Cpu).map_err(|e| e.to_string())
    }
}

/// The elements of a strided view, in row-major order.
fn gather(bytes: &[u8], width: usize, offset: usize, size: &[usize], stride: &[usize]) -> Result<Vec<u8>> {
    let outside = || "a tensor reaches outside its storage".to_owned();
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
        let end = offset.checked_add(count).and_then(|end| end.checked_mul(width)).ok_or_else(outside)?;
        return Ok(bytes.get(end - count * width..end).ok_or_else(outside)?.to_vec());
    }
    if count > bytes.len() / width * 64 {
        return Err(outside()); // an expanded view far larger than its storage
    }
    let mut out = Vec::with_capacity(count * width);
    let mut index = vec![0usize; size.len()];
    for _ in 0..count {
        let at = index.iter().zip(stride).try_fold(offset, |at, (i, s)| at.checked_add(i.checked_mul(*s)?));
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
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permuted_views_are_gathered_in_row_major_order() {
        let bytes: Vec<u8> = (0..12).collect();
        assert_eq!(gather(&bytes, 1, 0, &[3, 4], &[1, 3]).unwrap(), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert_eq!(gather(&bytes, 2, 1, &[2, 2], &[2, 1]).unwrap(), [2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(gather(&bytes, 4, 1, &[3], &[1]).is_err());
        let huge = usize::MAX / 2;
        assert!(gather(&bytes, 4, huge, &[1], &[1]).is_err());
        assert!(gather(&bytes, 4, huge, &[2, 2], &[1, huge]).is_err());
        assert!(gather(&bytes, 1, 0, &[0, huge, huge], &[1, 1, 1]).unwrap().is_empty());
    }
}
