//! Solids built from boxes, lathed profiles, balls, capsules and tubes, with painted surfaces.
//! Metres, y up. Triangles are counter-clockwise from outside.

use glam::{Affine3A, Mat3, Vec3};
use libm::{cosf, sinf, sqrtf};

use crate::render::world::Vertex;

/// How a surface is painted; the numbers are the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    Plain = 0,
    Wood = 1,
    Tiles = 2,
    Stone = 3,
    Bands = 4,
    Dots = 5,
    Checks = 6,
    Metal = 7,
    Cloth = 8,
    Planks = 9,
    Plaster = 10,
    Screen = 11,
    Label = 12,
    Leaves = 13,
    Chevrons = 14,
}

/// A surface: two sRGB colours, a pattern with its size in metres, and gloss from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    pub colour: [u8; 3],
    pub second: [u8; 3],
    pub pattern: Pattern,
    pub size: f32,
    pub gloss: f32,
}

impl Paint {
    pub const fn plain(colour: [u8; 3], gloss: f32) -> Self {
        Self { colour, second: colour, pattern: Pattern::Plain, size: 0.1, gloss }
    }

    pub const fn with(self, pattern: Pattern, second: [u8; 3], size: f32) -> Self {
        Self { pattern, second, size, ..self }
    }

    pub const fn metal(colour: [u8; 3]) -> Self {
        Self { colour, second: colour, pattern: Pattern::Metal, size: 0.02, gloss: 0.8 }
    }
}

/// sRGB to the square root of linear light, which the renderer wants.
fn stored(srgb: u8) -> u8 {
    let v = f32::from(srgb) / 255.0;
    let linear = if v <= 0.040_45 { v / 12.92 } else { libm::powf((v + 0.055) / 1.055, 2.4) };
    (sqrtf(linear) * 255.0 + 0.5) as u8
}

/// Triangles of one part.
#[derive(Clone, Debug, Default)]
pub struct Solid {
    pub vertices: Vec<Vertex>,
    pub triangles: Vec<[u32; 3]>,
}

impl Solid {
    fn corner(&mut self, pos: Vec3, normal: Vec3, open: f32, paint: &Paint) -> u32 {
        let n = normal.normalize_or_zero().to_array().map(|v| (v * 127.0) as i8);
        let colour = paint.colour.map(stored);
        let second = paint.second.map(stored);
        self.vertices.push(Vertex {
            pos: pos.to_array(),
            normal: [n[0], n[1], n[2], (open.clamp(0.0, 1.0) * 127.0) as i8],
            colour: [colour[0], colour[1], colour[2], (paint.gloss * 255.0) as u8],
            second: [second[0], second[1], second[2], (paint.size * 510.0).clamp(1.0, 255.0) as u8],
            part: 0,
            pattern: paint.pattern as u16,
        });
        self.vertices.len() as u32 - 1
    }

    fn quad(&mut self, corners: [Vec3; 4], normal: Vec3, open: [f32; 4], paint: &Paint) {
        let at: Vec<u32> = corners.iter().zip(open).map(|(c, o)| self.corner(*c, normal, o, paint)).collect();
        self.triangles.push([at[0], at[1], at[2]]);
        self.triangles.push([at[0], at[2], at[3]]);
    }

    /// A box, a little darker towards its lower edge.
    pub fn block(&mut self, centre: Vec3, size: Vec3, paint: &Paint) {
        let h = size * 0.5;
        let axes = [Vec3::X, Vec3::Y, Vec3::Z];
        for axis in 0..3 {
            for sign in [1.0, -1.0] {
                let n = axes[axis] * sign;
                let (u, v) = (axes[(axis + 1) % 3], axes[(axis + 2) % 3]);
                let (hu, hv, hn) = (h[(axis + 1) % 3], h[(axis + 2) % 3], h[axis]);
                // counter-clockwise seen from outside: swapped on the far side
                let (a, b) = if sign > 0.0 { (u * hu, v * hv) } else { (v * hv, u * hu) };
                let corners = [-a - b, a - b, a + b, -a + b].map(|c| centre + n * hn + c);
                let open = corners.map(|c| match axis {
                    1 if sign < 0.0 => 0.45,
                    1 => 1.0,
                    _ if c.y < centre.y => 0.72,
                    _ => 1.0,
                });
                self.quad(corners, n, open, paint);
            }
        }
    }

    /// A flat four-sided piece with its own light from dark to bright at its corners.
    pub fn sheet(&mut self, corners: [Vec3; 4], open: [f32; 4], paint: &Paint) {
        let normal = (corners[1] - corners[0]).cross(corners[3] - corners[0]);
        self.quad(corners, normal, open, paint);
    }

