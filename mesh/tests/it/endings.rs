//! What is seen of an actor while it ends, and in which order its children end.

use std::time::Duration;

use mesh::actor::ActorStatus;
use mesh::prelude::*;

use crate::support::Log;

/// Takes its time to stop, and notes when it is gone.
struct Slow {
    log: Log,
    takes: Duration,
}

#[actor]
impl Slow {
    #[on_stop]
    async fn stopped(&mut self) {
        tokio::time::sleep(self.takes).await;
        self.log.note("the child has stopped");
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.log.note("the child is gone");
    }
}

struct Parent {
    log: Log,
    takes: Duration,
}

#[actor]
impl Parent {
    /// Has a child.
    #[handler]
    fn begin(&mut self, cx: &Context<Self>) {
        cx.spawn(Slow { log: self.log.clone(), takes: self.takes });
    }

    #[handler]
    fn panic(&self) {
        panic!("as it was told");
    }

    #[on_stop]
    fn stopped(&mut self) {
        self.log.note("the parent stops");
    }
}

async fn parent(cx: &Client, takes: Duration) -> (Log, ActorHandle<Parent>) {
    let log = Log::default();
    let parent = cx.spawn(Parent { log: log.clone(), takes });
    parent.begin().call(cx).await.unwrap();
    (log, parent)
}

#[mesh::test]
async fn failed_actor_is_stopping_while_its_children_end(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (log, parent) = parent(cx, Duration::from_secs(2)).await;
    parent.panic().send(cx).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(parent.control().status(), ActorStatus::Stopping);
    assert!(log.lines().is_empty(), "{:?}", log.lines());
    let end = parent.control().ended().await;
    assert!(format!("{end:?}").contains("as it was told"), "{end:?}");
    assert_eq!(log.lines(), ["the child has stopped", "the child is gone"]);
}

#[mesh::test]
async fn children_that_are_killed_are_gone_before_their_parent_stops(cx: &Client) {
    let bound = cx.config().get(mesh::config::STOP_DRAIN_TIMEOUT);
    let (log, parent) = parent(cx, bound * 3).await;
    parent.control().stop();
    parent.control().ended().await;
    assert_eq!(log.lines(), ["the child is gone", "the parent stops"]);
}
