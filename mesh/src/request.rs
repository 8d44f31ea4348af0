//! Requests and verbs: a generated method builds a request, a verb sends it.
//!
//! | verb | one actor | mesh |
//! |---|---|---|
//! | `send` / `send_wait` | no reply | – |
//! | `cast` | – | to all, no reply |
//! | `call` | the reply | one reply a rank; any failure fails it, the rest is kept in the error |
//! | `try_call` | the handler's own `Result`, flattened | – |
//! | `call_each` | – | one result a rank; never fails as a whole |
//! | `choose` | – | one rank answers |
//! | `stream` | items of a `#[stream]` port | replies, or items, as they come |
//! | `reduce(R).call` | – | merged |
//!
//! Verbs are plain functions that send at once. What they return is `Send + 'static` and borrows nothing: it can be
//! collected, stored or spawned. The deadline starts at the verb.

mod builder;
mod gather;
mod lend;
mod limit;
mod local;
mod many;
mod pending;
mod port_ref;
mod remote;
mod send_wait;
mod stream;

pub use builder::{Accepts, Limit, ManyActors, OneActor, ReduceRequest, Request};
pub use gather::{EachPending, MeshCallError, MeshPending, ReducePending};
pub(crate) use lend::HolderNames;
pub use lend::Ports;
pub use limit::TimeLimit;
pub(crate) use local::post_control;
pub use many::{Cast, CastError, CastMesh};
pub use pending::{Pending, TryPending};
pub(crate) use port_ref::Merged;
pub use port_ref::{CallerPorts, PortRef};
pub use send_wait::SendWait;
pub use stream::{Items, Replies, StreamManyRequest, StreamRequest};
