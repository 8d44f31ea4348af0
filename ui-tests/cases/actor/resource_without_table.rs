//! A field that is no table.

use mesh::prelude::*;

pub struct Slot;

impl mesh::Resource for Slot {
    type Agent = Counter;
    type Spec = u64;
    type State = u64;
    const NAME: &'static str = "slot";

    async fn create(
        _: &mut Counter,
        _: &Context<Counter>,
        _: mesh::resource::ResourceKey,
        spec: &u64,
    ) -> Result<mesh::resource::Progress<u64>, String> {
        Ok(mesh::resource::Progress::Done(*spec))
    }

    async fn stop(
        _: &mut Counter,
        _: &Context<Counter>,
        _: mesh::resource::ResourceKey,
        _: &str,
    ) -> Result<mesh::resource::Progress<()>, String> {
        Ok(mesh::resource::Progress::Done(()))
    }
}

pub struct Counter {
    n: i64,
}

#[actor(resource(Slot = self.n))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
