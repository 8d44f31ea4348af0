//! A supervised pool, and a handler that hands out a handle.

use mesh::prelude::*;

pub struct Worker {
    id: usize,
}

#[actor]
impl Worker {
    #[handler]
    pub fn run(&mut self, job: u64) -> Result<u64, String> {
        if job % 7 == 0 { Err(format!("worker {} refuses {job}", self.id)) } else { Ok(job * 2) }
    }

    #[handler]
    pub fn fail(&mut self) {
        panic!("worker {} was told to", self.id);
    }
}

#[derive(Default)]
pub struct Pool {
    workers: Vec<ActorHandle<Worker>>,
    next: usize,
    failures: u32,
}

#[actor]
impl Pool {
    #[new]
    pub fn new() -> Self {
        Pool::default()
    }

    #[on_start]
    async fn start(&mut self, cx: &Context<Self>) {
        self.workers = (0..4).map(|id| cx.spawn(Worker { id })).collect();
    }

    #[on_failure]
    async fn worker_failed(&mut self, _cx: &Context<Self>, _failure: Failure) -> Directive {
        self.failures += 1;
        Directive::Handled
    }

    #[on_stop]
    fn stop(&mut self) {
        self.workers.clear();
    }

    #[handler]
    pub async fn submit(&mut self, cx: &Context<Self>, job: u64) -> Result<u64, String> {
        self.next = (self.next + 1) % self.workers.len();
        self.workers[self.next].run(job).call(cx).await.map_err(|error| error.to_string())?
    }

    #[handler]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Only through an `ActorHandle`: hands out what cannot leave the process.
    #[handler(local)]
    pub fn worker(&self, at: usize) -> Option<ActorHandle<Worker>> {
        self.workers.get(at).cloned()
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let pool = cx.spawn(Pool::new());
    assert_eq!(pool.submit(4).try_call(cx).await?, 8);
    assert!(pool.submit(7).try_call(cx).await.is_err());
    let worker = pool.worker(0).call(cx).await?.expect("there are four");
    assert_eq!(worker.run(1).try_call(cx).await?, 2);
    assert!(worker.fail().call(cx).await.is_err());
    worker.control().ended().await;
    assert_eq!(pool.failures().call(cx).await?, 1);
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
