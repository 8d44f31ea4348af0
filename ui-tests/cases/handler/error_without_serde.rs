//! The error of a reply travels too.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn load(&self, path: String) -> Result<String, std::io::Error> {
        std::fs::read_to_string(path)
    }
}

fn main() {}
