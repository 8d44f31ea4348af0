//! Names: of the user's own beside those of generated code, and of the type of an actor's requests.

#![deny(warnings)]

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

/// A block of a chain, and no block of an actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    height: u64,
}

pub struct Chain {
    blocks: Vec<Block>,
}

#[actor]
impl Chain {
    #[handler]
    pub fn append(&mut self, block: Block) -> Vec<Block> {
        self.blocks.push(block);
        self.blocks.clone()
    }
}

/// Of any target that is a chain.
fn append<T: mesh::Target<Actor = Chain>>(
    chain: &ChainApi<T>,
) -> mesh::request::Request<'_, T, ChainAppend> {
    chain.append(Block { height: 1 })
}

/// An actor that a function has to itself.
fn local() -> String {
    type Length = usize;

    struct Row<const N: Length>([u8; N]);

    #[actor]
    impl<const N: Length> Row<N> {
        #[handler]
        fn first(&self) -> u8 {
            self.0[0]
        }
    }
    let requests: fn(&<Row<3> as mesh::Actor>::Api<mesh::actor::Local<Row<3>>>) = |row| drop(row.first());
    let _ = requests;
    Row::<3>::type_name()
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let chain = cx.spawn(Chain { blocks: Vec::new() });
    assert_eq!(append(&chain).call(cx).await?, [Block { height: 1 }]);
    assert_eq!(append(&chain.control().to_ref()).call(cx).await?.len(), 2);
    assert!(Chain::type_name().ends_with("::Chain"));
    assert!(local().ends_with("::Row<3>"), "{}", local());
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
