//! Which points of the pyramid a moment makes positive, and where its ends lie from there
//! (reference: `label_points_single_video`; ActionFormer, arXiv 2202.07925, section 3.3).
//!
//! Everything is in double precision and in units of the feature grid, as in the reference.

/// A point of the pyramid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Steps from the start of the clip.
    pub at: f64,
    /// Which distances to a moment's farther end this level is for, in steps; both ends included.
    pub range: [f64; 2],
    /// Steps to the next point.
    pub stride: f64,
}

/// What the network should say at a point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Label {
    /// 1 inside a moment, else 0.
    pub class: f64,
    /// Distances to the moment's start and end in units of the stride; meaningless outside.
    pub offsets: [f64; 2],
}

/// Distances that each level is for in the reference's configuration (`regression_range`).
pub const RANGES: [[f64; 2]; 7] =
    [[0.0, 4.0], [2.0, 8.0], [4.0, 16.0], [8.0, 32.0], [16.0, 64.0], [32.0, 128.0], [64.0, 10_000.0]];
/// Around a moment's middle, how many points to each side can be positive (`center_sample_radius`).
pub const CENTRE_RADIUS: f64 = 1.5;

/// The points of levels with these many points each.
pub fn points(levels: &[usize], ranges: &[[f64; 2]]) -> Vec<Point> {
    let of_level = |(level, (count, range)): (usize, (&usize, &[f64; 2]))| {
        let stride = (1u64 << level) as f64;
        let range = *range;
        (0..*count).map(move |i| Point { at: i as f64 * stride, range, stride })
    };
    levels.iter().zip(ranges).enumerate().flat_map(of_level).collect()
}

/// One label a point. A point inside several moments belongs to the shortest.
///
/// `segments` are starts and ends in steps; a moment that holds no point is nobody's.
pub fn labels(points: &[Point], segments: &[[f64; 2]], centre_radius: f64) -> Vec<Label> {
    points.iter().map(|point| label(point, segments, centre_radius)).collect()
}

fn label(point: &Point, segments: &[[f64; 2]], centre_radius: f64) -> Label {
    let fits = |[start, end]: [f64; 2]| {
        let centre = (start + end) * 0.5;
        let reach = point.stride * centre_radius;
        let from = (centre - reach).max(start);
        let to = (centre + reach).min(end);
        let (left, right) = (point.at - start, end - point.at);
        let is_central = (point.at - from).min(to - point.at) > 0.0;
        let farthest = left.max(right);
        is_central && point.range[0] <= farthest && farthest <= point.range[1]
    };
    let length = |[start, end]: [f64; 2]| end - start;
    let candidates = segments.iter().copied().filter(|segment| fits(*segment));
    let shortest = candidates.min_by(|a, b| length(*a).total_cmp(&length(*b)));
    match shortest {
        Some([start, end]) => Label {
            class: 1.0,
            offsets: [(point.at - start) / point.stride, (end - point.at) / point.stride],
        },
        None => Label::default(),
    }
}

/// Seconds to steps of the feature grid.
pub fn in_steps(secs: f64, stride_frames: f64, fps: f64) -> f64 {
    secs * fps / stride_frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_two_moments_belongs_to_the_shorter() {
        let points = points(&[40, 20], &RANGES);
        let labels = labels(&points, &[[10.0, 17.0], [12.5, 14.5]], CENTRE_RADIUS);
        assert_eq!(labels[13], Label { class: 1.0, offsets: [0.5, 1.5] });
        // of the longer one, level 1 takes the points 12, 14 and 16, of which 14 is the shorter one's
        let positives: Vec<usize> = (0..60).filter(|i| labels[*i].class > 0.0).collect();
        assert_eq!(positives, [13, 14, 46, 47, 48]);
        assert_eq!(labels[46], Label { class: 1.0, offsets: [1.0, 2.5] });
        assert_eq!(labels[48], Label { class: 1.0, offsets: [3.0, 0.5] });
    }

    #[test]
    fn a_moment_between_two_points_is_nobodys() {
        let points = points(&[10, 5], &RANGES);
        assert!(labels(&points, &[[3.1, 3.9]], CENTRE_RADIUS).iter().all(|l| l.class == 0.0));
    }
}
