//! Links: one session between two gateways, over one connection after the other, on which envelopes travel.
//!
//! ```text
//! post ─► session ─► buffer ─► connection ─► reader ─► session ─► arrived
//!            └───── after a cut, again ────► the next connection
//! ```
//!
//! Within one process that nobody wants to cut, what is posted is handed on as it is: see `direct`.
//!
//! One task drives a link; whoever posts may write. A link does **not** know where an envelope goes, whom it belongs to,
//! how to dial ([`Redial`]), or what to do when it is lost: that is told to [`LinkEvents`].
//!
//! Invariants
//! - `LINK-1` [`LinkEvents::lost`] is called exactly once for a link that was started, with everything posted that the
//!   other side has not acknowledged, oldest first; nothing arrives after it.
//! - `LINK-2` the task of a link ends within [`LinkLimits::close_timeout`] of its loss.
//! - `LINK-3` after an orderly close nothing is returned that has arrived: either side sends its `Bye` behind its last
//!   envelope, and goes on acknowledging until the other's `Bye` is there and all of its own is acknowledged.
//! - `LINK-4` bytes from the other side end the link at worst.
//! - `LINK-5` a lost connection alone loses nothing, repeats nothing and changes no order: the session goes on over the
//!   next one (`SESSION-4`), until [`LinkLimits::give_up`] is over.
//! - `LINK-6` without a connection no more is kept than the window; beyond it, senders are refused.
//! - `LINK-7` a large envelope goes in chunks, and stops no others: see `large`.
//! - `LINK-8` where a pulse is kept, a side that is well is heard at least once a second, also while all threads of its
//!   runtime are held ([`Link::beat`]); one that is silent for [`LinkLimits::silence`] ends the link: see `wire::pulse`.
//!
//! ```text
//! Open ──close, or the other side's Bye──► Closing ──both Byes, all acknowledged──► Closed
//!   └── given up, or malformed bytes ─────────┴─────── or the timeout ──────────────┘
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::CallErrorKind;
use crate::wire::cast::{Cast, Member};
use crate::wire::envelope::Envelope;
use crate::wire::heads::{Answer, Tell, Told};
use crate::wire::session::Window;

mod assembly;
mod backlog;
pub(crate) mod direct;
mod driver;
mod gradual;
mod handshake;
mod large;
mod reader;
mod redial;
mod shared;
mod spare;

use direct::Direct;
pub use handshake::{Auth, LinkError, Ready, handshake, handshake_with};
pub use redial::{Redial, RedialError};
use shared::Shared;

/// Which link. Chosen by whoever starts it; unique within a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// Who hears what happens on links. Called from their tasks, and by who posts, within a process: it must not block.
pub trait LinkEvents: Send + Sync + 'static {
    /// An envelope has arrived.
    ///
    /// # Ordering
    /// In the order in which they were posted.
    fn arrived(&self, link: LinkId, envelope: Envelope);

    /// Messages and replies that say little have arrived.
    ///
    /// # Ordering
    /// As with [`LinkEvents::arrived`], of which they are a part.
    fn told(&self, link: LinkId, told: &[Told<'_>]) {
        told.iter().for_each(|told| self.arrived(link, told.to_envelope()));
    }

    /// The link is no more. What was posted and not acknowledged comes back, oldest first; some of it may have arrived.
    fn lost(&self, link: LinkId, loss: Loss, returned: Vec<Envelope>);
}

/// How a link was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In words.
    pub reason: String,
    /// The other side was silent for too long, while its connection was there.
    pub is_silence: bool,
}

/// The bounds of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLimits {
    /// How long the hellos may take. 10 s by default.
    pub handshake_timeout: Duration,
    /// How long an orderly close may take, and how long the last words of a link that has failed. 5 s by default.
    pub close_timeout: Duration,
    /// How long an envelope that has arrived waits for a frame that carries its acknowledgement. 10 ms by default.
    pub ack_delay: Duration,
    /// How long a link without a connection waits for the next one. 10 s by default.
    pub give_up: Duration,
    /// How long the other side may be silent while its connection is there; any time, if it is zero. `None` keeps no
    /// pulse at all: neither side must then expect any. `None` by default.
    pub silence: Option<Duration>,
    /// How much may be unacknowledged.
    pub window: Window,
}

