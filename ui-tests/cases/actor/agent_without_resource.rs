//! An agent says which kinds it manages.

use mesh::prelude::*;
use mesh::resource::{Progress, ResourceKey};

pub struct Slot;

impl mesh::Resource for Slot {
    type Agent = Counter;
    type Spec = u32;
    type State = u32;
    const NAME: &'static str = "slot";

    async fn create(
        _: &mut Counter,
        _: &Context<Counter>,
        _: ResourceKey,
        spec: &u32,
    ) -> Result<Progress<u32>, String> {
        Ok(Progress::Done(*spec))
    }

    async fn stop(
        _: &mut Counter,
        _: &Context<Counter>,
        _: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        Ok(Progress::Done(()))
    }
}

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
