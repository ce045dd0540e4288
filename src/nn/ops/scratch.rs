//! Buffers that outlive a call, so that a network's layers do not fault in fresh memory each time.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// Buffers kept at most; more are in use only while several networks run at once.
const KEPT: usize = 4;

/// A borrowed buffer; its values are whatever the last user left.
pub struct Scratch {
    buffer: Vec<f32>,
    length: usize,
}

/// A buffer of `length` values. The largest free one is taken, as it is most likely to fit.
pub fn take(length: usize) -> Scratch {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let largest = free.iter().enumerate().max_by_key(|(_, buffer)| buffer.len()).map(|(index, _)| index);
    let mut buffer = largest.map(|index| free.swap_remove(index)).unwrap_or_default();
    drop(free);
    if buffer.len() < length {
        buffer = vec![0.0; length];
    }
    Scratch { buffer, length }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[..self.length]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[..self.length]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.buffer));
        }
    }
}
