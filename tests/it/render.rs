//! Laws of the picture: what the shader draws, checked on whatever device is here.

use std::sync::Arc;

use gazenlq::gaze::{GRID, Heatmap};
use gazenlq::render::{Colormap, Compare, Gpu, HeatMode, Mark, Scene, draw_to_image};
use gazenlq::time::{FrameIdx, MediaTime};
use gazenlq::video::{Frame, Planes, Rotation, YuvMatrix};

const W: u32 = 48;
const H: u32 = 32;

/// A gradient in luma with a step in colour, 4:4:4 so that no chroma lies between pixels.
fn frame(rotation: Rotation) -> Arc<Frame> {
    let at = |f: &dyn Fn(u32, u32) -> u8| {
        (0..H).flat_map(|y| (0..W).map(move |x| (x, y))).map(|(x, y)| f(x, y)).collect()
    };
    Arc::new(Frame {
        index: FrameIdx(0),
        time: MediaTime::ZERO,
        size: [W, H],
        planes: Planes {
            y: at(&|x, y| (20 + x * 3 + y * 2) as u8),
            u: at(&|x, _| if x < W / 2 { 90 } else { 150 }),
            v: at(&|_, y| if y < H / 2 { 110 } else { 160 }),
            chroma_size: [W, H],
            matrix: YuvMatrix::Bt709,
            is_full_range: false,
        },
        rotation,
        is_stand_in: false,
    })
}

fn scene(rotation: Rotation) -> Scene {
    let frame = frame(rotation);
    let size = frame.upright_size();
    Scene::of_frame(frame, size)
}

fn gpu() -> Option<Gpu> {
    Gpu::headless().map_err(|e| println!("skipped: {e}")).ok()
}

fn uniform_map() -> Arc<Heatmap> {
    Arc::new(Heatmap::from_cells(vec![1.0; GRID * GRID]))
}

#[test]
fn without_overlays_the_picture_is_the_decoded_frame() {
    let Some(gpu) = gpu() else { return };
    for rotation in [Rotation::None, Rotation::Cw90, Rotation::Cw180, Rotation::Cw270] {
        let scene = scene(rotation);
        let image = draw_to_image(&gpu, &scene, scene.display_size).expect("draws");
        let expected = scene.frame.to_rgb();
        for (i, pixel) in image.pixels().enumerate() {
            for channel in 0..3 {
                let (a, b) = (pixel.0[channel], expected[i * 3 + channel]);
                assert!(a.abs_diff(b) <= 1, "{rotation:?}, pixel {i}: {a} instead of {b}");
            }
        }
    }
}

#[test]
fn a_constant_map_has_the_colour_of_its_peak() {
    let Some(gpu) = gpu() else { return };
    for map in Colormap::CHOICES {
        let mut scene = scene(Rotation::None);
        scene.heat = HeatMode::Predicted;
        scene.predicted = Some(uniform_map());
        scene.opacity = 1.0;
        scene.threshold = 0.0;
        scene.colormap = map;
        let image = draw_to_image(&gpu, &scene, scene.display_size).expect("draws");
        for pixel in image.pixels() {
            assert_eq!(pixel.0[..3], map.sample(1.0), "{map:?}");
        }
    }
}

#[test]
fn the_difference_of_equal_maps_shows_the_bare_picture() {
    let Some(gpu) = gpu() else { return };
    let bare = scene(Rotation::None);
    let mut same = bare.clone();
    same.heat = HeatMode::Difference;
    (same.predicted, same.recorded) = (Some(uniform_map()), Some(uniform_map()));
    let [a, b] = [&bare, &same].map(|s| draw_to_image(&gpu, s, s.display_size).expect("draws"));
    assert_eq!(a, b);
}

#[test]
fn the_wipe_shows_each_map_on_its_side() {
    let Some(gpu) = gpu() else { return };
    let mut scene = scene(Rotation::None);
    let mut corner = vec![0.0; GRID * GRID];
    corner[0] = 1.0;
    scene.predicted = Some(uniform_map());
    scene.recorded = Some(Arc::new(Heatmap::from_cells(corner)));
    scene.compare = Compare::Wipe(0.5);
    scene.opacity = 1.0;
    let image = draw_to_image(&gpu, &scene, scene.display_size).expect("draws");
    let peak = scene.colormap.sample(1.0);
    assert_eq!(image.get_pixel(4, H / 2).0[..3], peak);
    let bare = draw_to_image(&gpu, &self::scene(Rotation::None), [W, H]).expect("draws");
    assert_eq!(image.get_pixel(W - 4, H / 2), bare.get_pixel(W - 4, H / 2));
}

#[test]
fn a_mark_is_drawn_where_the_wearer_looked() {
    let Some(gpu) = gpu() else { return };
    let mut scene = scene(Rotation::None);
    scene.marks.push(Mark { pos: [0.25, 0.75], radius: 3.0, line: 0.0, rgba: [1.0, 0.0, 0.0, 1.0] });
    let image = draw_to_image(&gpu, &scene, scene.display_size).expect("draws");
    assert_eq!(image.get_pixel(W / 4, H * 3 / 4).0, [255, 0, 0, 255]);
}
