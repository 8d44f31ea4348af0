//! A parameter that is a key is bounded as one.

use std::collections::HashMap;

use mesh::prelude::*;

pub struct Counts<T> {
    of: Vec<T>,
}

#[actor]
impl<T: RemoteArg + Named + Eq> Counts<T> {
    #[handler]
    pub fn all(&mut self) -> HashMap<T, u64> {
        let _ = &self.of;
        HashMap::new()
    }
}

fn main() {}
