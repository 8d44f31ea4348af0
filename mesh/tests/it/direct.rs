//! Links within the process: what goes straight, on the thread of who sends it, has the bounds of what does not.

use std::time::Duration;

use mesh::config::Config;
use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};
use mesh::transport::MemoryNetwork;
use tokio::runtime::{Builder, Runtime};

use crate::support::settle;

/// Ten times what this should ever take.
const HANG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Keeper {
    kept: u64,
}

#[actor(mailbox(capacity = 4))]
impl Keeper {
    #[new]
    fn new() -> Keeper {
        Keeper::default()
    }

    #[handler]
    async fn nap(&mut self, len: Duration) {
        tokio::time::sleep(len).await;
    }

    #[handler]
    fn keep(&mut self, n: u64) {
        self.kept += n.min(1);
    }

    #[handler]
    fn kept(&self) -> u64 {
        self.kept
    }
}

/// With direct links, and with sessions over a network in memory.
fn both_kinds() -> [Option<MemoryNetwork>; 2] {
    [None, Some(MemoryNetwork::new())]
}

/// A keeper in another proc of this process.
async fn keeper(network: Option<MemoryNetwork>) -> (Root, ProcMesh, ActorMesh<Keeper>) {
    let config = Config::default();
    let options = RootOptions { config, launch: Launch::InProcess, network, ..RootOptions::default() };
    let root = Root::start(options).await.unwrap();
    let cx = root.client();
    cx.on_failure(|_| mesh::Directive::Handled);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let keepers = procs.spawn(cx, "keepers", Keeper::spec()).await.unwrap();
    (root, procs, keepers)
}

fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn a_sender_that_never_gives_way_is_refused_and_nothing_is_lost() {
    for network in both_kinds() {
        paused().block_on(async {
            let (root, _procs, keepers) = keeper(network).await;
            let (cx, keeper) = (root.client(), keepers.rank(0));
            keeper.nap(Duration::from_secs(5)).send(cx).unwrap();
            settle().await;
            let (mut taken, mut refused) = (0, 0);
            for _ in 0..100_000 {
                match keeper.keep(1).send(cx) {
                    Ok(()) => taken += 1,
                    Err(_) => refused += 1,
                }
            }
            assert!(refused > 0, "a sender is held back before it fills the memory");
            tokio::time::sleep(Duration::from_secs(10)).await;
            let kept = keeper.kept().call(cx).await.unwrap();
            assert_eq!(kept + cx.returned(), taken, "{refused} refused");
            root.shutdown().await;
        });
    }
}

#[test]
fn what_is_sent_from_another_runtime_outlives_it() {
    for network in both_kinds() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (root, _procs, keepers) = runtime.block_on(keeper(network));
        let (cx, keeper) = (root.client().clone(), keepers.rank(0));
        keeper.nap(Duration::from_millis(50)).send(&cx).unwrap();
        let other = Builder::new_current_thread().enable_all().build().unwrap();
        // More than the mailbox has room for: the rest is held.
        let taken: u64 =
            other.block_on(async { (0..20).map(|_| u64::from(keeper.keep(1).send(&cx).is_ok())).sum() });
        drop(other);
        runtime.block_on(async {
            let all = async {
                // Behind them, and answered.
                while keeper.kept().call(&cx).await.unwrap() + cx.returned() < taken {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(HANG, all).await.expect("each is handled or comes back");
            root.shutdown().await;
        });
    }
}

/// The runtime of a root is dropped while its procs come up.
#[test]
fn a_runtime_may_end_while_procs_come_up() {
    for round in 0..20 {
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
            runtime.block_on(async {
                let options = RootOptions { launch: Launch::InProcess, ..RootOptions::default() };
                let root = Root::start(options).await.unwrap();
                let cx = root.client().clone();
                cx.on_failure(|_| mesh::Directive::Handled);
                tokio::spawn(async move {
                    let host = this_host(&cx).await.unwrap();
                    let _ = host.spawn_procs(&cx, extent!(procs = 48)).await;
                });
                for _ in 0..round * 8 {
                    tokio::task::yield_now().await;
                }
                // Its drop would wait for nobody either; without it, all of it ends with the runtime.
                std::mem::forget(root);
            });
            drop(runtime);
            let _ = sender.send(());
        });
        ended.recv_timeout(HANG).expect("the runtime ends");
    }
}
