//! Turns what sources give (ONNX, PyTorch files) into the safetensors files that networks open.

mod clip_openai;
mod unisal_torch;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::models::Convert;
use super::onnx::{self, Initializer, TensorData};
use super::torch_file::{self, TorchFile};
use super::{NnError, safetensors_names};

type Tensors = HashMap<String, Tensor>;

/// Writes the files of a model into `folder` from the members of its archive.
pub fn convert(kind: Convert, members: &[Vec<u8>], folder: &Path) -> Result<(), NnError> {
    let weights = folder.join("model.safetensors");
    let broken = |what: String| NnError::format(folder, what);
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).map_err(NnError::io(path));
    match (kind, members) {
        (Convert::ClipOpenai, [file]) => {
            let tensors = torch_file::from_bytes(file).map_err(broken)?;
            save(&clip_openai::renamed(tensors)?, &weights)
        }
        (Convert::UnisalTorch, [file]) => {
            let tensors = torch_file::from_bytes(file).map_err(broken)?;
            save(&unisal_torch::folded(&tensors).map_err(broken)?, &weights)
        }
        (Convert::ClipInt8Onnx, [model]) => save(&clip_from_int8(model).map_err(broken)?, &weights),
        (Convert::UnisalOnnx, [model, data]) => save(&floats(model, data).map_err(broken)?, &weights),
        (Convert::TorchF16, [file]) => {
            let tensors = torch_file::from_bytes(file).map_err(broken)?;
            save(&halves(tensors)?, &weights)
        }
        (Convert::Minilm, [model, tokenizer]) => {
            // in half precision whatever the source, so that all sources say the same
            save(&halves(candle_core::safetensors::load_buffer(model, &Device::Cpu)?)?, &weights)?;
            write(&folder.join("tokenizer.json"), tokenizer)
        }
        (Convert::ClipBridge, [names_b32, anchors_b32, anchors_b16, names]) => {
            let rows = |bytes: &[u8]| bare_matrix(bytes).map_err(broken);
            let vectors =
                bridge(&rows(names_b32)?, &rows(anchors_b32)?, &rows(anchors_b16)?).map_err(broken)?;
            save(&vectors, &folder.join("bridge.safetensors"))?;
            let names = sorted_names(names).map_err(broken)?;
            write(&folder.join("names.json"), names.as_bytes())
        }
        (Convert::ImagenetNames, [script]) => {
            let names = names_in_script(&String::from_utf8_lossy(script)).map_err(broken)?;
            write(&folder.join("names.json"), names.as_bytes())
        }
        (kind, members) => Err(broken(format!("{kind:?} does not take {} files", members.len()))),
    }
}

/// The tensors of a whole CLIP checkpoint, under Hugging Face's names; `None` if it is none.
pub fn clip_checkpoint(path: &Path) -> Result<Option<Tensors>, NnError> {
    if path.extension().is_some_and(|extension| extension == "safetensors") {
        let names = safetensors_names(path)?;
        let is_clip = ["vision_model.embeddings.class_embedding", "text_model.final_layer_norm.weight"]
            .iter()
            .all(|wanted| names.iter().any(|name| name == wanted));
        return is_clip.then(|| Ok(candle_core::safetensors::load(path, &Device::Cpu)?)).transpose();
    }
    let file = TorchFile::open(path)?;
    if !clip_openai::is_openai(file.names()) {
        return Ok(None);
    }
    let tensors = file.all().map_err(|what| NnError::format(path, what))?;
    Ok(Some(clip_openai::renamed(tensors)?))
}

fn halves(tensors: impl IntoIterator<Item = (String, Tensor)>) -> Result<Tensors, candle_core::Error> {
    let floats = tensors.into_iter().filter(|(_, tensor)| tensor.dtype().is_float());
    floats.map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F16)?))).collect()
}

fn save(tensors: &Tensors, path: &Path) -> Result<(), NnError> {
    Ok(candle_core::safetensors::save(tensors, path)?)
}

fn tensor(dims: &[usize], values: Vec<f32>) -> Result<Tensor, String> {
    Tensor::from_vec(values, dims, &Device::Cpu).map_err(|error| error.to_string())
}

/// Every f32 initialiser under its own name.
fn floats(model: &[u8], data: &[u8]) -> Result<Tensors, String> {
    let graph = onnx::read(model, data)?;
    let floats = graph.initializers.into_iter().filter_map(|(name, Initializer { dims, data })| match data {
        TensorData::F32(values) => Some(tensor(&dims, values).map(|tensor| (name, tensor))),
        _ => None,
    });
    floats.collect()
}

