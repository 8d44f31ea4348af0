//! It is told what failed.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_failure]
    async fn failed(&mut self, failure: String) -> Directive {
        drop(failure);
        Directive::Escalate
    }
}

fn main() {}