    /// A profile of (radius, height) turned around the y axis, from bottom to top on the outside.
    /// Corners sharper than 35 degrees stay edges. A profile that turns back down draws an inside.
    pub fn lathe(&mut self, profile: &[[f32; 2]], sides: u32, paint: &Paint) {
        let slope = |i: usize| {
            let (a, b) = (profile[i], profile[i + 1]);
            let (dr, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = sqrtf(dr * dr + dy * dy).max(1e-6);
            [dy / length, -dr / length]
        };
        let segments = profile.len().saturating_sub(1);
        let lowest = profile.iter().map(|p| p[1]).fold(f32::MAX, f32::min);
        let highest = profile.iter().map(|p| p[1]).fold(f32::MIN, f32::max);
        let outer = profile.iter().map(|p| p[0]).fold(0.0, f32::max);
        for i in 0..segments {
            let n = slope(i);
            let blended = |j: usize| {
                let other = slope(j);
                let dot = n[0] * other[0] + n[1] * other[1];
                if dot > 0.82 { [(n[0] + other[0]) * 0.5, (n[1] + other[1]) * 0.5] } else { n }
            };
            let first = if i > 0 { blended(i - 1) } else { n };
            let last = if i + 1 < segments { blended(i + 1) } else { n };
            let mut rings = [0u32; 2];
            for (ring, (point, normal)) in
                [(profile[i], first), (profile[i + 1], last)].into_iter().enumerate()
            {
                let height = (point[1] - lowest) / (highest - lowest).max(1e-4);
                // the inside of a vessel sees less light the deeper it lies
                let is_inside = n[0] < -0.2 || (n[1] > 0.6 && point[1] < highest - 0.3 * outer && i > 0);
                let open = if is_inside { 0.35 + 0.55 * height } else { 0.62 + 0.38 * height };
                for side in 0..=sides {
                    let angle = std::f32::consts::TAU * side as f32 / sides as f32;
                    let (s, c) = (sinf(angle), cosf(angle));
                    let at = self.corner(
                        Vec3::new(point[0] * c, point[1], point[0] * s),
                        Vec3::new(normal[0] * c, normal[1], normal[0] * s),
                        open,
                        paint,
                    );
                    if side == 0 {
                        rings[ring] = at;
                    }
                }
            }
            for side in 0..sides {
                let (a, b) = (rings[0] + side, rings[1] + side);
                if profile[i][0] > 1e-5 {
                    self.triangles.push([a, b, a + 1]);
                }
                if profile[i + 1][0] > 1e-5 {
                    self.triangles.push([b, b + 1, a + 1]);
                }
            }
        }
    }

    /// A closed cylinder standing on `base`.
    pub fn drum(&mut self, base: Vec3, radius: f32, height: f32, sides: u32, paint: &Paint) {
        let mut drum = Self::default();
        drum.lathe(&[[0.0, 0.0], [radius, 0.0], [radius, height], [0.0, height]], sides, paint);
        self.add(&drum, Affine3A::from_translation(base));
    }

    /// An ellipsoid.
    pub fn ball(&mut self, centre: Vec3, radii: Vec3, sides: u32, paint: &Paint) {
        let mut ball = Self::default();
        let rings = (sides / 2).max(3);
        let profile: Vec<[f32; 2]> = (0..=rings)
            .map(|i| {
                let angle = std::f32::consts::PI * (i as f32 / rings as f32 - 0.5);
                [cosf(angle).max(0.0), sinf(angle)]
            })
            .collect();
        ball.lathe(&profile, sides, paint);
        self.add(&ball, Affine3A::from_scale_rotation_translation(radii, glam::Quat::IDENTITY, centre));
    }

    /// A rod with round ends from one point to another.
    pub fn capsule(&mut self, from: Vec3, to: Vec3, radii: [f32; 2], sides: u32, paint: &Paint) {
        let length = from.distance(to);
        let mut profile = Vec::new();
        for i in 0..=3 {
            let angle = std::f32::consts::FRAC_PI_2 * (i as f32 / 3.0 - 1.0);
            profile.push([radii[0] * cosf(angle).max(0.0), radii[0] * sinf(angle)]);
        }
        for i in 0..=3 {
            let angle = std::f32::consts::FRAC_PI_2 * (i as f32 / 3.0);
            profile.push([radii[1] * cosf(angle).max(0.0), length + radii[1] * sinf(angle)]);
        }
        let mut rod = Self::default();
        rod.lathe(&profile, sides, paint);
        rod.vertices.iter_mut().for_each(|v| v.normal[3] = 118);
        self.add(&rod, along(from, to));
    }

    /// A bent round bar through the points: handles, taps, loops.
    pub fn tube(&mut self, path: &[Vec3], radius: f32, sides: u32, paint: &Paint) {
        for pair in path.windows(2) {
            let mut piece = Self::default();
            let length = pair[0].distance(pair[1]);
            piece.lathe(&[[radius, -radius * 0.4], [radius, length + radius * 0.4]], sides, paint);
            piece.vertices.iter_mut().for_each(|v| v.normal[3] = 118);
            self.add(&piece, along(pair[0], pair[1]));
        }
    }

    /// Half a ring in the plane of `across` and y: a mug's ear.
    pub fn ear(&mut self, centre: Vec3, across: Vec3, radii: [f32; 2], thick: f32, paint: &Paint) {
        let path: Vec<Vec3> = (0..=6)
            .map(|i| {
                let angle = std::f32::consts::PI * (i as f32 / 6.0 - 0.5);
                centre + across * (radii[0] * cosf(angle)) + Vec3::Y * (radii[1] * sinf(angle))
            })
            .collect();
        self.tube(&path, thick, 6, paint);
    }

    /// Another solid, moved. Mirroring transforms are not for this.
    pub fn add(&mut self, other: &Self, transform: Affine3A) {
        let base = self.vertices.len() as u32;
        // normals of a stretched solid: the inverse transpose
        let turn = Mat3::from(transform.matrix3).inverse().transpose();
        self.vertices.extend(other.vertices.iter().map(|v| {
            let n = turn * Vec3::new(f32::from(v.normal[0]), f32::from(v.normal[1]), f32::from(v.normal[2]));
            let n = n.normalize_or_zero().to_array().map(|c| (c * 127.0) as i8);
            Vertex {
                pos: transform.transform_point3(Vec3::from(v.pos)).to_array(),
                normal: [n[0], n[1], n[2], v.normal[3]],
                ..*v
            }
        }));
        self.triangles.extend(other.triangles.iter().map(|t| t.map(|i| i + base)));
    }

    /// Lowest and highest corner of the box around it.
    pub fn bounds(&self) -> [Vec3; 2] {
        self.vertices.iter().fold([Vec3::MAX, Vec3::MIN], |[low, high], v| {
            let p = Vec3::from(v.pos);
            [low.min(p), high.max(p)]
        })
    }
}

/// From a rod along +y at the origin to one from `from` towards `to`.
pub fn along(from: Vec3, to: Vec3) -> Affine3A {
    let y = (to - from).normalize_or(Vec3::Y);
    let side = if y.x.abs() < 0.8 { Vec3::X } else { Vec3::Z };
    let z = side.cross(y).normalize_or(Vec3::Z);
    let x = y.cross(z);
    Affine3A::from_mat3_translation(Mat3::from_cols(x, y, z), from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every triangle of a closed convex solid faces away from its centre.
    fn faces_out(solid: &Solid) {
        let [low, high] = solid.bounds();
        let centre = (low + high) * 0.5;
        for t in &solid.triangles {
            let [a, b, c] = t.map(|i| Vec3::from(solid.vertices[i as usize].pos));
            let n = (b - a).cross(c - a);
            assert!(n.length() > 0.0 && n.dot((a + b + c) / 3.0 - centre) > 0.0, "{a} {b} {c}");
        }
    }

    #[test]
    fn solids_face_outwards() {
        let paint = Paint::plain([200, 100, 50], 0.2);
        for build in [
            |s: &mut Solid, p: &Paint| s.block(Vec3::new(1.0, 2.0, 3.0), Vec3::new(0.1, 0.4, 0.2), p),
            |s: &mut Solid, p: &Paint| s.drum(Vec3::ZERO, 0.3, 0.5, 12, p),
            |s: &mut Solid, p: &Paint| s.ball(Vec3::ONE, Vec3::new(0.1, 0.2, 0.3), 12, p),
            |s: &mut Solid, p: &Paint| s.capsule(Vec3::ZERO, Vec3::new(0.3, 0.2, 0.1), [0.05, 0.04], 8, p),
        ] {
            let mut solid = Solid::default();
            build(&mut solid, &paint);
            faces_out(&solid);
        }
    }

    #[test]
    fn a_rod_reaches_from_point_to_point() {
        let (a, b) = (Vec3::new(0.1, 0.2, 0.3), Vec3::new(-1.0, 0.5, 2.0));
        let place = along(a, b);
        assert!(place.transform_point3(Vec3::ZERO).distance(a) < 1e-6);
        assert!(place.transform_point3(Vec3::Y * a.distance(b)).distance(b) < 1e-5);
    }
}
