//! References and ports in messages, and streams.

use futures_core::Stream;
use mesh::call::CallErrorKind;
use mesh::port::{Port, PortClosed};
use mesh::prelude::*;
use mesh::{ActorMeshRef, ProcMeshRef};

use crate::support::{Counter, four, settle};

/// The next item of a stream, as its trait gives it.
async fn next(items: &mut Port<u64>) -> Option<Result<u64, PortClosed>> {
    std::future::poll_fn(|task| std::pin::Pin::new(&mut *items).poll_next(task)).await
}

/// Passes on what it is given.
#[derive(Default)]
struct Post {
    kept: Vec<PortRef<u64>>,
}

#[actor]
impl Post {
    #[new]
    fn new() -> Self {
        Post::default()
    }

    /// Adds at another actor.
    #[handler]
    async fn add_at(&mut self, cx: &Context<Self>, to: ActorRef<Counter>, by: i64) -> i64 {
        to.add(by).call(cx).await.unwrap()
    }

    /// Sums over a mesh.
    #[handler]
    async fn sum_of(&mut self, cx: &Context<Self>, mesh: ActorMeshRef<Counter>) -> i64 {
        mesh.get().reduce(Sum).call(cx).await.unwrap()
    }

    /// How many procs there are.
    #[handler]
    fn size_of(&self, procs: ProcMeshRef) -> u64 {
        procs.len() as u64
    }

    /// Posts its rank.
    #[handler]
    fn post_rank(&self, cx: &Context<Self>, to: PortRef<u64>) -> bool {
        to.post(cx, cx.rank() as u64).is_ok()
    }

    /// Posts numbers from its rank on.
    #[handler]
    fn count(&self, cx: &Context<Self>, up_to: u64, #[stream] out: PortRef<u64>) {
        for n in 0..up_to {
            let _ = out.post(cx, 100 * cx.rank() as u64 + n);
        }
    }

    /// Keeps what it is given to post to, and posts its rank there.
    #[handler]
    fn keep(&mut self, cx: &Context<Self>, #[stream] out: PortRef<u64>) {
        let _ = out.post(cx, cx.rank() as u64);
        self.kept.push(out);
    }

    /// Posts so many items of a length, each of its own.
    #[handler]
    fn post_large(&self, cx: &Context<Self>, count: u8, len: u64, #[stream] out: PortRef<Vec<u8>>) {
        for n in 0..count {
            out.post(cx, vec![n; usize::try_from(len).unwrap()]).unwrap();
        }
    }

    /// Lets go of it.
    #[handler]
    fn let_go(&mut self) {
        self.kept.clear();
    }

    /// Panics at one rank.
    #[handler]
    fn fall(&mut self, cx: &Context<Self>, rank: u64) {
        assert!(cx.rank() as u64 != rank, "it fell");
    }

    /// Panics with the port in its hands.
    #[handler]
    fn fall_with(&self, #[stream] out: PortRef<u64>) {
        panic!("it fell with {}", out.addr());
    }

    /// Never ends, so that what comes after it waits.
    #[handler]
    async fn hang(&self) {
        std::future::pending::<()>().await;
    }

    /// Opens a port, has another post to it, and gives what came.
    #[handler]
    async fn ask(&mut self, cx: &Context<Self>, whom: ActorRef<Post>) -> u64 {
        let (port, answer) = cx.open_once_port::<u64>().unwrap();
        whom.post_rank(port).send(cx).unwrap();
        answer.await.unwrap()
    }
}

async fn posts(cx: &Client) -> (ProcMesh, ActorMesh<Counter>, ActorMesh<Post>) {
    let (procs, counters) = four(cx).await;
    let posts = procs.spawn(cx, "posts", Post::spec()).await.unwrap();
    (procs, counters, posts)
}

#[mesh::test]
async fn a_reference_works_on_another_proc(cx: &Client) {
    let (_procs, counters, posts) = posts(cx).await;
    assert_eq!(posts.rank(1).add_at(counters.rank(3), 5).call(cx).await.unwrap(), 15);
    let here: ActorRef<Counter> = this_proc(cx).gspawn(cx, 0, "here", Counter::spec(1)).await.unwrap();
    assert_eq!(posts.rank(1).add_at(here, 5).call(cx).await.unwrap(), 6, "back to the client's proc");
}

