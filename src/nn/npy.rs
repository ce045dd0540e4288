//! NumPy's `.npy`: one array of little-endian floats in C order.

/// Values widened to `f64`.
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
        "its values are {found}; expected little-endian floats ('<f4' or '<f8') in C order: save it with `np.save(path, np.ascontiguousarray(a, dtype='<f4'))`"
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
        h if h.contains("'fortran_order': True") => None,
        h if h.contains("'<f4'") => Some(4),
        h if h.contains("'<f8'") => Some(8),
        _ => None,
    };
    let width = width.ok_or_else(|| NpyError::Layout { found: header.trim().to_owned() })?;
    let body = &rest[end..];
    let expected = shape.iter().try_fold(1usize, |n, side| n.checked_mul(*side)).ok_or(NpyError::Header)?;
    let found = body.len() / width;
    if found != expected {
        return Err(NpyError::Length { found, expected, shape });
    }
    let values = if width == 4 {
        body.as_chunks::<4>().0.iter().map(|c| f64::from(f32::from_le_bytes(*c))).collect()
    } else {
        body.as_chunks::<8>().0.iter().map(|c| f64::from_le_bytes(*c)).collect()
    };
    Ok(NpyArray { shape, values })
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
