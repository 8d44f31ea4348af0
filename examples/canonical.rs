//! The whole bootstrap, step by step, without `#[mesh::main]`: root proc and client → allocator → host mesh → proc mesh
//! → actor mesh → a cast whose answers come to a port → orderly shutdown.
//!
//! `cargo run --release --example canonical`

use mesh::config::Config;
use mesh::prelude::*;
use mesh::{Root, RootOptions};
use serde::{Deserialize, Serialize};

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pong {
    rank: usize,
    pid: u32,
}

/// Answers to a port that comes in the message.
pub struct Responder;

#[actor]
impl Responder {
    #[new]
    fn new() -> Self {
        Responder
    }

    /// Posts one answer to `reply`, wherever that is.
    #[handler]
    pub fn ping(&self, cx: &Context<Self>, reply: PortRef<Pong>) -> Result<(), Fatal> {
        reply.post(cx, Pong { rank: cx.rank(), pid: std::process::id() })?;
        Ok(())
    }
}

fn main() -> mesh::Result<()> {
    // First of all, and before there is a runtime: a child of this program goes no further.
    mesh::init();
    tokio::runtime::Runtime::new()?.block_on(bootstrap())
}

async fn bootstrap() -> mesh::Result<()> {
    // This process's own proc, and the client in it that everything below belongs to.
    let root = Root::start(RootOptions { config: Config::load()?, ..RootOptions::default() }).await?;
    let cx = root.client();
    println!("root: {cx:?} in {}", cx.proc().id());

    // Two hosts: here two OS processes of this machine, on a cluster whatever its allocator yields.
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await?;
    println!("hosts: {}", hosts.extent());

    // On each host two procs, children of the host.
    let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await?;
    println!("procs: {}", procs.extent());

    // On each proc one actor.
    let responders = procs.spawn(cx, "responders", Responder::spec()).await?;
    println!("actors: {}", responders.control().extent());

    // One message to all, with a port in it; from each an answer, as they come.
    let (reply, mut pongs) = cx.open_port()?;
    responders.ping(reply).cast(cx)?;
    for _ in 0..responders.control().len() {
        let pong: Pong = pongs.receive().await?;
        println!("pong: rank {} in process {}", pong.rank, pong.pid);
    }

    // Down again, from the top; each step returns when it is done. Dropping the meshes would do it as well.
    responders.control().stop(cx).await?;
    println!("stopped: actors");
    procs.control().stop(cx).await?;
    println!("stopped: procs");
    hosts.control().stop(cx).await?;
    println!("stopped: hosts");
    root.shutdown().await;
    println!("stopped: root");
    Ok(())
}
