//! A host that knows `add(by: i64)`.

use std::io::Read;

use grid::ChannelAddr;
use grid::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(crate = grid, name = "outside.counter")]
impl Counter {
    #[new]
    fn new() -> Self {
        Counter { n: 0 }
    }

    #[handler]
    pub fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
}

#[grid::main(crate = grid)]
async fn main(cx: &Client) -> grid::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let door = cx.serve(&ChannelAddr::Tcp("127.0.0.1:0".into())).await?;
    println!("{}", door.addr());
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    // The runtime has other threads for the door.
    let _ = end.recv();
    Ok(())
}
