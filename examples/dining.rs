//! Dining philosophers (Dijkstra, 1965) in five processes. Forks are taken in the order of their numbers, so that no
//! circle of waiting philosophers can close; whoever waits is told by a port, and no fork blocks.
//!
//! `cargo run --release --example dining`

use std::collections::VecDeque;

use mesh::prelude::*;

const MEALS: u32 = 20;

/// A fork: at most one philosopher has it, the others wait in line.
#[derive(Default)]
pub struct Fork {
    taken: bool,
    waiting: VecDeque<PortRef<()>>,
    uses: u32,
}

#[actor]
impl Fork {
    #[new]
    fn new() -> Self {
        Fork::default()
    }

    /// Tells `ready` when the fork is the caller's: now, or when those before it have put it down.
    #[handler]
    pub fn take(&mut self, cx: &Context<Self>, ready: PortRef<()>) -> Result<(), Fatal> {
        if self.taken {
            self.waiting.push_back(ready);
            return Ok(());
        }
        self.hand_to(cx, ready)
    }

    /// Gives it to the next in line.
    #[handler]
    pub fn put_down(&mut self, cx: &Context<Self>) -> Result<(), Fatal> {
        self.taken = false;
        match self.waiting.pop_front() {
            Some(ready) => self.hand_to(cx, ready),
            None => Ok(()),
        }
    }

    /// How often it was taken.
    #[handler]
    pub fn uses(&self) -> u32 {
        self.uses
    }

    fn hand_to(&mut self, cx: &Context<Self>, ready: PortRef<()>) -> Result<(), Fatal> {
        self.taken = true;
        self.uses += 1;
        Ok(ready.post(cx, ())?)
    }
}

/// Eats with the two forks beside its plate.
pub struct Philosopher {
    first: ActorRef<Fork>,
    second: ActorRef<Fork>,
}

#[actor]
impl Philosopher {
    #[new]
    fn new(forks: ActorMeshRef<Fork>, env: &SpawnEnv) -> Self {
        let (left, right) = (env.rank(), (env.rank() + 1) % env.size());
        Philosopher { first: forks.rank(left.min(right)), second: forks.rank(left.max(right)) }
    }

    /// Eats `meals` times, and returns how often it has eaten.
    #[handler]
    pub async fn dine(&self, cx: &Context<Self>, meals: u32) -> Result<u32, Fatal> {
        for _ in 0..meals {
            for fork in [&self.first, &self.second] {
                let (ready, mine) = cx.open_once_port()?;
                fork.take(ready).send(cx)?;
                mine.await?;
            }
            // It has both, and eats.
            self.second.put_down().send(cx)?;
            self.first.put_down().send(cx)?;
        }
        Ok(meals)
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(seats = 5)).await?;
    let forks = procs.spawn(cx, "forks", Fork::spec()).await?;
    let philosophers = procs.spawn(cx, "philosophers", Philosopher::spec(forks.control().to_ref())).await?;
    let meals = philosophers.dine(MEALS).call(cx).await?.transpose()?;
    println!("meals: {meals}");
    println!("uses of each fork: {}", forks.uses().call(cx).await?);
    Ok(())
}
