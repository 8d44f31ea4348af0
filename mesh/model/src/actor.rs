//! Of `mesh/src/actor`, the places where replies are awaited.

mod panic {
    pub(super) fn panic_text(_: &(dyn std::any::Any + Send)) -> &'static str {
        "a panic"
    }
}

#[path = "../../src/actor/reply.rs"]
#[expect(dead_code, reason = "what concerns ports has no caller here")]
mod reply;

pub use reply::{Arrival, Reply, ReplyTo, ReplyWait};
