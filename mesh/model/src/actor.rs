//! Of `mesh/src/actor`, the places where replies are awaited.

mod far {
    use std::marker::PhantomData;

    use crate::call::CallErrorKind;

    /// Nobody can make one.
    pub struct RemoteReply<R>(Never, PhantomData<fn(R)>);

    enum Never {}

    pub(super) type Encode<R> = fn(&R);

    impl<R> RemoteReply<R> {
        pub(super) fn answer(&self, _: &R) {
            match self.0 {}
        }

        pub(super) fn fail(&self, _: CallErrorKind) {
            match self.0 {}
        }

        pub(super) fn encoding<S>(self, _: Encode<S>) -> RemoteReply<S> {
            match self.0 {}
        }
    }
}

#[path = "../../src/actor/reply.rs"]
#[expect(dead_code, reason = "what concerns ports has no caller here")]
mod reply;

pub use reply::{Arrival, Reply, ReplyTo, ReplyWait};
