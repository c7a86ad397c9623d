//! A part of a statement together with where it was written.

use std::ops::Deref;

use levada_base::Position;

/// `value`, found at `position`. Two are equal when their values are: where something was written does not change what it means.
#[derive(Debug, Clone, Copy)]
pub struct At<T> {
    pub value: T,
    pub position: Position,
}

impl<T> At<T> {
    /// `value` at `position`.
    pub const fn new(value: T, position: Position) -> Self {
        Self { value, position }
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
