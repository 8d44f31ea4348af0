//! What a handler is given: who it is, who called, and the way to send.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use mesh_macros::quiet;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::blocking::Blocking;
use super::cell::Cell;
use super::chain::CallChain;
use super::far::encode;
use super::handle::{ActorHandle, ActorRef, Local};
use super::parcel::{Deferred, ParcelHeaders};
use super::reply::ReplyTo;
use super::spawn::{Newborn, SpawnEnv, SpawnOptions, spawn_actor};
use super::traits::Actor;
use crate::addr::{ActorAddr, PortAddr};
use crate::config;
use crate::ident::{ActorId, Label, Uid};
use crate::outbox::{AdmitError, InTrace, Outbox, Resident, StopMode, Traced};
use crate::port::{Accumulator, Fold, OncePort, Port, PortsExhausted};
use crate::sync::Spin;
use crate::wire::envelope::{CastPoint, TraceContext};

/// Whoever can send: an actor in a handler, through its [`Context`], or a program, through its client.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a caller",
    label = "expected the handler's `cx` or a `&Client`",
    note = "inside a handler pass its `cx: &Context<Self>`; in `main` or a test pass its `cx: &Client`"
)]
pub trait Caller: Sync {
    /// The sending side.
    #[doc(hidden)]
    fn scope(&self) -> Scope<'_>;
}

/// The sending side of a caller.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The outbox of its proc.
    pub outbox: &'a Arc<Outbox>,
    /// Who sends.
    pub sender: &'a ActorId,
    /// When the time of the message it handles is over.
    pub deadline: Option<Instant>,
    /// Who waits for the message it handles.
    pub chain: Option<&'a Arc<CallChain>>,
    /// Whether it is an actor, which can be called back and so be part of a cycle.
    pub is_actor: bool,
}

impl Scope<'_> {
    /// The chain of a call it makes.
    pub fn call_chain(&self) -> Option<Arc<CallChain>> {
        if self.is_actor {
            Some(CallChain::extend(self.sender.clone(), self.chain.cloned()))
        } else {
            self.chain.cloned()
        }
    }

    /// Where it hears of failures.
    pub fn owner(&self) -> ActorAddr {
        // In this life: one that is made anew does not own what the life before has.
        ActorAddr { id: self.sender.clone(), at: self.outbox.gateway().location() }
    }

    /// Opens a port for many items.
    ///
    /// # Errors
    /// [`PortsExhausted`].
    pub fn open_port<T: DeserializeOwned + 'static>(&self) -> Result<(PortAddr, Port<T>), PortsExhausted> {
        self.outbox.open_port(self.sender.uid)
    }

    /// Opens a port for one item.
    ///
    /// # Errors
    /// [`PortsExhausted`].
    pub fn open_once_port<T: DeserializeOwned + 'static>(
        &self,
    ) -> Result<(PortAddr, OncePort<T>), PortsExhausted> {
        self.outbox.open_once_port(self.sender.uid)
    }

    /// Opens an accumulating port.
    ///
    /// # Errors
    /// [`PortsExhausted`].
    pub fn open_accumulator<S: Send + 'static, U: DeserializeOwned + Serialize + 'static>(
        &self,
        initial: S,
        fold: Fold<S, U>,
    ) -> Result<(PortAddr, Accumulator<S>), PortsExhausted> {
        self.outbox.open_accumulator(initial, fold)
    }
}

/// What belongs to the message that is handled.
#[derive(Default)]
struct Current {
    headers: ParcelHeaders,
    handler: Option<&'static str>,
    traced: Option<Box<Traced>>,
}

/// What a handler is given: `cx: &Context<Self>`. It is the [`Caller`] of what the handler sends.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// use mesh::prelude::*;
///
/// struct Leaf;
///
/// #[actor]
/// impl Leaf {
///     #[handler]
///     fn parent_and_self(&self, cx: &Context<Self>, parent: ActorRef<Tree>) -> (ActorRef<Tree>, ActorRef<Leaf>) {
///         (parent, cx.this())
///     }
/// }
///
/// struct Tree;
///
/// #[actor]
/// impl Tree {
///     #[handler]
///     async fn grow(&self, cx: &Context<Self>) -> Result<bool, CallError> {
///         let leaf = cx.spawn(Leaf); // ends with this actor
///         let (parent, _leaf) = leaf.parent_and_self(cx.this()).call(cx).await?;
///         Ok(parent == cx.this())
///     }
/// }
///
/// assert!(cx.spawn(Tree).grow().try_call(cx).await?);
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
pub struct Context<A: Actor> {
    cell: Arc<Cell<A>>,
    /// Who it is, in a later life than the first.
    later: Option<Box<ActorId>>,
    current: Current,
    children: Spin<BTreeMap<Uid, Arc<dyn Resident>>>,
    stop: AtomicBool,
}

