//! A key of one's own is one of its container.

use std::collections::HashSet;

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name(String);

pub struct Counter {
    n: usize,
}

#[actor]
impl Counter {
    #[new]
    fn new(names: HashSet<Name>) -> Self {
        Counter { n: names.len() }
    }

    #[handler]
    pub fn get(&self) -> usize {
        self.n
    }
}

fn main() {}
