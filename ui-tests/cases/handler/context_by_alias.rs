//! A macro does not see through an alias.

use mesh::prelude::*;

pub type Cx = Context<Counter>;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, cx: &Cx) -> i64 {
        let _ = cx;
        self.n
    }
}

fn main() {}
