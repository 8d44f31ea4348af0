//! A parameter that may borrow.

use mesh::prelude::*;

pub struct Store<T> {
    values: Vec<T>,
}

#[actor]
impl<T: Send> Store<T> {
    #[handler]
    pub fn len(&self) -> usize {
        self.values.len()
    }
}

fn main() {}
