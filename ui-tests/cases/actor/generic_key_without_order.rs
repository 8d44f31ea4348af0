//! A parameter that is a key is bounded as one.

use std::collections::BTreeMap;

use mesh::prelude::*;

pub struct Counts<T> {
    of: Vec<T>,
}

#[actor]
impl<T: RemoteArg + Named> Counts<T> {
    #[handler]
    pub fn all(&mut self) -> BTreeMap<T, u64> {
        let _ = &self.of;
        BTreeMap::new()
    }
}

fn main() {}