impl Default for LinkLimits {
    fn default() -> LinkLimits {
        LinkLimits {
            handshake_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            ack_delay: Duration::from_millis(10),
            give_up: Duration::from_secs(10),
            silence: None,
            window: Window::default(),
        }
    }
}

/// An envelope that a link did not take, and why.
#[derive(Debug, thiserror::Error)]
#[error("the link did not take the envelope: {kind}")]
pub struct Refused {
    /// The envelope.
    pub envelope: Box<Envelope>,
    /// `MailboxFull` when the window is full, `Unreachable` when the link is closed, `Decode` when it does not encode.
    pub kind: CallErrorKind,
}

/// A link. Clones are the same link; it lives until it is closed or lost, not until its handles are dropped.
#[derive(Clone)]
pub struct Link(Kind);

#[derive(Clone)]
enum Kind {
    /// A session over connections.
    Session(Arc<Shared>),
    /// Within the process.
    Direct(Direct),
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("id", &self.id().0).field("peer", &self.peer()).finish_non_exhaustive()
    }
}

impl Link {
    fn session(shared: Arc<Shared>) -> Link {
        Link(Kind::Session(shared))
    }

    /// The shared part of a session.
    #[cfg(test)]
    fn shared(&self) -> &Arc<Shared> {
        match &self.0 {
            Kind::Session(shared) => shared,
            Kind::Direct(_) => panic!("a session is wanted"),
        }
    }

    fn direct(direct: Direct) -> Link {
        Link(Kind::Direct(direct))
    }

    /// Which one.
    pub fn id(&self) -> LinkId {
        match &self.0 {
            Kind::Session(shared) => shared.id,
            Kind::Direct(direct) => direct.id,
        }
    }

    /// Who is on the other side, for people.
    pub fn peer(&self) -> &str {
        match &self.0 {
            Kind::Session(shared) => &shared.peer,
            Kind::Direct(direct) => direct.peer(),
        }
    }

    /// Posts an envelope. It never waits.
    ///
    /// # Errors
    /// [`Refused`], with the envelope: the window is full (which only happens to `Lane::Data`), the link is closed, or
    /// the envelope does not encode or is too large for a frame.
    ///
    /// # Ordering
    /// Envelopes arrive in the order in which they are posted.
    pub fn post(&self, envelope: Envelope) -> Result<(), Refused> {
        match &self.0 {
            Kind::Session(shared) => shared.post(envelope),
            Kind::Direct(direct) => direct.post(envelope),
        }
    }

    /// Posts the part of one rank in a cast. The caller holds no lock that [`LinkEvents::arrived`] of the other side may
    /// take, if that is in this process: it may be called at once.
    ///
    /// # Errors
    /// As with [`Link::post`].
    ///
    /// # Ordering
    /// As with [`Link::post`].
    pub fn post_one(&self, cast: &Arc<Cast>, member: Member) -> Result<(), Refused> {
        match &self.0 {
            Kind::Session(shared) => shared.post(cast.one(member)),
            Kind::Direct(direct) => direct.post_one(cast, member),
        }
    }

    /// Posts a message, encoded straight into what is to be written. It never waits. Of locks, as with
    /// [`Link::post_one`].
    ///
    /// # Errors
    /// Why it is not taken, as with [`Link::post`].
    ///
    /// # Ordering
    /// As with [`Link::post`].
    pub fn tell(&self, tell: &Tell<'_>) -> Result<(), CallErrorKind> {
        match &self.0 {
            Kind::Session(shared) => shared.tell(tell),
            Kind::Direct(direct) => direct.tell(tell),
        }
    }

    /// As [`Link::tell`], of a reply.
    ///
    /// # Errors
    /// As with [`Link::tell`].
    ///
    /// # Ordering
    /// As with [`Link::post`].
    pub fn answer(&self, answer: &Answer<'_>) -> Result<(), CallErrorKind> {
        match &self.0 {
            Kind::Session(shared) => shared.answer(answer),
            Kind::Direct(direct) => direct.answer(answer),
        }
    }

