//! References to ports: they can be sent in messages, and posted to from anywhere.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::actor::{Caller, Scope};
use crate::addr::PortAddr;
use crate::call::{CallErrorKind, Callee, SendError};
use crate::ident::{ActorId, Uid};
use crate::message::merge_id;
use crate::outbox::{Held, Lending, went_nowhere};
use crate::port::{
    AccumulatingPort, Accumulator, Fold, Here, Holder, OncePort, Port, PortsExhausted, encoded_count,
};
use crate::reduce::Reducer;
use crate::wire::codec::Payload;
use crate::wire::envelope::{Destination, Lane, Target};

/// A port, anywhere: items of type `T` can be posted to it.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// use mesh::prelude::*;
///
/// struct Clock;
///
/// #[actor]
/// impl Clock {
///     /// Posts as many ticks as are asked for, and returns before they are received.
///     #[handler]
///     fn tick(&self, cx: &Context<Self>, times: u32, out: PortRef<u32>) -> Result<(), Fatal> {
///         for n in 0..times {
///             out.post(cx, n)?;
///         }
///         Ok(())
///     }
/// }
///
/// let (out, mut ticks) = cx.open_port()?;
/// cx.spawn(Clock).tick(2, out).send(cx)?;
/// assert_eq!((ticks.receive().await?, ticks.receive().await?), (0, 1));
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
pub struct PortRef<T> {
    addr: PortAddr,
    slot: u32,
    merged: Option<Merged>,
    hold: Hold,
    _item: PhantomData<fn(T)>,
}

/// How the items of a port are merged on their way.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Merged {
    /// The number of the pair of item type and reducer.
    merge: u64,
    /// How long a gateway may keep items to merge them, in milliseconds.
    every_ms: u32,
}

impl Merged {
    /// Items of type `T` by the reducer `R`, once in `every`; `None` where no gateway can do it.
    pub(crate) fn by<T: 'static, R: 'static>(every: Duration) -> Option<Merged> {
        let every_ms = u32::try_from(every.as_micros().div_ceil(1000)).unwrap_or(u32::MAX);
        // A reducer with state of its own is known where the port is alone.
        (size_of::<R>() == 0 && every_ms > 0).then(|| Merged { merge: merge_id::<T, R>(), every_ms })
    }
}

/// What a reference is to whoever waits at the port: while one is held, an item may come.
#[derive(Clone)]
pub enum Hold {
    /// Nothing: it is not counted.
    None,
    /// One in the process that has opened the port.
    Here(Arc<Here>),
    /// One that came to an actor in a message.
    Held(Arc<Held>),
}

impl<T> PortRef<T> {
    pub(crate) fn new(addr: PortAddr, slot: u32) -> PortRef<T> {
        PortRef::holding(addr, slot, Hold::None)
    }

    pub(super) fn holding(addr: PortAddr, slot: u32, hold: Hold) -> PortRef<T> {
        PortRef { addr, slot, merged: None, hold, _item: PhantomData }
    }

    /// Its items may be merged on their way.
    pub(crate) fn merged(self, merged: Option<Merged>) -> PortRef<T> {
        PortRef { merged, ..self }
    }

    /// Where it is.
    pub fn addr(&self) -> &PortAddr {
        &self.addr
    }

    /// Posts an item, without waiting.
    ///
    /// # Errors
    /// [`SendError`] with the item, when it cannot go; what goes wrong later is logged at the sender.
    pub fn post(&self, cx: &impl Caller, item: T) -> Result<(), SendError<T>>
    where
        T: Serialize + 'static,
    {
        self.post_on(Lane::Data, cx.scope(), &item).map_err(|kind| {
            let actor = ActorId::new(self.addr.proc.id.clone(), Uid(self.addr.port), "port".into());
            SendError { callee: Box::new(Callee { actor, handler: None, rank: None }), kind, message: item }
        })
    }

    /// As `post_control`, for what is no caller of its own.
    pub(crate) fn post_control_as(&self, scope: Scope<'_>, item: &T) -> Result<(), CallErrorKind>
    where
        T: Serialize + 'static,
    {
        self.post_on(Lane::Control, scope, item)
    }

    /// Posts the runtime's own news, never behind data; what is posted is bounded by what happens.
    pub(crate) fn post_control(&self, cx: &impl Caller, item: &T) -> Result<(), CallErrorKind>
    where
        T: Serialize + 'static,
    {
        self.post_on(Lane::Control, cx.scope(), item)
    }

    fn post_on(&self, lane: Lane, scope: Scope<'_>, item: &T) -> Result<(), CallErrorKind>
    where
        T: Serialize + 'static,
    {
        let encoded = encoded_count();
        let payload = Payload::of(item).map_err(|error| {
            went_nowhere(encoded);
            error.call_error()
        })?;
        let mut to = Destination::port(&self.addr, self.slot);
        if let Some(Merged { merge, every_ms }) = self.merged {
            to.target = Target::Fold { port: self.addr.port, merge, every_ms };
        }
        if encoded == encoded_count() || self.merged.is_some() {
            return scope.outbox.post_item(scope.sender, to, lane, (payload, None));
        }
        let holder = Holder::of_port(&self.addr);
        let lending = Lending::of(encoded, 1, move |_| holder.clone());
        // The item comes back to whoever posts it, with the references.
        let in_order = |_: &CallErrorKind| lending.take_back(0, &CallErrorKind::ActorStopped);
        scope.outbox.post_item(scope.sender, to, lane, (payload, lending.header())).inspect_err(in_order)
    }
}

impl<T> Clone for PortRef<T> {
    fn clone(&self) -> PortRef<T> {
        PortRef::holding(self.addr.clone(), self.slot, self.hold.clone()).merged(self.merged)
    }
}

impl<T> fmt::Debug for PortRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortRef({})", self.addr)
    }
}

