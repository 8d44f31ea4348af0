//! References to ports: they can be sent in messages, and posted to from anywhere.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::actor::{Caller, Scope};
use crate::addr::PortAddr;
use crate::call::{CallErrorKind, Callee, SendError};
use crate::ident::{ActorId, Uid};
use crate::outbox::Held;
use crate::port::{Accumulator, Fold, Here, OncePort, Port, PortsExhausted};
use crate::wire::codec::Payload;
use crate::wire::envelope::Lane;

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
    hold: Hold,
    _item: PhantomData<fn(T)>,
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
        PortRef { addr, slot, hold, _item: PhantomData }
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
        let payload = Payload::of(item).map_err(|error| error.call_error())?;
        scope.outbox.post_item(scope.sender, &self.addr, self.slot, lane, payload)
    }
}

impl<T> Clone for PortRef<T> {
    fn clone(&self) -> PortRef<T> {
        PortRef::holding(self.addr.clone(), self.slot, self.hold.clone())
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
        (&self.addr, self.slot).serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for PortRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (addr, slot) = Deserialize::deserialize(deserializer)?;
        let hold = Held::decoded(&addr).map_or(Hold::None, Hold::Held);
        Ok(PortRef::holding(addr, slot, hold))
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
