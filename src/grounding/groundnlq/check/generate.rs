//! The weights and inputs of cases that store none: numbers made from a name.

/// `off + scale * u` with u in -1..1, from splitmix64 seeded by the name's FNV-1a hash; every step is
/// exact in f32 or rounded once.
pub fn affine(name: &str, count: usize, off: f32, scale: f32) -> Vec<f32> {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (1..=count as u64)
        .map(|i| {
            let mut z = hash.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            let unit = 2.0 * ((z >> 40) as f32 / 16_777_216.0) - 1.0;
            off + scale * unit
        })
        .collect()
}

/// The tensor `key` of a model with this seed.
pub fn weight(seed: &str, key: &str, shape: &[usize]) -> Vec<f32> {
    let (off, scale) = if key.ends_with(".scale") {
        if shape.is_empty() { (1.0, 0.25) } else { (0.6, 0.3) }
    } else if key.ends_with(".bias") {
        match key {
            _ if shape.len() == 3 => (0.0, 0.2),
            "cls_head.cls_head.conv.bias" => (-2.0, 0.1),
            "reg_head.offset_head.conv.bias" => (0.5, 0.1),
            _ => (0.0, 0.1),
        }
    } else if shape.len() == 1 || (shape.len() == 3 && shape[0] == 1 && shape[2] == 1) {
        (1.0, 0.3)
    } else {
        let fan_in: usize = shape.iter().skip(1).product();
        (0.0, (3.0 / fan_in.max(1) as f64).sqrt() as f32)
    };
    affine(&format!("{seed}/w/{key}"), shape.iter().product(), off, scale)
}

/// The features of sample `index`, `kind` being `vid` or `txt`, one row a channel.
pub fn input(seed: &str, index: usize, kind: &str, count: usize) -> Vec<f32> {
    affine(&format!("{seed}/in/v{index}/{kind}"), count, 0.0, 1.0)
}
