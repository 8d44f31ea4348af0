//! A flood does not starve who is quiet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};

/// Far beyond what it takes on a slow machine.
const HANG: Duration = Duration::from_secs(60);
const BUSY: usize = 100;
const CALLS: u64 = 10;

/// Has always something to do: each message is followed by the next.
struct Busy {
    over: Arc<AtomicBool>,
    handled: Arc<AtomicU64>,
}

#[actor]
impl Busy {
    #[handler(local)]
    fn go_on(&mut self, cx: &Context<Self>) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        if !self.over.load(Ordering::Relaxed) {
            cx.handle().go_on().send(cx).expect("there is room for two");
        }
    }
}

struct Quiet;

#[actor]
impl Quiet {
    #[handler]
    fn echo(&self, n: u64) -> u64 {
        n
    }
}

/// A hundred actors that never run dry, and calls to one beside them: each comes back, after one turn of each at most. Whatever the flood holds up, its
/// runtime is held up with it, so the guard is a thread outside.
#[test]
fn calls_to_a_quiet_actor_come_back_beside_a_hundred_busy_ones() {
    for threads in [1, 2] {
        let (done, end) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .enable_all()
                .build()
                .unwrap();
            let handled = runtime.block_on(async {
                let options = RootOptions { launch: Launch::InProcess, ..RootOptions::default() };
                let root = Root::start(options).await.unwrap();
                let client = root.client().clone();
                let (over, handled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
                let busy: Vec<_> = (0..BUSY)
                    .map(|_| client.spawn(Busy { over: over.clone(), handled: handled.clone() }))
                    .collect();
                for busy in &busy {
                    busy.go_on().send(&client).unwrap();
                }
                let quiet = client.spawn(Quiet);
                // From a task, as actors call, and not from the thread of the test.
                let caller = client.clone();
                let calls = tokio::spawn(async move {
                    for n in 0..CALLS {
                        assert_eq!(quiet.echo(n).call(&caller).await.unwrap(), n);
                        tokio::task::yield_now().await;
                    }
                });
                calls.await.unwrap();
                let handled_meanwhile = handled.load(Ordering::Relaxed);
                over.store(true, Ordering::Relaxed);
                root.shutdown().await;
                handled_meanwhile
            });
            // Whoever gave up waits for nothing.
            let _ = done.send(handled);
        });
        let handled = end.recv_timeout(HANG).expect("every call comes back");
        assert!(handled > 0, "they were busy meanwhile");
    }
}
