//! Numbers with a fraction are no keys.

use std::collections::HashMap;

use mesh::prelude::*;

pub struct Counter {
    n: usize,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, names: Vec<HashMap<f64, String>>) {
        self.n += names.len();
    }
}

fn main() {}
