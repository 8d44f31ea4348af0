//! What is running, and who waits for whom, when an actor is stuck: `mesh::admin` as a program.
//!
//! `cargo run --release --example top`

use std::sync::{Condvar, Mutex};

use mesh::meshes::ProcOptions;
use mesh::prelude::*;

/// What a stuck desk waits for, in its process.
static DOOR: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Answers, or asks the next one.
pub struct Desk;

#[actor]
impl Desk {
    #[new]
    fn new() -> Self {
        Desk
    }

    /// Asks the first of `others`, which asks the next; the last one searches.
    #[handler]
    pub async fn ask(
        &self,
        cx: &Context<Self>,
        mut others: Vec<ActorRef<Desk>>,
        stuck: PortRef<u32>,
    ) -> Result<u32, CallError> {
        let next = others.remove(0);
        match others.is_empty() {
            true => next.search(stuck).call(cx).await,
            false => next.ask(others, stuck).call(cx).await?,
        }
    }

    /// Holds its thread until the door opens, as no handler should: that is what `cx.spawn_blocking` is for.
    #[handler]
    pub async fn search(&self, cx: &Context<Self>, stuck: PortRef<u32>) -> u32 {
        let process = std::process::id();
        let _ = stuck.post(cx, process);
        tokio::task::yield_now().await; // the news goes first
        let (open, opened) = &DOOR;
        let open = open.lock().expect("nobody panics with the door in hand");
        drop(opened.wait_while(open, |open| !*open));
        process
    }
}

/// Opens the door of its process.
pub struct Porter;

#[actor]
impl Porter {
    #[new]
    fn new() -> Self {
        Porter
    }

    /// Opens it.
    #[handler]
    pub fn open(&self) {
        *DOOR.0.lock().expect("nobody panics with the door in hand") = true;
        DOOR.1.notify_all();
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    // Two threads: one will be held, and somebody is to tell of it.
    let mut options = ProcOptions::default();
    options.config.push(("MESH_CHILD_WORKER_THREADS".into(), "2".into()));
    let procs = this_host(cx).await?.spawn_procs_with(cx, extent!(workers = 3), options).await?;
    let desks = procs.spawn(cx, "desks", Desk::spec()).await?;
    let porters = procs.spawn(cx, "porters", Porter::spec()).await?;

    let (port, mut stuck) = cx.open_port()?;
    let answer = desks.rank(0).ask(vec![desks.rank(1), desks.rank(2)], port).call(cx);
    let process = stuck.receive().await?;

    let tree = mesh::admin::tree(cx).await;
    print!("{tree}\nby owner:\n{}", tree.owned());
    for desk in tree.actors().filter(|actor| actor.id.label.to_string() == "desks") {
        print!("\n{}", desk.id);
        for waiting in tree.chain(&desk.id) {
            print!(" -> {} `{}`", waiting.callee, waiting.handler);
        }
    }
    println!();

    porters.rank(2).open().call(cx).await?;
    assert_eq!(answer.await??, process);
    Ok(())
}
