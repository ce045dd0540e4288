//! The tensors and the wiring of an ONNX file, as far as converting weights needs them.
//!
//! Protocol-buffer field numbers are those of onnx.proto3 (ModelProto, GraphProto, NodeProto,
//! TensorProto).

use std::collections::HashMap;

/// A stored tensor. Values wider than a byte are little-endian.
pub struct Initializer {
    pub dims: Vec<usize>,
    pub data: TensorData,
}

pub enum TensorData {
    F32(Vec<f32>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    /// A type no network here needs.
    Other,
}

pub struct Node {
    pub op: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
}

pub struct Graph {
    pub initializers: HashMap<String, Initializer>,
    pub nodes: Vec<Node>,
}

type Result<T> = std::result::Result<T, String>;

/// Parses a model. `external` is the file beside it that holds the larger tensors, if it has one.
pub fn read(model: &[u8], external: &[u8]) -> Result<Graph> {
    let mut graph = Graph { initializers: HashMap::new(), nodes: Vec::new() };
    for field in Fields(model) {
        let (7, Field::Bytes(content)) = field? else { continue };
        for field in Fields(content) {
            match field? {
                (1, Field::Bytes(node)) => graph.nodes.push(read_node(node)?),
                (5, Field::Bytes(tensor)) => {
                    let (name, tensor) = read_tensor(tensor, external)?;
                    graph.initializers.insert(name, tensor);
                }
                _ => {}
            }
        }
    }
    if graph.initializers.is_empty() {
        return Err("the file holds no ONNX graph with weights".to_owned());
    }
    Ok(graph)
}

enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed(&'a [u8]),
}

/// Iterates over a message's fields as (number, content).
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.field().ok_or_else(|| "the ONNX file is damaged".to_owned()))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let key = varint(&mut self.0)?;
        let content = match key & 7 {
            0 => Field::Varint(varint(&mut self.0)?),
            1 => Field::Fixed(self.take(8)?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, content))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read_node(bytes: &[u8]) -> Result<Node> {
    let mut node = Node { op: String::new(), inputs: Vec::new(), outputs: Vec::new() };
    for field in Fields(bytes) {
        match field? {
            (1, Field::Bytes(name)) => node.inputs.push(text(name)),
            (2, Field::Bytes(name)) => node.outputs.push(text(name)),
            (4, Field::Bytes(op)) => node.op = text(op),
            _ => {}
        }
    }
    Ok(node)
}

fn read_tensor(bytes: &[u8], external: &[u8]) -> Result<(String, Initializer)> {
    let (mut name, mut dims, mut kind) = (String::new(), Vec::new(), 0);
    let (mut raw, mut inline, mut place) = (None, Vec::new(), HashMap::new());
    for field in Fields(bytes) {
        match field? {
            (1, Field::Varint(dim)) => dims.push(dim as usize),
            (1, Field::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    dims.push(varint(&mut packed).ok_or("the ONNX file is damaged")? as usize);
                }
            }
            (2, Field::Varint(value)) => kind = value,
            (4, Field::Bytes(packed)) => inline.extend_from_slice(packed),
            (4, Field::Fixed(value)) => inline.extend_from_slice(value),
            // Bytes may be spelt as integers; their low byte is what counts.
            (5, Field::Varint(value)) => inline.push(value as u8),
            (5, Field::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    inline.push(varint(&mut packed).ok_or("the ONNX file is damaged")? as u8);
                }
            }
            (8, Field::Bytes(value)) => name = text(value),
            (9, Field::Bytes(value)) => raw = Some(value),
            (13, Field::Bytes(entry)) => {
                let (mut key, mut value) = (String::new(), String::new());
                for field in Fields(entry) {
                    match field? {
                        (1, Field::Bytes(bytes)) => key = text(bytes),
                        (2, Field::Bytes(bytes)) => value = text(bytes),
                        _ => {}
                    }
                }
                place.insert(key, value);
            }
            _ => {}
        }
    }
    let bytes = match (raw, place.is_empty()) {
        (Some(raw), _) => raw,
        (None, true) => &inline,
        (None, false) => {
            let number = |key| place.get(key).and_then(|value: &String| value.parse::<usize>().ok());
            let start = number("offset").unwrap_or(0);
            let end = number("length").map_or(external.len(), |length| start.saturating_add(length));
            external.get(start..end).ok_or_else(|| format!("{name} reaches outside the data file"))?
        }
    };
    let data = match kind {
        1 => TensorData::F32(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        2 => TensorData::U8(bytes.to_vec()),
        3 => TensorData::I8(bytes.iter().map(|b| *b as i8).collect()),
        10 => TensorData::F32(
            bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        ),
        _ => TensorData::Other,
    };
    Ok((name, Initializer { dims, data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    #[test]
    fn inline_and_external_tensors_are_read() {
        let inline = [&[8, 2, 16, 3][..], &field(8, b"q"), &field(9, &[1, 0xff])].concat();
        let entry = |key: &[u8], value: &[u8]| field(13, &[field(1, key), field(2, value)].concat());
        let outside =
            [&[8, 1, 16, 1][..], &field(8, b"w"), &entry(b"offset", b"4"), &entry(b"length", b"4")].concat();
        let node = [field(1, b"x"), field(1, b"q"), field(2, b"y"), field(4, b"MatMul")].concat();
        let graph = [field(1, &node), field(5, &inline), field(5, &outside)].concat();
        let external = [[0u8; 4], 1.5f32.to_le_bytes()].concat();
        let graph = read(&field(7, &graph), &external).unwrap();
        assert!(matches!(&graph.initializers["q"].data, TensorData::I8(v) if v == &[1, -1]));
        assert!(matches!(&graph.initializers["w"].data, TensorData::F32(v) if v == &[1.5]));
        assert_eq!(graph.nodes[0].inputs, ["x", "q"]);
    }

    #[test]
    fn damaged_files_are_errors() {
        assert!(read(b"\x3a\xff\x01", b"").is_err());
        assert!(read(b"", b"").is_err());
    }
}
