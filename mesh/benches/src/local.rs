//! Actors of one process: every peer hosts the same actor, and every workload is written once.

#[cfg(feature = "peers")]
mod actix;
#[cfg(feature = "peers")]
mod kameo;
mod mesh;
mod peer;
#[cfg(feature = "peers")]
mod ractor;
mod raw;
mod workloads;
#[cfg(feature = "peers")]
mod xtra;

use crate::measure::Args;
use peer::Peer;

/// The peers, `raw` first.
#[cfg(feature = "peers")]
pub const PEERS: &[&str] = &["raw", "mesh", "kameo", "ractor", "actix", "xtra"];
/// The peers, `raw` first.
#[cfg(not(feature = "peers"))]
pub const PEERS: &[&str] = &["raw", "mesh"];

/// Runs one workload on one peer, and prints a line.
pub fn main(args: &Args) {
    match args.peer.as_str() {
        "raw" => bench::<raw::Raw>(args),
        "mesh" => bench::<mesh::Mesh>(args),
        #[cfg(feature = "peers")]
        "kameo" => bench::<kameo::Kameo>(args),
        #[cfg(feature = "peers")]
        "ractor" => bench::<ractor::Ractor>(args),
        #[cfg(feature = "peers")]
        "actix" => bench::<actix::Actix>(args),
        #[cfg(feature = "peers")]
        "xtra" => bench::<xtra::Xtra>(args),
        other => panic!("no peer {other}"),
    }
}

fn bench<P: Peer>(args: &Args) {
    let threads = args.threads();
    crate::measure::count_cpu_time(threads == 1);
    let work = args.clone();
    P::run(args, async move {
        if let Some(report) = workloads::run::<P>(&work).await {
            report.print(&work);
        }
        // Not every framework can be torn down from the inside.
        std::process::exit(0);
    });
}
