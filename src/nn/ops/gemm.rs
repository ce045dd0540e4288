//! A matrix product on slices: bounds are checked here, once, so that callers stay safe.

use ::gemm::Parallelism;

/// A view of a matrix inside a slice; strides count elements.
#[derive(Clone, Copy)]
pub struct Mat<'a> {
    pub data: &'a [f32],
    pub row_stride: usize,
    pub col_stride: usize,
}

impl<'a> Mat<'a> {
    /// Row-major with `width` columns.
    pub fn rows(data: &'a [f32], width: usize) -> Self {
        Self { data, row_stride: width, col_stride: 1 }
    }

    /// The transpose of a row-major matrix with `width` columns.
    pub fn transposed(data: &'a [f32], width: usize) -> Self {
        Self { data, row_stride: 1, col_stride: width }
    }
}

/// Where a product goes: row-major, rows `stride` apart.
pub struct Destination<'a> {
    pub data: &'a mut [f32],
    pub stride: usize,
}

pub enum Threads {
    One,
    All,
}

/// What to do with the values already in the destination.
#[derive(PartialEq)]
pub enum Into {
    Replace,
    Add,
}

/// dst = a b * factor, or dst += a b * factor, where `[m, k, n]` are the sizes, `a` is m x k and
/// `b` is k x n.
pub fn matmul(
    [m, k, n]: [usize; 3],
    a: Mat,
    b: Mat,
    factor: f32,
    dst: Destination,
    into: Into,
    threads: Threads,
) {
    let Destination { data: dst, stride: dst_stride } = dst;
    if m == 0 || n == 0 {
        return;
    }
    let end = |rows: usize, cols: usize, row_stride: usize, col_stride: usize| {
        if rows == 0 || cols == 0 { 0 } else { (rows - 1) * row_stride + (cols - 1) * col_stride + 1 }
    };
    assert!(end(m, k, a.row_stride, a.col_stride) <= a.data.len(), "left matrix too small");
    assert!(end(k, n, b.row_stride, b.col_stride) <= b.data.len(), "right matrix too small");
    assert!(end(m, n, dst_stride, 1) <= dst.len() && dst_stride >= n, "result matrix too small");
    let parallelism = match threads {
        Threads::One => Parallelism::None,
        Threads::All => Parallelism::Rayon(rayon::current_num_threads()),
    };
    let alpha = if into == Into::Add { 1.0 } else { 0.0 };
    // SAFETY: every index reached by the sizes and strides was checked against its slice above,
    // and `dst` is borrowed mutably, so it overlaps neither input.
    #[allow(unsafe_code)]
    unsafe {
        ::gemm::gemm(
            m,
            n,
            k,
            dst.as_mut_ptr(),
            1,
            dst_stride as isize,
            into == Into::Add,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            alpha,
            factor,
            false,
            false,
            false,
            parallelism,
        );
    }
}
