//! It is told what failed.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_failure]
    async fn failed(&mut self) -> Directive {
        self.n += 1;
        Directive::Escalate
    }
}

fn main() {}
