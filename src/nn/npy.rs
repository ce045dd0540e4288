//! NumPy's `.npy`: one array of little-endian floats, rows or columns first.

/// Values widened to `f64`, in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyArray {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    #[error("it does not start like a NumPy array")]
    NotNpy,
    #[error("its header cannot be read")]
    Header,
    #[error(
        "its values are {found}; expected little-endian floats ('<f2', '<f4' or '<f8'): save it with `np.save(path, a.astype('<f4'))`"
    )]
    Layout { found: String },
    #[error("it holds {found} values and its shape {shape:?} needs {expected}")]
    Length { found: usize, expected: usize, shape: Vec<usize> },
}

/// Reads a whole file's bytes.
pub fn parse_npy(bytes: &[u8]) -> Result<NpyArray, NpyError> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NpyError::NotNpy)?;
    let short = |at: usize| rest.get(at).copied().map(usize::from).ok_or(NpyError::Header);
    // version 1 counts the header in two bytes, later ones in four
    let (length, start) = match rest.first() {
        Some(1) => (short(2)? | short(3)? << 8, 4),
        Some(_) => (short(2)? | short(3)? << 8 | short(4)? << 16 | short(5)? << 24, 6),
        None => return Err(NpyError::Header),
    };
    let end = length.checked_add(start).ok_or(NpyError::Header)?;
    let header = rest.get(start..end).and_then(|h| std::str::from_utf8(h).ok()).ok_or(NpyError::Header)?;
    let shape = shape_of(header).ok_or(NpyError::Header)?;
    let width = match header {
        h if h.contains("'<f2'") => Some(2),
        h if h.contains("'<f4'") => Some(4),
        h if h.contains("'<f8'") => Some(8),
        _ => None,
    };
    let width = width.ok_or_else(|| NpyError::Layout { found: header.trim().to_owned() })?;
    let body = &rest[end..];
    let expected = shape.iter().try_fold(1usize, |n, side| n.checked_mul(*side)).ok_or(NpyError::Header)?;
    let found = body.len() / width;
    if found != expected || body.len() % width != 0 {
        return Err(NpyError::Length { found, expected, shape });
    }
    let values: Vec<f64> = match width {
        2 => body.as_chunks::<2>().0.iter().map(|c| half::f16::from_le_bytes(*c).to_f64()).collect(),
        4 => body.as_chunks::<4>().0.iter().map(|c| f64::from(f32::from_le_bytes(*c))).collect(),
        _ => body.as_chunks::<8>().0.iter().map(|c| f64::from_le_bytes(*c)).collect(),
    };
    let is_columns_first = header.contains("'fortran_order': True");
    let values = if is_columns_first { rows_first(&values, &shape) } else { values };
    Ok(NpyArray { shape, values })
}

/// From Fortran order, in which the first index changes fastest.
fn rows_first(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, side)| at * side + i);
        out.push(values[at]);
        for (i, side) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *side {
                break;
            }
            *i = 0;
        }
    }
    out
}

fn shape_of(header: &str) -> Option<Vec<usize>> {
    let (_, rest) = header.split_once("'shape':")?;
    let (inside, _) = rest.split_once('(')?.1.split_once(')')?;
    inside.split(',').map(str::trim).filter(|t| !t.is_empty()).map(|t| t.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes().chain(body.iter().copied()));
        bytes
    }

    #[test]
    fn floats_of_both_widths_are_read() {
        let body: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let found = parse_npy(&npy("<f4", "(1, 2)", &body)).expect("reads");
        assert_eq!((found.shape, found.values), (vec![1, 2], vec![1.5, -2.0]));
        let found = parse_npy(&npy("<f8", "(1,)", &0.25f64.to_le_bytes())).expect("reads");
        assert_eq!(found.values, [0.25]);
    }

    #[test]
    fn half_floats_and_columns_first_are_read() {
        let body: Vec<u8> = (0..6u16).flat_map(|v| half::f16::from_f32(f32::from(v)).to_le_bytes()).collect();
        let bytes = npy("<f2", "(2, 3)", &body);
        assert_eq!(parse_npy(&bytes).expect("reads").values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let at = bytes.windows(5).position(|w| w == b"False").expect("is there");
        let mut columns = bytes.clone();
        columns[at..at + 5].copy_from_slice(b"True ");
        assert_eq!(parse_npy(&columns).expect("reads").values, [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn what_is_wrong_with_an_array_is_said() {
        let error = |bytes: &[u8]| parse_npy(bytes).expect_err("is wrong").to_string();
        assert!(error(&npy("<i4", "(1,)", &[0; 4])).contains("<f4"));
        assert!(error(&npy("<f4", "(3,)", &[0; 4])).contains("holds 1 values"));
        assert!(error(b"PK").contains("NumPy"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), shape in "[0-9,() ]{0,30}") {
            let _ = parse_npy(&bytes);
            let _ = parse_npy(&npy("<f4", &shape, &bytes));
        }
    }
}