/// The image tower under its Hugging Face names, as f16.
///
/// Matrices are stored as 8-bit integers with a scale and zero point per output column, without a
/// usable name; the node that multiplies by one is named for the layer it belongs to.
fn clip_from_int8(model: &[u8]) -> Result<Tensors, String> {
    let graph = onnx::read(model, &[])?;
    let half = |tensor: Tensor| tensor.to_dtype(DType::F16).map_err(|error| error.to_string());
    let mut tensors = Tensors::new();
    for (name, Initializer { dims, data }) in &graph.initializers {
        if let (TensorData::F32(values), false) = (data, name.starts_with("onnx::")) {
            tensors.insert(name.clone(), half(tensor(dims, values.clone())?)?);
        }
    }
    for node in graph.nodes.iter().filter(|node| node.op == "MatMulInteger") {
        let (Some(matrix), Some(output)) = (node.inputs.get(1), node.outputs.first()) else { continue };
        let layer = match output.split_once("/MatMul") {
            Some((path, _)) => path.trim_start_matches('/').replace('/', "."),
            None => "visual_projection".to_owned(), // its output is the model's own, `image_embeds`
        };
        let weight = dequantise(&graph, matrix).map_err(|what| format!("{layer}: {what}"))?;
        tensors.insert(format!("{layer}.weight"), half(weight)?);
    }
    Ok(tensors)
}

/// W = (q - zero point) * scale per column, transposed to [out, in].
fn dequantise(graph: &onnx::Graph, matrix: &str) -> Result<Tensor, String> {
    let base = matrix.strip_suffix("_quantized").ok_or("not a quantised matrix")?;
    let find = |suffix: &str| {
        graph.initializers.get(&format!("{base}{suffix}")).ok_or_else(|| format!("{base}{suffix} is missing"))
    };
    let (matrix, scale, zero) = (find("_quantized")?, find("_scale")?, find("_zero_point")?);
    let (TensorData::F32(scale), &[rows, columns]) = (&scale.data, &matrix.dims[..]) else {
        return Err("unexpected quantisation".to_owned());
    };
    let widen = |data: &TensorData| match data {
        TensorData::I8(values) => Ok(values.iter().map(|v| f32::from(*v)).collect::<Vec<_>>()),
        TensorData::U8(values) => Ok(values.iter().map(|v| f32::from(*v)).collect()),
        _ => Err("the matrix is not made of bytes".to_owned()),
    };
    let (values, zero) = (widen(&matrix.data)?, widen(&zero.data)?);
    if values.len() != rows * columns || [scale.len(), zero.len()].iter().any(|n| ![1, columns].contains(n)) {
        return Err("scales and matrix differ in size".to_owned());
    }
    let at = |values: &[f32], column: usize| values[if values.len() == 1 { 0 } else { column }];
    let transposed = (0..columns).flat_map(|column| {
        let (scale, zero, values) = (at(scale, column), at(&zero, column), &values);
        (0..rows).map(move |row| (values[row * columns + column] - zero) * scale)
    });
    tensor(&[columns, rows], transposed.collect())
}

/// A pickled bare matrix of CLIP vectors, in f64, every row of length 1.
fn bare_matrix(bytes: &[u8]) -> Result<Vec<Vec<f64>>, String> {
    let tensors = torch_file::from_bytes(bytes)?;
    let matrix = tensors.get("").ok_or("not a bare tensor")?;
    let rows = matrix.to_dtype(DType::F64).and_then(|matrix| matrix.to_vec2::<f64>());
    Ok(rows.map_err(|error| error.to_string())?.into_iter().map(unit).collect())
}

fn unit(mut row: Vec<f64>) -> Vec<f64> {
    let length = row.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
    row.iter_mut().for_each(|v| *v /= length);
    row
}

fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v / rows.len() as f64);
    }
    mean
}

