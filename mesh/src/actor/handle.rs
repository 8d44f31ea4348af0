//! Handles and references.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use mesh_macros::quiet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cell::{ActorCounters, ActorStatus, Cell};
use super::traits::{Actor, Api, Target};
use crate::addr::ActorAddr;
use crate::ident::ActorId;
use crate::outbox::{End, Resident, StopMode};

/// An actor of this process.
pub struct Local<A: Actor>(Arc<Cell<A>>);

impl<A: Actor> Local<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Local<A> {
        Local(cell)
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<A>> {
        &self.0
    }
}

impl<A: Actor> Clone for Local<A> {
    fn clone(&self) -> Local<A> {
        Local(self.0.clone())
    }
}

impl<A: Actor> Target for Local<A> {
    type Actor = A;
}

/// An actor anywhere.
pub struct Remote<A: Actor> {
    addr: Arc<ActorAddr>,
    rank: Option<u32>,
    _actor: PhantomData<fn(A)>,
}

impl<A: Actor> Remote<A> {
    pub(crate) fn new(addr: ActorAddr, rank: Option<u32>) -> Remote<A> {
        Remote { addr: Arc::new(addr), rank, _actor: PhantomData }
    }

    pub(crate) fn addr(&self) -> &Arc<ActorAddr> {
        &self.addr
    }

    pub(crate) fn rank(&self) -> Option<u32> {
        self.rank
    }
}

impl<A: Actor> Clone for Remote<A> {
    fn clone(&self) -> Remote<A> {
        Remote { addr: self.addr.clone(), rank: self.rank, _actor: PhantomData }
    }
}

impl<A: Actor> Target for Remote<A> {
    type Actor = A;
}

/// An actor of this process: messages are moved, never encoded.
///
/// Its handlers are methods of the generated `…Api`, through `Deref`. All else is under [`control`](Self::control).
/// Dropping it stops nothing: the actor belongs to whoever spawned it.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// # use mesh::prelude::*;
/// # struct Counter { n: i64 }
/// # #[actor] impl Counter {
/// #     #[new] fn new(n: i64) -> Self { Counter { n } }
/// #     #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// let counter: ActorHandle<Counter> = cx.spawn(Counter { n: 0 });
/// assert_eq!(counter.add(2).call(cx).await?, 2);
/// counter.control().drain();
/// counter.control().ended().await;
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
#[quiet]
pub struct ActorHandle<A: Actor>(A::Api<Local<A>>);

impl<A: Actor> ActorHandle<A> {
    pub(crate) fn from_target(target: Local<A>) -> ActorHandle<A> {
        ActorHandle(A::Api::new(target))
    }

    fn cell(&self) -> &Arc<Cell<A>> {
        self.0.target().cell()
    }

    pub(crate) fn resident(&self) -> Arc<dyn Resident> {
        self.cell().clone()
    }

    pub(crate) fn target(&self) -> &Local<A> {
        self.0.target()
    }

    /// What there is beside its messages: identity, status, stop.
    pub fn control(&self) -> ActorControl<'_, A> {
        ActorControl(self.cell())
    }
}

/// What there is of an actor beside its messages.
pub struct ActorControl<'a, A: Actor>(&'a Arc<Cell<A>>);

impl<'a, A: Actor> ActorControl<'a, A> {
    /// Who it is.
    pub fn id(&self) -> ActorId {
        self.0.identity()
    }

    /// Which life of it this is: raised when it is made anew.
    pub fn incarnation(&self) -> u32 {
        self.0.incarnation()
    }

    /// How often it was made anew after a failure.
    pub fn restarts(&self) -> u32 {
        self.0.restarts()
    }

    /// A reference that can be sent anywhere.
    pub fn to_ref(&self) -> ActorRef<A> {
        ActorRef::from_target(Remote::new(self.0.addr(), None))
    }

    /// Where it is in its life.
    pub fn status(&self) -> ActorStatus {
        self.0.status()
    }

    /// What it has counted.
    pub fn counters(&self) -> &'a ActorCounters {
        self.0.counters()
    }

    /// How many messages its mailbox has accepted, ever.
    pub fn accepted(&self) -> u64 {
        self.0.accepted()
    }

    /// How many messages wait to be started.
    pub fn queued(&self) -> usize {
        self.0.queued()
    }

    /// Asks it to stop: what is queued goes back to its senders.
    pub fn stop(&self) {
        self.0.stop(StopMode::Now);
    }

    /// Asks it to stop when it has handled what is queued.
    pub fn drain(&self) {
        self.0.stop(StopMode::Drain);
    }

    /// Ends it at its next await, as a failure.
    pub fn kill(&self) {
        self.0.clone().kill();
    }

    /// Waits for its end.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn ended(&self) -> End {
        self.0.ended().await
    }
}

