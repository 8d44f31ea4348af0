//! Two actors that say that they are the same one.

use grid::prelude::*;

pub struct Counter;

#[actor(crate = grid, name = "outside.counter")]
impl Counter {
    #[new]
    fn new() -> Self {
        Counter
    }
}

pub struct Other;

#[actor(crate = grid, name = "outside.counter")]
impl Other {
    #[new]
    fn new() -> Self {
        Other
    }
}

#[grid::main(crate = grid)]
async fn main(_cx: &Client) -> grid::Result<()> {
    println!("it runs");
    Ok(())
}