#[quiet]
impl<A: Actor> Context<A> {
    pub(super) fn new(cell: Arc<Cell<A>>) -> Context<A> {
        let later = (cell.incarnation() != cell.id.incarnation).then(|| Box::new(cell.identity()));
        Context {
            cell,
            later,
            current: Current::default(),
            children: Spin::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// A handler is about to run; `headers` only where the message brings some.
    #[inline]
    pub(super) fn enter(&mut self, handler: &'static str, id: u64, headers: Option<ParcelHeaders>) {
        self.cell.activity.begin(id);
        self.current.handler = Some(handler);
        if let Some(headers) = headers {
            let trace = headers.rare.as_ref().and_then(|rare| rare.trace);
            self.current.traced = trace.map(|trace| Box::new(Traced::new(trace, &self.cell.id, handler)));
            self.current.headers = headers;
        }
    }

    /// Enters the trace of the message that is handled, if it has one.
    #[inline]
    pub(super) fn traced(&self) -> Option<InTrace<'_>> {
        self.current.traced.as_ref().map(|traced| traced.enter())
    }

    /// Gives the handler that ran.
    #[inline]
    pub(super) fn leave(&mut self) -> &'static str {
        self.cell.activity.end();
        if !self.current.headers.is_empty() {
            self.current.headers = ParcelHeaders::default();
            self.current.traced = None;
        }
        self.current.handler.take().unwrap_or_default()
    }

    pub(super) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn forget_child(&self, uid: Uid) -> Option<Arc<dyn Resident>> {
        self.children.lock().remove(&uid)
    }

    /// One that has ended is made anew; false when it cannot be.
    pub(super) fn restart_child(&self, child: Arc<dyn Resident>) -> bool {
        let restarts = child.clone().restart();
        if restarts {
            self.children.lock().insert(child.id().uid, child);
        }
        restarts
    }

    pub(super) fn has_children(&self) -> bool {
        !self.children.lock().is_empty()
    }

    /// Stops the children and waits for them (`ACTOR-4`); those that take longer than the bound are killed.
    pub(super) async fn stop_children(&self, mode: StopMode) {
        let children = std::mem::take(&mut *self.children.lock());
        let children: Vec<Arc<dyn Resident>> = children.into_values().collect();
        if children.is_empty() {
            return;
        }
        children.iter().for_each(|child| child.stop(mode));
        let bound = self.cell.outbox.config().get(config::STOP_DRAIN_TIMEOUT);
        let all = async {
            for child in &children {
                child.ended().await;
            }
        };
        if tokio::time::timeout(bound, all).await.is_err() {
            let late: Vec<_> = children.iter().filter(|child| child.end().is_none()).collect();
            for child in &late {
                tracing::warn!(actor = %self.cell.id, child = %child.id(), "a child did not stop in time");
                Arc::clone(child).kill();
            }
            // They end at their next await. One that holds its thread may have none.
            let killed = async {
                for child in late {
                    child.ended().await;
                }
            };
            let _ = tokio::time::timeout(bound, killed).await;
        }
    }

    /// Ends the children at once, and does not wait for them.
    pub(super) fn kill_children(&self) {
        let children = std::mem::take(&mut *self.children.lock());
        children.into_values().for_each(|child| child.kill());
    }

    /// This actor, as those outside see it.
    pub fn this(&self) -> ActorRef<A> {
        ActorRef::from(&self.handle())
    }

    /// This actor, within its process.
    pub fn handle(&self) -> ActorHandle<A> {
        ActorHandle::from_target(Local::new(self.cell.clone()))
    }

    /// Who it is, in this life.
    pub fn id(&self) -> &ActorId {
        self.later.as_deref().unwrap_or(&self.cell.id)
    }

    /// Its rank in its mesh; 0 outside of one.
    pub fn rank(&self) -> usize {
        self.cell.env.rank()
    }

    /// How many ranks its mesh has; 1 outside of one.
    pub fn size(&self) -> usize {
        self.cell.env.size()
    }

    /// Its place.
    pub fn env(&self) -> &SpawnEnv {
        &self.cell.env
    }

    /// The place of the message in its cast: its rank in the caller's view, and how many ranks that has.
    pub fn cast_point(&self) -> Option<CastPoint> {
        self.current.headers.rare.as_ref()?.point
    }

