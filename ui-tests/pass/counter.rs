//! A counter: local, by reference, and as a mesh.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(start: i64) -> Self {
        Counter { n: start }
    }

    /// Adds `by` and returns the new value.
    #[handler]
    pub async fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }

    /// The value.
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    /// Adds this actor's rank.
    #[handler]
    pub fn add_rank(&mut self, cx: &Context<Self>) {
        self.n += cx.rank() as i64;
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let counter = cx.spawn(Counter::new(1));
    assert_eq!(counter.add(2).call(cx).await?, 3);
    let reference = counter.control().to_ref();
    assert_eq!(reference.get().call(cx).await?, 3);

    let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 4)).await?;
    let mesh = procs.spawn(cx, "counters", Counter::spec(10)).await?;
    mesh.add_rank().cast(cx)?;
    assert_eq!(mesh.get().call(cx).await?.values(), [10, 11, 12, 13]);
    assert_eq!(mesh.get().reduce(Sum).call(cx).await?, 46);
    assert_eq!(mesh.rank(2).add(1).call(cx).await?, 13);
    assert!(mesh.get().choose(cx).await? >= 10);
    let each: Vec<_> = (0..4).map(|rank| mesh.rank(rank).get().call(cx)).collect();
    for pending in each {
        assert!(pending.await? >= 10);
    }
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