impl<A: Actor> Clone for ActorHandle<A> {
    fn clone(&self) -> ActorHandle<A> {
        ActorHandle::from_target(self.0.target().clone())
    }
}

impl<A: Actor> Deref for ActorHandle<A> {
    type Target = A::Api<Local<A>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Actor> fmt::Debug for ActorHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorHandle({})", self.cell().id)
    }
}

impl<A: Actor> PartialEq for ActorHandle<A> {
    fn eq(&self, other: &Self) -> bool {
        self.cell().id == other.cell().id
    }
}

impl<A: Actor> Eq for ActorHandle<A> {}

impl<A: Actor> Hash for ActorHandle<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cell().id.hash(state);
    }
}

/// An actor anywhere: can be sent in messages, and its messages are encoded.
///
/// Its handlers are methods of the generated `…Api`, through `Deref`. It does not keep the actor alive.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// use mesh::prelude::*;
///
/// struct Greeter;
///
/// #[actor]
/// impl Greeter {
///     #[handler]
///     fn greet(&self, name: String) -> String {
///         format!("hello, {name}")
///     }
/// }
///
/// struct Visitor;
///
/// #[actor]
/// impl Visitor {
///     /// The greeter may be in any process.
///     #[handler]
///     async fn visit(&self, cx: &Context<Self>, whom: ActorRef<Greeter>) -> Result<String, CallError> {
///         whom.greet("visitor".into()).call(cx).await
///     }
/// }
///
/// let greeter = cx.spawn(Greeter).control().to_ref();
/// assert_eq!(cx.spawn(Visitor).visit(greeter).try_call(cx).await?, "hello, visitor");
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
#[quiet]
pub struct ActorRef<A: Actor>(A::Api<Remote<A>>);

impl<A: Actor> ActorRef<A> {
    pub(crate) fn from_target(target: Remote<A>) -> ActorRef<A> {
        ActorRef(A::Api::new(target))
    }

    /// A reference to the actor at an address. Nothing checks that it is an `A`.
    pub fn at(addr: ActorAddr) -> ActorRef<A> {
        ActorRef::from_target(Remote::new(addr, None))
    }

    pub(crate) fn target(&self) -> &Remote<A> {
        self.0.target()
    }

    /// The same actor, as one of another type. Nothing checks that it is one.
    pub(crate) fn of_type<B: Actor>(&self) -> ActorRef<B> {
        let remote = self.0.target();
        ActorRef::from_target(Remote { addr: remote.addr.clone(), rank: remote.rank, _actor: PhantomData })
    }

    /// What there is beside its messages.
    pub fn control(&self) -> RefControl<'_> {
        RefControl(self.0.target().addr())
    }
}

/// What there is of a reference beside its messages.
pub struct RefControl<'a>(&'a ActorAddr);

impl<'a> RefControl<'a> {
    /// Who it is.
    pub fn id(&self) -> &'a ActorId {
        &self.0.id
    }

    /// Who, and where.
    pub fn addr(&self) -> &'a ActorAddr {
        self.0
    }
}

impl<A: Actor> From<&ActorHandle<A>> for ActorRef<A> {
    fn from(handle: &ActorHandle<A>) -> ActorRef<A> {
        handle.control().to_ref()
    }
}

impl<A: Actor> Clone for ActorRef<A> {
    fn clone(&self) -> ActorRef<A> {
        ActorRef::from_target(self.0.target().clone())
    }
}

impl<A: Actor> Deref for ActorRef<A> {
    type Target = A::Api<Remote<A>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Actor> fmt::Debug for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.0.target().addr.id)
    }
}

impl<A: Actor> PartialEq for ActorRef<A> {
    fn eq(&self, other: &Self) -> bool {
        self.0.target().addr.id == other.0.target().addr.id
    }
}

impl<A: Actor> Eq for ActorRef<A> {}

impl<A: Actor> Hash for ActorRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.target().addr.id.hash(state);
    }
}

impl<A: Actor> Serialize for ActorRef<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&*self.0.target().addr, self.0.target().rank).serialize(serializer)
    }
}

impl<'de, A: Actor> Deserialize<'de> for ActorRef<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (addr, rank) = Deserialize::deserialize(deserializer)?;
        Ok(ActorRef::from_target(Remote::new(addr, rank)))
    }
}