    /// Takes the reply of a message whose reply is deferred; `None` when nobody waits for one, or for one of another
    /// type, or it was taken already. Dropped unused it says that the actor has stopped.
    pub fn deferred_reply<R: Serialize + Send + 'static>(&self) -> Option<ReplyTo<R>> {
        match self.current.headers.rare.as_ref()?.deferred.as_ref()? {
            Deferred::Port(reply) => {
                let reply = reply.lock().unwrap_or_else(PoisonError::into_inner).take()?;
                reply.encoding(encode::<R>)
            }
            Deferred::Here(reply) => {
                let mut reply = reply.lock().unwrap_or_else(PoisonError::into_inner);
                if !reply.as_ref()?.is::<ReplyTo<R>>() {
                    return None;
                }
                reply.take()?.downcast().ok().map(|reply| *reply)
            }
        }
    }

    /// The handler that runs.
    pub fn handler(&self) -> Option<&'static str> {
        self.current.handler
    }

    /// The trace that what is sent now belongs to, where spans travel (`MESH_TRACE_SPANS`).
    pub fn trace(&self) -> Option<TraceContext> {
        self.cell.outbox.trace()
    }

    /// When the time of the message that is handled is over.
    pub fn deadline(&self) -> Option<Instant> {
        self.current.headers.deadline
    }

    /// Asks this actor to stop when the handler that runs is done.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Runs work that blocks, such as a long computation or a call of a C library, on a thread that runs no actors. A
    /// handler that blocks by itself holds a thread which others need; the watchdog names it.
    ///
    /// The actor handles its next message when the handler returns, so a handler that awaits the result keeps it busy,
    /// and no other. The number of such threads is that of tokio's blocking pool, 512; further work waits for one.
    ///
    /// # Cancel safety
    /// Dropping the result does not end the work: it runs to its end. When the actor is stopped or its mesh is dropped
    /// the handler that awaits it is finished first; a kill does not wait for it. A process that ends does not either.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// # use mesh::prelude::*;
    /// # use mesh::actor::BlockingError;
    /// struct Hasher;
    ///
    /// #[actor]
    /// impl Hasher {
    ///     #[handler]
    ///     async fn sum(&self, cx: &Context<Self>, up_to: u64) -> Result<u64, BlockingError> {
    ///         cx.spawn_blocking(move || (0..=up_to).sum()).await
    ///     }
    /// }
    ///
    /// assert_eq!(cx.spawn(Hasher).control().to_ref().sum(1000).try_call(cx).await?, 500_500);
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Blocking<T> {
        Blocking::new(self.cell.outbox.runtime().spawn_blocking(work))
    }

    /// Starts a child: it ends with this actor, and its failure comes to `#[on_failure]`.
    ///
    /// # Panics
    /// When the proc is ending and takes no actors; see [`try_spawn`](Context::try_spawn).
    pub fn spawn<B: Actor>(&self, actor: B) -> ActorHandle<B> {
        match self.try_spawn(default_label::<B>(), actor) {
            Ok(handle) => handle,
            Err(error) => panic!("a child could not be spawned: {error}"),
        }
    }

    /// Starts a named child.
    ///
    /// # Errors
    /// [`AdmitError`], when the proc is ending.
    pub fn try_spawn<B: Actor>(
        &self,
        label: impl Into<Label>,
        actor: B,
    ) -> Result<ActorHandle<B>, AdmitError> {
        value_cannot_be_made_anew::<B>();
        self.spawn_child(Newborn::ready(&self.cell.outbox, label.into(), actor))
    }

    pub(crate) fn spawn_child<B: Actor>(&self, child: Newborn<B>) -> Result<ActorHandle<B>, AdmitError> {
        let Newborn { uid, label, birth, ports } = child;
        let options = SpawnOptions {
            uid,
            label,
            incarnation: 1,
            restart: None,
            env: SpawnEnv::default(),
            ports,
            supervisor: self.cell.clone(),
        };
        let handle = spawn_actor(&self.cell.outbox, birth, options)?;
        let resident = handle.resident();
        self.children.lock().insert(resident.id().uid, resident);
        Ok(handle)
    }
}

/// A value is there once: an actor with a restart policy has to come with what it is made from, which is seen when the
/// program is built.
pub(crate) const fn value_cannot_be_made_anew<B: Actor>() {
    const {
        assert!(
            B::RESTART.is_none(),
            "an actor with `#[actor(restart(..))]` is made anew from its spec, and a value cannot be: spawn it with `cx.spawn_spec(Type::spec(..))`"
        );
    }
}

thread_local! {
    /// The names of types, by the address of the type's: made once a thread.
    static LABELS: RefCell<FxHashMap<(usize, usize), Label>> = RefCell::default();
}

/// The name of an actor that was given none: its type's.
pub(crate) fn default_label<A>() -> Label {
    let name = std::any::type_name::<A>();
    let make = || {
        let base = name.split('<').next().unwrap_or(name);
        Label::new(base.rsplit("::").next().unwrap_or(base))
    };
    LABELS.with_borrow_mut(|labels| {
        labels.entry((name.as_ptr().addr(), name.len())).or_insert_with(make).clone()
    })
}

#[diagnostic::do_not_recommend]
impl Caller for Scope<'_> {
    fn scope(&self) -> Scope<'_> {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor> Caller for Context<A> {
    fn scope(&self) -> Scope<'_> {
        Scope {
            outbox: &self.cell.outbox,
            sender: self.id(),
            deadline: self.deadline(),
            chain: self.current.headers.chain.as_ref(),
            is_actor: true,
        }
    }
}