fn minus(rows: &[Vec<f64>], offset: &[f64]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| row.iter().zip(offset).map(|(v, o)| v - o).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Carries text vectors from CLIP ViT-B/32 to ViT-B/16 with a ridge map fitted on names that exist
/// in both, then centres them over the vocabulary.
///
/// The map is solved in its dual form: with few anchors, a system of their number.
fn bridge(names: &[Vec<f64>], from: &[Vec<f64>], to: &[Vec<f64>]) -> Result<Tensors, String> {
    const LAMBDA: f64 = 0.01;
    if from.is_empty() || from.len() != to.len() {
        return Err(format!("{} and {} anchor vectors do not pair up", from.len(), to.len()));
    }
    let (mean_from, mean_to) = (mean(from), mean(to));
    let (from, to) = (minus(from, &mean_from), minus(to, &mean_to));
    let mut kernel: Vec<Vec<f64>> = from.iter().map(|a| from.iter().map(|b| dot(a, b)).collect()).collect();
    kernel.iter_mut().enumerate().for_each(|(i, row)| row[i] += LAMBDA);
    let coefficients = solve(kernel, to);
    let map = |row: &Vec<f64>| {
        let mut mapped = mean_to.clone();
        for (anchor, coefficients) in from.iter().zip(&coefficients) {
            let weight = dot(row, anchor);
            mapped.iter_mut().zip(coefficients).for_each(|(m, c)| *m += weight * c);
        }
        unit(mapped)
    };
    let mapped: Vec<Vec<f64>> = minus(names, &mean_from).iter().map(map).collect();
    let centre = mean(&mapped);
    let vectors: Vec<f32> = minus(&mapped, &centre).into_iter().flat_map(unit).map(|v| v as f32).collect();
    let vectors = tensor(&[names.len(), centre.len()], vectors)?;
    let vectors = vectors.to_dtype(DType::F16).map_err(|error| error.to_string())?;
    let centre = tensor(&[centre.len()], centre.into_iter().map(|v| v as f32).collect())?;
    Ok([("vectors".to_owned(), vectors), ("centre".to_owned(), centre)].into())
}

/// Solves A X = B for a symmetric positive definite A by Gaussian elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for pivot in 0..a.len() {
        let (row_a, row_b) = (a[pivot].clone(), b[pivot].clone());
        for other in (0..a.len()).filter(|other| *other != pivot) {
            let factor = a[other][pivot] / row_a[pivot];
            a[other].iter_mut().zip(&row_a).for_each(|(v, p)| *v -= factor * p);
            b[other].iter_mut().zip(&row_b).for_each(|(v, p)| *v -= factor * p);
        }
    }
    for (i, row) in b.iter_mut().enumerate() {
        row.iter_mut().for_each(|v| *v /= a[i][i]);
    }
    b
}

/// The keys of a name-to-index table, lower-cased and sorted: the order of the vectors.
fn sorted_names(json: &[u8]) -> Result<String, String> {
    let table: HashMap<String, serde_json::Value> =
        serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let mut names: Vec<String> = table.into_keys().map(|name| name.to_lowercase()).collect();
    names.sort_unstable();
    serde_json::to_string(&names).map_err(|error| error.to_string())
}

/// The class names of a script that lists them as `0: 'name', 1: 'name' + 'continued', ..`.
fn names_in_script(script: &str) -> Result<String, String> {
    let (_, list) = script.split_once("= {").ok_or("the script holds no list")?;
    let mut names: Vec<String> = Vec::new();
    let mut rest = list;
    while let Some((key, after)) = rest.split_once(':') {
        if key.trim_matches(|c: char| c == ',' || c.is_whitespace()).parse() != Ok(names.len()) {
            break;
        }
        rest = after;
        let mut name = String::new();
        while let Some(after) = quoted(rest, &mut name) {
            rest = after;
        }
        names.push(name);
    }
    if names.len() != 1000 {
        return Err(format!("expected 1000 class names, found {}", names.len()));
    }
    serde_json::to_string(&names).map_err(|error| error.to_string())
}

/// Appends a quoted string, which a `+` may precede, to `text`; `None` when there is none.
fn quoted<'a>(script: &'a str, text: &mut String) -> Option<&'a str> {
    let mut chars = script.trim_start_matches(|c: char| c == '+' || c.is_whitespace()).chars();
    let quote = chars.next().filter(|c| matches!(c, '\'' | '"'))?;
    loop {
        match chars.next()? {
            '\\' => text.push(chars.next()?),
            c if c == quote => return Some(chars.as_str()),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names_are_read_from_a_script() {
        let lines: String = (3..1000).map(|i| format!("    {i}: 'c{i}',\n")).collect();
        let script = format!(
            "x.Y = {{\n    0: 'tench, Tinca',\n    1: 'jack-o\\'-lantern',\n    2: 'a, ' +\n        'b',\n{lines}}};"
        );
        let names: Vec<String> = serde_json::from_str(&names_in_script(&script).unwrap()).unwrap();
        assert_eq!(names[..4], ["tench, Tinca", "jack-o'-lantern", "a, b", "c3"]);
        assert!(names_in_script("= { 0: 'a' }").is_err());
    }

    #[test]
    fn a_linear_system_is_solved() {
        let x = solve(vec![vec![4.0, 1.0], vec![1.0, 3.0]], vec![vec![1.0], vec![2.0]]);
        assert!((x[0][0] - 1.0 / 11.0).abs() < 1e-12 && (x[1][0] - 7.0 / 11.0).abs() < 1e-12);
    }

    #[test]
    fn names_follow_the_order_of_the_vectors() {
        assert_eq!(
            sorted_names(br#"{"Zoo": 1, "air vent": 2, "air": 3}"#).unwrap(),
            r#"["air","air vent","zoo"]"#
        );
    }
}
