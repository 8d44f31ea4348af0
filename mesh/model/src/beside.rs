//! The names that `actor/reply.rs` mentions beside the reply within a process, which alone is checked: there is no port
//! here, and no way to make one.

#![expect(missing_docs, reason = "names alone")]

/// What a port would need: nobody can make one.
#[derive(Clone, Debug)]
pub struct Never(());

pub mod activity {
    #[derive(Clone, Copy, Debug)]
    pub struct CallOf {
        pub caller: u64,
        pub callee: u64,
        pub handler: &'static str,
    }
}

pub mod addr {
    pub type PortAddr = super::Never;
}

pub mod ident {
    pub type ActorId = super::Never;
}

pub mod call {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum CallErrorKind {
        ActorStopped,
        Decode { reason: String },
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

pub mod outbox {
    use super::Never;
    use crate::wire::envelope::{Envelope, Headers, Lane};

    #[derive(Debug)]
    pub struct Outbox(Never);

    impl Outbox {
        pub fn headers(&self, _: &Never, _: Lane) -> Headers {
            Headers(self.0.clone())
        }

        pub fn gateway(&self) -> &Outbox {
            self
        }

        pub fn post_or_bounce(&self, envelope: Envelope) {
            unreachable!("there is no port: {envelope:?}")
        }
    }
}

pub mod wire {
    pub mod codec {
        use crate::beside::Never;
        use crate::call::CallErrorKind;

        pub type Payload = Never;

        #[derive(Debug)]
        pub struct EncodeError(pub Never);

        impl EncodeError {
            pub fn call_error(&self) -> CallErrorKind {
                unreachable!("nothing is encoded")
            }
        }
    }

    pub mod envelope {
        use crate::beside::Never;
        use crate::call::CallErrorKind;

        #[derive(Clone, Copy, Debug)]
        pub enum Lane {
            Control,
        }

        #[derive(Debug)]
        pub struct Headers(pub(crate) Never);

        #[derive(Debug)]
        pub enum Body {
            Reply(Never),
            Failed(CallErrorKind),
        }

        #[derive(Debug)]
        pub struct Destination;

        impl Destination {
            pub fn port(port: &Never, _: u32) -> Destination {
                unreachable!("there is no port: {port:?}")
            }
        }

        #[derive(Debug)]
        pub struct Envelope {
            pub to: Destination,
            pub headers: Headers,
            pub body: Body,
        }
    }
}