impl<T> PartialEq for PortRef<T> {
    fn eq(&self, other: &Self) -> bool {
        self.addr == other.addr && self.slot == other.slot
    }
}

impl<T> Eq for PortRef<T> {}

impl<T> Serialize for PortRef<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.hold {
            Hold::None => {}
            Hold::Here(here) => here.encoded(),
            Hold::Held(held) => held.passed_on(),
        }
        (&self.addr, self.slot, self.merged).serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for PortRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (addr, slot, merged) = Deserialize::deserialize(deserializer)?;
        let hold = Held::decoded(&addr).map_or(Hold::None, Hold::Held);
        Ok(PortRef::holding(addr, slot, hold).merged(merged))
    }
}

/// Opens ports: every caller can.
pub trait CallerPorts: Caller {
    /// Opens a port for many items.
    ///
    /// # Errors
    /// [`PortsExhausted`], when too many are open.
    fn open_port<T: DeserializeOwned + 'static>(&self) -> Result<(PortRef<T>, Port<T>), PortsExhausted> {
        let (addr, port) = self.scope().open_port()?;
        Ok((PortRef::holding(addr, 0, Hold::Here(port.here())), port))
    }

    /// Opens a port for one item.
    ///
    /// # Errors
    /// [`PortsExhausted`], when too many are open.
    fn open_once_port<T: DeserializeOwned + 'static>(
        &self,
    ) -> Result<(PortRef<T>, OncePort<T>), PortsExhausted> {
        let (addr, port) = self.scope().open_once_port()?;
        Ok((PortRef::holding(addr, 0, Hold::Here(port.here())), port))
    }

    /// Opens a port whose items are merged by `reducer`: it gives what they amount to, once in `every` at most. The first
    /// value does not wait, nor does the last, when nobody is left who could post.
    ///
    /// Items are merged where they are posted, at each gateway on their way, and here, as they come: from many ranks at no
    /// defined order, so that the reducer is to be commutative as well as associative (`Sum`, `Max`, `Min`, `Merge`). Each is
    /// taken in once. Gateways know the built-in reducers and those of [`register_reducer!`](crate::register_reducer); items
    /// that they cannot merge go on one by one. A post is never refused because nobody takes the value out.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// use mesh::prelude::*;
    /// use std::time::Duration;
    ///
    /// struct Miner;
    ///
    /// #[actor]
    /// impl Miner {
    ///     #[new]
    ///     fn new() -> Self {
    ///         Miner
    ///     }
    ///
    ///     #[handler]
    ///     fn dig(&self, cx: &Context<Self>, tons: u64, dug: PortRef<u64>) -> Result<(), Fatal> {
    ///         for _ in 0..tons {
    ///             dug.post(cx, 1)?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?;
    /// let miners = procs.spawn(cx, "miners", Miner::spec()).await?;
    /// let (dug, mut total) = cx.open_accumulating_port(Sum, Duration::from_millis(100))?;
    /// miners.dig(25, dug).cast(cx)?;
    /// let mut last = 0;
    /// while let Ok(tons) = total.receive().await {
    ///     last = tons; // more each time, ten times a second at most
    /// }
    /// assert_eq!(last, 100);
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`PortsExhausted`], when too many are open.
    fn open_accumulating_port<T, R>(
        &self,
        reducer: R,
        every: Duration,
    ) -> Result<(PortRef<T>, AccumulatingPort<T>), PortsExhausted>
    where
        T: DeserializeOwned + Clone + Send + 'static,
        R: Reducer<T>,
    {
        let scope = self.scope();
        let (addr, port) = scope.outbox.open_accumulating_port(scope.sender.uid, Box::new(reducer), every)?;
        let to = PortRef::holding(addr, 0, Hold::Here(port.here())).merged(Merged::by::<T, R>(every));
        Ok((to, port))
    }

    /// Opens a port whose items are folded into one state as they come.
    ///
    /// # Errors
    /// [`PortsExhausted`], when too many are open.
    fn open_accumulator<S: Send + 'static, U: DeserializeOwned + Serialize + 'static>(
        &self,
        initial: S,
        fold: Fold<S, U>,
    ) -> Result<(PortRef<U>, Accumulator<S>), PortsExhausted> {
        let (addr, accumulator) = self.scope().open_accumulator(initial, fold)?;
        Ok((PortRef::new(addr, 0), accumulator))
    }
}

impl<C: Caller> CallerPorts for C {}
