//! A parameter that cannot travel.

use mesh::prelude::*;

pub struct Store<T> {
    value: T,
}

#[actor]
impl<T: Send + 'static> Store<T> {
    #[handler]
    pub fn put(&mut self, value: T) {
        self.value = value;
    }
}

fn main() {}