#[mesh::test]
async fn a_mesh_reference_works_on_another_proc(cx: &Client) {
    let (procs, counters, posts) = posts(cx).await;
    let sums = posts.sum_of(counters.slice(1..4)).call(cx).await.unwrap();
    assert_eq!(sums.values(), [30; 4]);
    assert_eq!(posts.rank(0).size_of(procs.control().to_ref()).call(cx).await.unwrap(), 4);
}

#[mesh::test]
async fn a_port_reference_is_posted_to_from_another_proc(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    posts.post_rank(port).cast(cx).unwrap();
    let mut ranks = Vec::new();
    for _ in 0..4 {
        ranks.push(items.receive().await.unwrap());
    }
    ranks.sort_unstable();
    assert_eq!(ranks, [0, 1, 2, 3]);
}

#[mesh::test]
async fn a_once_port_takes_the_first_and_refuses_the_rest(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let (port, item) = cx.open_once_port::<u64>().unwrap();
    posts.rank(2).post_rank(port.clone()).call(cx).await.unwrap();
    assert_eq!(item.await.unwrap(), 2);
    let error = port.post(cx, 9).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Undeliverable { .. }), "{error}");
    assert_eq!(error.message, 9);
}

#[mesh::test]
async fn two_procs_talk_without_the_client(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    assert_eq!(posts.rank(0).ask(posts.rank(3)).call(cx).await.unwrap(), 3);
}

#[mesh::test]
async fn an_accumulator_folds_what_is_posted(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let (port, sum) = cx
        .open_accumulator((0_u32, 0_u64), |_, state, item: Result<u64, _>| {
            *state = (state.0 + 1, state.1 + item.unwrap());
        })
        .unwrap();
    posts.post_rank(port).cast(cx).unwrap();
    assert!(sum.wait_until(std::time::Duration::from_secs(1), |state| state.0 == 4).await);
    assert_eq!(sum.into_state(), (4, 6));
}

#[mesh::test]
async fn an_accumulator_that_hears_nothing_says_so_after_the_idle_time(cx: &Client) {
    let (_port, sum) =
        cx.open_accumulator(0, |_, state: &mut u64, item: Result<u64, _>| *state += item.unwrap()).unwrap();
    let start = tokio::time::Instant::now();
    assert!(!sum.wait_until(std::time::Duration::from_millis(30), |state| *state > 0).await);
    assert_eq!(start.elapsed().as_millis(), 30);
}

#[mesh::test]
async fn items_of_a_stream_handler_come_in_order(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let mut items = posts.rank(1).count(3).stream(cx).unwrap();
    for want in 100..103 {
        assert_eq!(items.receive().await.unwrap(), want);
    }
}

#[mesh::test]
async fn a_stream_handler_of_a_mesh_posts_to_one_port(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let mut items = posts.count(2).stream(cx).unwrap();
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(items.receive().await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 100, 101, 200, 201, 300, 301]);
}

#[mesh::test]
async fn a_post_to_a_closed_port_comes_back_to_its_sender(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let (port, items) = cx.open_port::<u64>().unwrap();
    drop(items);
    // From another proc the refusal comes later, and the sender lives on.
    assert!(posts.rank(0).post_rank(port).call(cx).await.unwrap());
    settle().await;
    assert_eq!(
        posts.rank(0).post_rank(cx.open_port().unwrap().0).call(cx).await.map_err(|e| e.kind),
        Ok(true)
    );
}

#[mesh::test]
async fn a_stream_ends_when_its_handlers_have_let_go(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let mut one = posts.rank(1).count(2).stream(cx).unwrap();
    assert_eq!((one.receive().await, one.receive().await), (Ok(100), Ok(101)));
    let over = one.receive().await.unwrap_err();
    assert_eq!(over.kind, CallErrorKind::ActorStopped);
    let (mut all, mut items) = (Vec::new(), posts.count(2).stream(cx).unwrap());
    while let Some(item) = next(&mut items).await {
        all.push(item.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 100, 101, 200, 201, 300, 301]);
    // One that is kept stays open until it is not.
    let mut kept = posts.keep().stream(cx).unwrap();
    for _ in 0..4 {
        kept.receive().await.unwrap();
    }
    let came = tokio::time::timeout(std::time::Duration::from_secs(3600), next(&mut kept)).await;
    assert!(came.is_err(), "{came:?}");
    posts.let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut kept).await, None);
}

