//! The names that `actor/reply.rs` mentions beside the reply within a process, which alone is checked: there is no port
//! here, and no way to make one.

#![expect(missing_docs, reason = "names alone")]

pub mod activity {
    #[derive(Clone, Copy, Debug)]
    pub struct CallOf {
        pub caller: u64,
        pub callee: u64,
        pub handler: &'static str,
    }
}

pub mod call {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum CallErrorKind {
        ActorStopped,
    }
}

pub mod clock {
    use crate::activity::CallOf;

    pub trait Wait: Send + Sync {
        fn is_open(&self) -> bool;
        fn expire(&self);
        fn call(&self) -> Option<CallOf> {
            None
        }
    }
}
