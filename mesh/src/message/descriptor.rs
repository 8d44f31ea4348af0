//! What is known of a handler without running it: one table per actor, read by clients, the fingerprint and tests.

use std::time::Duration;

/// One handler, as written.
#[derive(Debug, Clone, Copy)]
pub struct HandlerDescriptor {
    /// The wire name.
    pub name: &'static str,
    /// The first line of its documentation, or nothing.
    pub doc: &'static str,
    /// Its arguments, in order.
    pub args: &'static [ArgDescriptor],
    /// The reply type, as written.
    pub reply: &'static str,
    /// Whether it takes messages only through an `ActorHandle`.
    pub local: bool,
    /// Whether it posts items to a `#[stream]` port.
    pub stream: bool,
    /// Its own time limit for calls, over the default.
    pub timeout: Option<Duration>,
    /// The reducer named in `#[handler(reduce = R)]`.
    pub reduce: Option<&'static str>,
    /// The structure of arguments and reply; `None` for a local handler.
    pub schema: Option<fn() -> HandlerSchema>,
}

impl HandlerDescriptor {
    /// A descriptor that knows only the name.
    pub const fn new(name: &'static str) -> HandlerDescriptor {
        HandlerDescriptor {
            name,
            doc: "",
            args: &[],
            reply: "",
            local: false,
            stream: false,
            timeout: None,
            reduce: None,
            schema: None,
        }
    }
}

/// One argument of a handler, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgDescriptor {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static str,
}

/// The structure of a handler's arguments and reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerSchema {
    /// The arguments, in their order: name and schema.
    pub args: Vec<(&'static str, String)>,
    /// The reply.
    pub reply: String,
}
