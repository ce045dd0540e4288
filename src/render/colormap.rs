//! Colour tables: one PNG each, read by the shader and by the legend.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colormap {
    Viridis,
    #[default]
    Inferno,
    Magma,
    Turbo,
    Grey,
    /// Old papers look like this; it is not perceptually even.
    Jet,
    /// Diverging, for signed differences.
    Difference,
}

const FILES: [(Colormap, &str, &[u8]); 7] = [
    (Colormap::Viridis, "Viridis", include_bytes!("../../assets/colormaps/viridis.png")),
    (Colormap::Inferno, "Inferno", include_bytes!("../../assets/colormaps/inferno.png")),
    (Colormap::Magma, "Magma", include_bytes!("../../assets/colormaps/magma.png")),
    (Colormap::Turbo, "Turbo", include_bytes!("../../assets/colormaps/turbo.png")),
    (Colormap::Grey, "Grey", include_bytes!("../../assets/colormaps/grey.png")),
    (Colormap::Jet, "Jet (paper look)", include_bytes!("../../assets/colormaps/jet.png")),
    (Colormap::Difference, "Difference", include_bytes!("../../assets/colormaps/difference.png")),
];

/// 256 colours.
pub type Lut = [[u8; 3]; 256];

/// All tables, in the order of `Colormap::row`.
pub fn luts() -> &'static [Lut] {
    static LUTS: OnceLock<Vec<Lut>> = OnceLock::new();
    LUTS.get_or_init(|| FILES.iter().map(|(.., png)| decode(png)).collect())
}

fn decode(png: &[u8]) -> Lut {
    let mut lut = [[0; 3]; 256];
    // the files are part of the program; a test reads each of them
    let Ok(image) = image::load_from_memory(png) else { return lut };
    for (x, colour) in lut.iter_mut().enumerate() {
        *colour = image.to_rgb8().get_pixel(x as u32, 0).0;
    }
    lut
}

impl Colormap {
    /// For magnitudes; the diverging one is chosen by the difference mode.
    pub const CHOICES: [Self; 6] =
        [Self::Viridis, Self::Inferno, Self::Magma, Self::Turbo, Self::Grey, Self::Jet];

    pub fn row(self) -> usize {
        FILES.iter().position(|(map, ..)| *map == self).unwrap_or(0)
    }

    pub fn label(self) -> &'static str {
        FILES[self.row()].1
    }

    /// Colour of a value in 0..1.
    pub fn sample(self, value: f32) -> [u8; 3] {
        luts()[self.row()][(value.clamp(0.0, 1.0) * 255.0 + 0.5) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_runs_from_one_colour_to_another() {
        for (map, name, png) in FILES {
            let image = image::load_from_memory(png).expect(name);
            assert_eq!((image.width(), image.height()), (256, 1), "{name}");
            assert_ne!(map.sample(0.0), map.sample(1.0), "{name}");
        }
    }
}
