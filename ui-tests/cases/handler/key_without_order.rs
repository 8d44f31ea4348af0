//! A key of one's own is one of its container.

use std::collections::BTreeMap;

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Name(String);

pub struct Counter {
    n: u64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn counts(&self) -> BTreeMap<Name, u64> {
        let _ = self.n;
        BTreeMap::new()
    }
}

fn main() {}