#[mesh::test]
async fn a_stream_from_a_rank_that_fails_says_so_and_goes_on(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (_procs, _counters, posts) = posts(cx).await;
    let mut items = posts.keep().stream(cx).unwrap();
    for _ in 0..4 {
        items.receive().await.unwrap();
    }
    posts.fall(2).cast(cx).unwrap();
    let closed = items.receive().await.unwrap_err();
    assert!(matches!(&closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert_eq!(closed.callee.as_ref().unwrap().rank, Some(2));
    let text = closed.to_string();
    assert!(text.contains("posts@workers/2") && text.contains("it fell"), "{text}");
    for rank in [0, 1, 3] {
        posts.rank(rank).let_go().call(cx).await.unwrap();
    }
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_stream_whose_handler_panics_says_so(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (_procs, _counters, posts) = posts(cx).await;
    let here = cx.spawn(Post::default());
    let away = posts.rank(3).fall_with().stream(cx).unwrap();
    for (mut items, name) in [(here.fall_with().stream(cx).unwrap(), "post"), (away, "posts@workers/3")] {
        let closed = items.receive().await.unwrap_err();
        assert!(matches!(&closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
        assert!(closed.to_string().to_lowercase().contains(name), "{closed}");
        assert_eq!(next(&mut items).await, None);
    }
}

#[mesh::test]
async fn a_stream_that_is_never_begun_ends_with_the_actor(cx: &Client) {
    let (procs, _counters, posts) = posts(cx).await;
    posts.rank(0).hang().send(cx).unwrap();
    let mut items = posts.rank(0).count(1).stream(cx).unwrap();
    settle().await;
    // Its first handler never ends: it is killed when the time is over.
    procs.control().stop(cx).await.unwrap();
    let closed = items.receive().await.unwrap_err();
    assert_eq!(closed.callee.as_ref().unwrap().rank, Some(0));
}

#[mesh::test]
async fn a_port_that_nobody_holds_is_over(cx: &Client) {
    let (_procs, _counters, posts) = posts(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    port.post(cx, 1).unwrap();
    posts.rank(1).post_rank(port.clone()).send(cx).unwrap();
    assert_eq!(items.receive().await, Ok(1));
    assert_eq!(items.receive().await, Ok(1));
    let came = tokio::time::timeout(std::time::Duration::from_secs(3600), next(&mut items)).await;
    assert!(came.is_err(), "it is still held here: {came:?}");
    drop(port);
    assert_eq!(next(&mut items).await, None);
    let text = items.receive().await.unwrap_err().to_string();
    assert_eq!(text, "no item will come: nobody holds the port any more");
    let (port, item) = cx.open_once_port::<u64>().unwrap();
    drop(port);
    assert_eq!(item.await.unwrap_err().kind, CallErrorKind::ActorStopped);
}

#[mesh::test]
async fn a_once_port_ends_when_its_only_holder_cannot_get_it(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (_procs, _counters, posts) = posts(cx).await;
    posts.fall(1).cast(cx).unwrap();
    cx.failure(|failure| failure.ranks == [1]).await;
    settle().await;
    let (port, item) = cx.open_once_port::<u64>().unwrap();
    posts.rank(1).post_rank(port).send(cx).unwrap();
    let closed = item.await.unwrap_err();
    assert!(matches!(&closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert!(closed.to_string().contains("posts@workers/1"), "{closed}");
}

/// What says that a rank has let go must not overtake what it posted, by whatever way each goes.
#[mesh::test]
async fn all_that_was_posted_comes_before_the_end_of_a_stream(cx: &Client) {
    let hosts = mesh::HostMesh::allocate(cx, &mesh::ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 3)).await.unwrap();
    let posts = procs.spawn(cx, "posts", Post::spec()).await.unwrap();
    for len in [10, 1 << 20] {
        let mut items = posts.post_large(4, len).stream(cx).unwrap();
        let mut of = [0; 4];
        while let Some(item) =
            std::future::poll_fn(|task| std::pin::Pin::new(&mut items).poll_next(task)).await
        {
            let item = item.unwrap();
            assert_eq!(item.len() as u64, len);
            of[usize::from(item[0])] += 1;
        }
        assert_eq!(of, [3; 4], "of {len} bytes");
    }
}
