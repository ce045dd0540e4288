//! What can be seen of each actor in a picture, by a small depth buffer of its own: truth must not
//! depend on a graphics driver. Floats are added and multiplied in one order, so that a seed gives
//! the same bytes everywhere.

use super::stage::{Stage, View};
use crate::render::world::PartPose;

/// Pixels of the depth buffer along each side, whatever the picture's size.
pub const SIDE: usize = 128;
const NEAR: f32 = 0.06;
const NOBODY: u16 = u16::MAX;

/// One actor in one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    pub actor: usize,
    /// Left, top, right, bottom as fractions of the picture, cut at its edges: of all of it,
    /// hidden parts too.
    pub bounds: [f32; 4],
    /// Share of its own area, inside and outside of the picture, that is seen.
    pub share: f32,
    /// Pixels of the buffer in which it is seen.
    pub pixels: u32,
}

/// Reused from picture to picture.
pub struct SightBuffer {
    depth: Vec<f32>,
    owner: Vec<u16>,
    /// Who last counted a pixel as its own.
    counted: Vec<u16>,
    corners: Vec<[f32; 3]>,
}

impl Default for SightBuffer {
    fn default() -> Self {
        Self {
            depth: vec![0.0; SIDE * SIDE],
            owner: vec![NOBODY; SIDE * SIDE],
            counted: vec![NOBODY; SIDE * SIDE],
            corners: Vec::new(),
        }
    }
}

impl SightBuffer {
    /// Everything that is seen, in the order of the actors.
    pub fn look(&mut self, stage: &Stage, view: &View, poses: &[PartPose]) -> Vec<Seen> {
        self.depth.fill(0.0);
        self.owner.fill(NOBODY);
        self.counted.fill(NOBODY);
        // to the view once a part, then its corners
        let world = view.turn.inverse();
        let place = |pose: &PartPose, p: [f32; 3]| {
            let at = pose.rows.map(|r| r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + r[3]);
            (world * (glam::Vec3::from(at) - view.eye)).to_array()
        };
        self.corners.clear();
        self.corners.extend(stage.mesh.vertices.iter().map(|v| place(&poses[usize::from(v.part)], v.pos)));
        // what is fixed only hides
        let last = stage.actors.iter().flat_map(|a| &a.triangles).map(|r| r.end).max().unwrap_or(0);
        for triangle in stage.mesh.indices[last..].as_chunks::<3>().0 {
            self.fill(view.tangent, triangle, NOBODY);
        }
        let mut areas = vec![0u32; stage.actors.len()];
        for (index, actor) in stage.actors.iter().enumerate() {
            for range in &actor.triangles {
                for triangle in stage.mesh.indices[range.clone()].as_chunks::<3>().0 {
                    areas[index] += self.fill(view.tangent, triangle, index as u16);
                }
            }
        }
        let mut pixels = vec![0u32; stage.actors.len()];
        for owner in self.owner.iter().filter(|o| **o != NOBODY) {
            pixels[usize::from(*owner)] += 1;
        }
        (0..stage.actors.len())
            .filter_map(|actor| {
                let (bounds, inside) = self.bounds(stage, view.tangent, actor)?;
                let share = match areas[actor] {
                    0 => 0.0,
                    area => (pixels[actor] as f32 / area as f32).min(1.0) * inside,
                };
                Some(Seen { actor, bounds, share, pixels: pixels[actor] })
            })
            .collect()
    }

    /// Whose pixel this is; fractions of the picture.
    pub fn owner_at(&self, [x, y]: [f32; 2]) -> Option<usize> {
        let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
        let at = inside.then(|| (y * SIDE as f32) as usize * SIDE + (x * SIDE as f32) as usize)?;
        let owner = *self.owner.get(at)?;
        (owner != NOBODY).then_some(usize::from(owner))
    }