    /// Waits until the window has room for another small envelope, or the link is closed. Another may take the room first.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn room(&self) {
        match &self.0 {
            Kind::Session(shared) => shared.until(|state| state.has_room()).await,
            Kind::Direct(direct) => direct.room().await,
        }
    }

    /// As [`Link::room`], for an envelope.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn room_for(&self, envelope: &Envelope) {
        match &self.0 {
            Kind::Session(shared) => shared.until(|state| state.has_room_for(envelope)).await,
            Kind::Direct(direct) => direct.room_for(envelope).await,
        }
    }

    /// Whether everything that has been posted is acknowledged.
    pub fn is_idle(&self) -> bool {
        match &self.0 {
            Kind::Session(shared) => shared.lock().is_idle(),
            Kind::Direct(direct) => direct.is_idle(),
        }
    }

    /// Waits until everything that has been posted is acknowledged, or the link is lost. What is posted later is not waited
    /// for.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn flush(&self) {
        match &self.0 {
            Kind::Session(shared) => shared.flush().await,
            Kind::Direct(direct) => direct.flush().await,
        }
    }

    /// Closes the link: what has been posted is sent, nothing more is taken. [`LinkEvents::lost`] follows.
    pub fn close(&self, reason: &str) {
        match &self.0 {
            Kind::Session(shared) => shared.close(format!("closed: {reason}"), reason),
            Kind::Direct(direct) => direct.close(reason),
        }
    }

    /// Ends the link at once, as when it is known that the other side is gone. [`LinkEvents::lost`] follows.
    pub fn give_up(&self, reason: &str) {
        match &self.0 {
            Kind::Session(shared) => shared.tell_driver(|state| state.given_up = Some(reason.to_owned())),
            Kind::Direct(direct) => direct.give_up(reason),
        }
    }

    /// Says that the other side is gone: what it has said before is still read, then the link ends with its connection.
    pub fn end_with_connection(&self, reason: &str) {
        match &self.0 {
            Kind::Session(shared) => {
                shared.tell_driver(|state| state.last_connection = Some(reason.to_owned()));
            }
            Kind::Direct(direct) => direct.end_with_connection(reason),
        }
    }

    /// Goes on over a connection that the other side has dialled for this session; what is left of the last one is
    /// dropped.
    ///
    /// # Errors
    /// The connection, when the link is lost.
    pub fn resume(&self, ready: Ready) -> Result<(), Box<Ready>> {
        match &self.0 {
            Kind::Session(shared) => shared.resume(ready),
            // It has no connection that could be lost.
            Kind::Direct(_) => Err(Box::new(ready)),
        }
    }

    /// Says something, if nothing has been said since this was called last and a pulse is kept. From outside of the
    /// runtime, when its threads may all be held.
    pub fn beat(&self) {
        if let Kind::Session(shared) = &self.0 {
            shared.beat_from_outside();
        }
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        match &self.0 {
            Kind::Session(shared) => shared.lock().is_connected(),
            Kind::Direct(direct) => !direct.is_lost(),
        }
    }

    /// Waits until the link is lost.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn lost(&self) {
        match &self.0 {
            Kind::Session(shared) => shared.lost().await,
            Kind::Direct(direct) => direct.lost().await,
        }
    }

    /// Whether it is lost: [`LinkEvents::lost`] was called, or is about to be.
    pub fn is_lost(&self) -> bool {
        match &self.0 {
            Kind::Session(shared) => shared.lock().is_closed(),
            Kind::Direct(direct) => direct.is_lost(),
        }
    }

    /// Whether it takes no more envelopes.
    pub fn is_closed(&self) -> bool {
        match &self.0 {
            Kind::Session(shared) => !shared.lock().is_open(),
            Kind::Direct(direct) => direct.is_closed(),
        }
    }
}

#[cfg(test)]
mod tests;
