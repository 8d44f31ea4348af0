//! A client that knows `add(by: String)`.

use grid::prelude::*;
use grid::{ChannelAddr, HostMesh};

pub struct Counter {
    n: usize,
}

#[actor(crate = grid, name = "outside.counter")]
impl Counter {
    #[new]
    fn new() -> Self {
        Counter { n: 0 }
    }

    #[handler]
    pub fn add(&mut self, by: String) -> usize {
        self.n += by.len();
        self.n
    }
}

#[grid::main(crate = grid)]
async fn main(cx: &Client) -> grid::Result<()> {
    let address: ChannelAddr = std::env::args().nth(1).expect("the address of the host").parse()?;
    HostMesh::attach(cx, &[address]).await?;
    Ok(())
}