    /// Whether an actor is seen within a radius, in fractions of the picture.
    pub fn is_near(&self, [x, y]: [f32; 2], radius: f32, actor: usize) -> bool {
        let steps = [-1.0, -0.5, 0.0, 0.5, 1.0];
        steps
            .iter()
            .any(|dy| steps.iter().any(|dx| self.owner_at([x + dx * radius, y + dy * radius]) == Some(actor)))
    }

    /// Box of all its corners before the eye, cut to the picture, and the share of the box that
    /// lies in the picture. `None` when nothing of it does.
    fn bounds(&self, stage: &Stage, tangent: f32, actor: usize) -> Option<([f32; 4], f32)> {
        let mut whole = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for range in &stage.actors[actor].triangles {
            for index in &stage.mesh.indices[range.clone()] {
                let p = self.corners[*index as usize];
                if p[2] > -NEAR {
                    continue;
                }
                let (x, y) = (0.5 - 0.5 * p[0] / (p[2] * tangent), 0.5 + 0.5 * p[1] / (p[2] * tangent));
                whole = [whole[0].min(x), whole[1].min(y), whole[2].max(x), whole[3].max(y)];
            }
        }
        let cut = whole.map(|v| v.clamp(0.0, 1.0));
        let size = |b: [f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
        (whole[0] < whole[2] && size(cut) > 1e-7).then(|| (cut, (size(cut) / size(whole)).min(1.0)))
    }

    /// Draws a triangle and returns how many pixels are new to its owner, seen or not.
    fn fill(&mut self, tangent: f32, triangle: &[u32; 3], owner: u16) -> u32 {
        let corners = triangle.map(|i| self.corners[i as usize]);
        // nearer than the near plane: cut into one or two triangles
        let mut cut = [[0.0f32; 3]; 4];
        let mut count = 0;
        for i in 0..3 {
            let (a, b) = (corners[i], corners[(i + 1) % 3]);
            if a[2] <= -NEAR {
                cut[count] = a;
                count += 1;
            }
            if (a[2] <= -NEAR) != (b[2] <= -NEAR) {
                let t = (-NEAR - a[2]) / (b[2] - a[2]);
                cut[count] = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, -NEAR];
                count += 1;
            }
        }
        let half = SIDE as f32 * 0.5;
        let flat = cut.map(|p| {
            let inverse = -1.0 / p[2].min(-NEAR);
            [half + half * p[0] * inverse / tangent, half - half * p[1] * inverse / tangent, inverse]
        });
        let mut fresh = 0;
        for i in 2..count {
            fresh += self.fill_flat([flat[0], flat[i - 1], flat[i]], owner);
        }
        fresh
    }

    /// Corners are x and y in pixels and one over the distance.
    fn fill_flat(&mut self, [a, b, c]: [[f32; 3]; 3], owner: u16) -> u32 {
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        // y runs down: what faces the eye is clockwise here
        if area >= -1e-6 {
            return 0;
        }
        let bound = |values: [f32; 3]| {
            let low = values[0].min(values[1]).min(values[2]).max(0.0) as usize;
            let high = values[0].max(values[1]).max(values[2]).min(SIDE as f32 - 1.0);
            (low, if high < 0.0 { 0 } else { high as usize + 1 })
        };
        let ((x0, x1), (y0, y1)) = (bound([a[0], b[0], c[0]]), bound([a[1], b[1], c[1]]));
        let (x1, y1) = (x1.min(SIDE), y1.min(SIDE));
        let scale = 1.0 / area;
        let mut fresh = 0;
        for y in y0..y1 {
            let py = y as f32 + 0.5;
            for x in x0..x1 {
                let px = x as f32 + 0.5;
                let wa = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * scale;
                let wb = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * scale;
                let wc = 1.0 - wa - wb;
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    continue;
                }
                let at = y * SIDE + x;
                if owner != NOBODY && self.counted[at] != owner {
                    self.counted[at] = owner;
                    fresh += 1;
                }
                let near = wa * a[2] + wb * b[2] + wc * c[2];
                if near > self.depth[at] {
                    self.depth[at] = near;
                    self.owner[at] = owner;
                }
            }
        }
        fresh
    }
}
