//! A parameter of which nothing is said.

use mesh::prelude::*;

pub struct Store<T> {
    values: Vec<T>,
}

#[actor]
impl<T> Store<T> {
    #[handler]
    pub fn len(&self) -> usize {
        self.values.len()
    }
}

fn main() {}
