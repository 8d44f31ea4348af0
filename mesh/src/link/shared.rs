//! What the handles and the driver of a link share: its phase, its session, and the writing half of its connection.
//!
//! Whoever has put something into the buffer may write it: who takes the [`Wire`] writes, without the lock, until the
//! buffer is empty; the others leave what they put to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::Notify;

use super::handshake::Ready;
use super::outgoing::Outgoing;
use super::reader::Item;
use super::{LinkId, LinkLimits, Refused};
use crate::call::CallErrorKind;
use crate::wire::codec::{Encoder, Payload};
use crate::wire::envelope::{Body, Envelope, Lane, Target};
use crate::wire::frame::{self, Frame, FrameError, FrameKind, PARTS_LEN_MAX};
use crate::wire::heads::HeadWriter;
use crate::wire::session::{Arrival, Session, SessionError};

/// The longest reason that a `Bye` carries, in bytes.
pub(super) const REASON_LEN_MAX: usize = 1024;

/// From this many bytes in the buffer on, a sender writes them itself; and a sender whose envelope is waited for does
/// at once.
const FLUSH_LEN: usize = 32 << 10;

/// Above this many bytes in the buffer, envelopes stay in the session and are encoded when there is room.
const OUT_LEN_MAX: usize = 256 << 10;

/// How often senders write at once before the driver has had a turn: beyond it, they ride along.
const INLINE_MAX: u8 = 8;

/// How often a sender goes on when others have put more into the buffer while it wrote.
const INLINE_ROUNDS: u32 = 2;

/// As [`INLINE_ROUNDS`], of the driver.
const DRIVER_ROUNDS: u32 = 16;

/// What the handles and the driver of a link share.
pub(super) struct Shared {
    pub(super) id: LinkId,
    pub(super) peer: String,
    pub(super) limits: LinkLimits,
    state: Mutex<State>,
    /// There is something to look at for the driver.
    pub(super) for_driver: Notify,
    /// Something was acknowledged, or the link is closed.
    progress: Notify,
}

/// How far a link has come.
pub(super) enum Phase {
    Open,
    /// Nothing more is taken; `reason` is what will be said when it is over, `said` what the other side is told.
    Closing {
        reason: String,
        said: String,
        peer_bye: bool,
    },
    Closed {
        reason: String,
    },
}

/// The writing half of a connection, and what is half written.
struct Wire {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    pending: Outgoing,
    connection: u64,
    /// The connection takes no more; the driver is woken when it does.
    blocked: bool,
}

pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) session: Session,
    /// Encoded frames for this connection that no one writes yet.
    out: Outgoing,
    /// Missing while someone writes, and without a connection.
    wire: Option<Wire>,
    /// The number of the connection; what is left of an earlier one is dropped.
    connection: u64,
    connected: bool,
    /// Why nothing can be written to this connection any more.
    pub(super) broken: Option<String>,
    /// A new connection of the other side, for this session.
    pub(super) incoming: Option<Ready>,
    /// The link is to end at once.
    pub(super) given_up: Option<String>,
    /// The link is to end with this connection.
    pub(super) last_connection: Option<String>,
    /// An acknowledgement up to here was asked for, and whether on this connection.
    asked: Option<(u64, bool)>,
    bye_written: bool,
    driver_called: bool,
    inline_left: u8,
    waker: Waker,
    encoder: Encoder,
    heads: HeadWriter,
}

impl Shared {
    pub(super) fn new(id: LinkId, peer: String, limits: LinkLimits) -> Arc<Shared> {
        let state = State {
            phase: Phase::Open,
            session: Session::new(limits.window),
            out: Outgoing::default(),
            wire: None,
            connection: 0,
            connected: false,
            broken: None,
            incoming: None,
            given_up: None,
            last_connection: None,
            asked: None,
            bye_written: false,
            driver_called: false,
            inline_left: INLINE_MAX,
            waker: Waker::noop().clone(),
            encoder: Encoder::default(),
            heads: HeadWriter::default(),
        };
        Arc::new(Shared {
            id,
            peer,
            limits,
            state: Mutex::new(state),
            for_driver: Notify::new(),
            progress: Notify::new(),
        })
    }

    /// The state. Nothing in here panics between two changes that belong together, so a poisoned lock is as good.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the state, and calls the driver if there is something to write.
    pub(super) fn release(&self, mut state: MutexGuard<'_, State>) {
        let call = !state.driver_called && state.has_work();
        state.driver_called |= call;
        drop(state);
        if call {
            self.for_driver.notify_one();
        }
    }

    pub(super) fn post(&self, envelope: Envelope) -> Result<(), Refused> {
        // Someone waits for what a call, a reply or a return says; a cast or a plain send has time until the next turn.
        let is_answer = !matches!(envelope.body, Body::Message(_))
            || matches!(envelope.to.target, Target::Replies { .. });
        let is_waited_for = envelope.headers.reply_to.is_some() || is_answer;
        let mut state = self.lock();
        state.post(envelope)?;
        let can_write = state.wire.as_ref().is_some_and(|wire| !wire.blocked);
        if can_write && (state.out.len() >= FLUSH_LEN || (is_waited_for && state.inline_left > 0)) {
            state.inline_left = state.inline_left.saturating_sub(1);
            self.write(state, INLINE_ROUNDS);
        } else {
            self.release(state);
        }
        Ok(())
    }

    /// Writes what there is to write, unless someone else does; goes on `rounds` times if more has come meanwhile.
    fn write<'a>(&'a self, mut state: MutexGuard<'a, State>, rounds: u32) {
        let Some(mut wire) = state.wire.take() else { return };
        let waker = state.waker.clone();
        for _ in 0..rounds {
            if wire.pending.is_empty() {
                state.fill();
                std::mem::swap(&mut wire.pending, &mut state.out);
            }
            if wire.pending.is_empty() {
                break;
            }
            drop(state);
            let written = wire.pending.poll_write(&mut *wire.writer, &mut Context::from_waker(&waker));
            state = self.lock();
            if state.connection != wire.connection {
                // The connection was given up meanwhile.
                drop(state);
                return;
            }
            wire.blocked = written.is_pending();
            match written {
                Poll::Ready(Ok(())) => {}
                Poll::Pending => break,
                Poll::Ready(Err(error)) => {
                    state.broken = Some(format!("the connection failed: {error}"));
                    break;
                }
            }
        }
        let has_more = !wire.pending.is_empty() || state.has_work();
        // At the end of an orderly close, the driver waits until all is written.
        let call = state.broken.is_some() || (!wire.blocked && (has_more || !state.is_open()));
        state.wire = Some(wire);
        drop(state);
        if call {
            self.for_driver.notify_one();
        }
    }

    /// The driver's turn to write.
    pub(super) fn driver_writes(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state.waker.will_wake(waker) {
            state.waker = waker.clone();
        }
        (state.driver_called, state.inline_left) = (false, INLINE_MAX);
        if state.has_work() || state.wire.as_ref().is_some_and(|wire| !wire.pending.is_empty()) {
            self.write(state, DRIVER_ROUNDS);
        }
    }

    /// Goes on with a new connection. With `welcome`, the other side waits to be told how far this side has received.
    pub(super) fn connect(
        &self,
        writer: Box<dyn AsyncWrite + Send + Unpin>,
        peer_received: u64,
        welcome: bool,
    ) -> Result<(), String> {
        let mut state = self.lock();
        state.session.resume(peer_received).map_err(|error| error.to_string())?;
        state.connection += 1;
        state.connected = true;
        let connection = state.connection;
        state.wire = Some(Wire { writer, pending: Outgoing::default(), connection, blocked: false });
        if welcome {
            let ack = state.session.take_ack();
            state.put(&Frame { ack, ..Frame::new(FrameKind::Welcome) });
        }
        drop(state);
        self.progress.notify_waiters();
        Ok(())
    }

    /// The connection is no more; what was written to it and not acknowledged will be written again.
    pub(super) fn disconnect(&self) {
        let mut state = self.lock();
        let wire = state.disconnect();
        drop(state);
        drop(wire);
    }

    /// Begins an orderly close; nothing happens when it has begun already. `said` is told to the other side.
    pub(super) fn close(&self, reason: String, said: &str) {
        let mut state = self.lock();
        state.begin_close(reason, said, false);
        self.write(state, INLINE_ROUNDS);
        self.for_driver.notify_one();
        self.progress.notify_waiters();
    }

    /// Changes the state, and lets the driver look at it.
    pub(super) fn tell_driver(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.for_driver.notify_one();
    }

    /// Ends the link; gives the reason that is told, and what was not acknowledged. With `said`, that is told to the
    /// other side as the last thing.
    pub(super) fn finish(&self, reason: String, said: Option<&str>) -> (String, Vec<Envelope>) {
        let mut state = self.lock();
        let reason = match std::mem::replace(&mut state.phase, Phase::Open) {
            // What began the end is its reason, not what came of it.
            Phase::Closing { reason, .. } => reason,
            Phase::Open | Phase::Closed { .. } => reason,
        };
        // What was not written is returned, so it must not be written any more.
        state.out.clear();
        if let Some(said) = said {
            state.put_bye(said);
        }
        state.phase = Phase::Closed { reason: reason.clone() };
        let incoming = state.incoming.take();
        let session = std::mem::replace(&mut state.session, Session::new(self.limits.window));
        drop(state);
        drop(incoming);
        self.progress.notify_waiters();
        (reason, session.into_returned())
    }

    /// Takes the connection's writing half, with what is still to be said on it; `None` while someone writes.
    pub(super) fn last_words(&self) -> Option<(Box<dyn AsyncWrite + Send + Unpin>, Outgoing, Outgoing)> {
        let mut state = self.lock();
        let Wire { writer, pending, .. } = state.wire.take()?;
        let out = std::mem::take(&mut state.out);
        state.connected = false;
        Some((writer, pending, out))
    }

    /// Asks the other side to acknowledge at once; gives the number of the last envelope posted, or `None` when all is
    /// acknowledged.
    pub(super) fn ask_for_ack(&self) -> Option<u64> {
        let mut state = self.lock();
        let last = state.session.sent();
        if state.is_acknowledged(last) {
            return None;
        }
        state.asked = Some((last, false));
        self.release(state);
        Some(last)
    }

    /// Tells those who wait for acknowledgements.
    pub(super) fn progressed(&self) {
        self.progress.notify_waiters();
    }

    /// Waits until `done`, or until the link is over.
    pub(super) async fn until(&self, done: impl Fn(&State) -> bool) {
        loop {
            let mut progress = std::pin::pin!(self.progress.notified());
            progress.as_mut().enable();
            {
                let state = self.lock();
                if done(&state) || matches!(state.phase, Phase::Closed { .. }) {
                    return;
                }
            }
            progress.await;
        }
    }
}

impl State {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether a small envelope would be taken; also when there is nothing to wait for any more.
    pub(super) fn has_room(&self) -> bool {
        !self.is_open() || self.session.admits(Lane::Data, 0)
    }

    pub(super) fn is_acknowledged(&self, seq: u64) -> bool {
        matches!(self.phase, Phase::Closed { .. }) || self.session.acknowledged() >= seq
    }

    /// Whether there is something to put into the buffer or to write.
    fn has_work(&self) -> bool {
        self.connected
            && (!self.out.is_empty()
                || self.session.ack_due()
                || self.session.unwritten().is_some()
                || matches!(self.asked, Some((_, false)))
                || matches!(self.phase, Phase::Closing { .. } if !self.bye_written))
    }

    /// Whether an orderly close has come to its end (`LINK-3`).
    pub(super) fn is_done(&self) -> bool {
        let both_said = self.bye_written && matches!(self.phase, Phase::Closing { peer_bye: true, .. });
        let all_written = self.out.is_empty()
            && self.wire.as_ref().is_some_and(|wire| wire.pending.is_empty())
            && !self.session.ack_pending();
        both_said && all_written && self.session.acknowledged() == self.session.sent()
    }

    fn disconnect(&mut self) -> Option<Wire> {
        self.out.clear();
        self.heads.clear();
        self.connection += 1;
        (self.connected, self.broken, self.bye_written) = (false, None, false);
        if let Some((_, written)) = &mut self.asked {
            *written = false;
        }
        self.wire.take()
    }

    fn post(&mut self, envelope: Envelope) -> Result<(), Refused> {
        let refuse = |envelope, kind| Err(Refused { envelope: Box::new(envelope), kind });
        if let Phase::Closing { reason, .. } | Phase::Closed { reason } = &self.phase {
            return refuse(envelope, CallErrorKind::Unreachable { reason: reason.clone() });
        }
        let len_bytes = envelope.payload().map_or(size_of::<Envelope>() as u64, window_len);
        if !self.session.admits(envelope.headers.lane, len_bytes) {
            let capacity = self.session.window().messages;
            return refuse(envelope, CallErrorKind::MailboxFull { capacity });
        }
        let now = self.connected && self.session.unwritten().is_none() && self.out.len() < OUT_LEN_MAX;
        let numbers = (self.session.next_seq(), self.session.received_up_to());
        let encoded = if now {
            put_data(&envelope, numbers, &mut self.encoder, &mut self.heads, &mut self.out)
        } else {
            check_data(&envelope, &mut self.encoder)
        };
        if let Err(kind) = encoded {
            return refuse(envelope, kind);
        }
        self.session.send(envelope, len_bytes);
        if now {
            self.session.wrote();
            self.session.take_ack();
        }
        Ok(())
    }

    /// Fills the buffer: what the session has not written yet, then what is said behind it.
    fn fill(&mut self) {
        let ack = self.session.received_up_to();
        let mut has_put = false;
        while self.out.len() < OUT_LEN_MAX
            && let Some((seq, envelope)) = self.session.unwritten()
        {
            put_data(envelope, (seq, ack), &mut self.encoder, &mut self.heads, &mut self.out)
                .expect("what was taken encodes");
            self.session.wrote();
            has_put = true;
        }
        if has_put {
            self.session.take_ack();
        }
        if self.session.unwritten().is_none() {
            if let Some((last, false)) = self.asked {
                self.asked = Some((last, true));
                let ack = self.session.take_ack();
                self.put(&Frame { seq: last, ack, ..Frame::new(FrameKind::Ack) });
            }
            if let Phase::Closing { said, .. } = &self.phase
                && !self.bye_written
            {
                let said = said.clone();
                self.bye_written = true;
                self.put_bye(&said);
            }
        }
        if self.session.ack_due() {
            let ack = self.session.take_ack();
            self.put(&Frame { ack, ..Frame::new(FrameKind::Ack) });
        }
    }

    /// Takes in what a frame says; gives whether someone may wait for it. A repeated envelope is taken out of the item.
    pub(super) fn take_in(&mut self, item: &mut Item) -> Result<bool, String> {
        let malformed = |error: SessionError| error.to_string();
        let (Item::Data { ack, .. } | Item::Ack { ack, .. } | Item::Bye { ack, .. }) = item;
        let ack = *ack;
        let news = self.session.acked(ack).map_err(malformed)?;
        if self.asked.is_some_and(|(last, _)| ack >= last) {
            self.asked = None;
        }
        match item {
            Item::Data { seq, len_bytes, .. } => {
                if self.session.received(*seq, *len_bytes).map_err(malformed)? == Arrival::Repeated {
                    *item = Item::Ack { ack, wants_ack: false };
                }
            }
            Item::Ack { wants_ack: true, .. } => self.session.want_ack(),
            Item::Ack { .. } => {}
            Item::Bye { reason, .. } => {
                self.begin_close(format!("the other side closed the link: {reason}"), "as asked", true);
                // The other side waits for the acknowledgement of the last envelopes: `LINK-3`.
                if self.session.ack_pending() {
                    self.session.want_ack();
                }
                return Ok(true);
            }
        }
        Ok(news)
    }

    /// Begins an orderly close: a `Bye` goes out behind what was posted.
    fn begin_close(&mut self, reason: String, said: &str, peer_bye: bool) {
        match &mut self.phase {
            Phase::Open => self.phase = Phase::Closing { reason, said: said.to_owned(), peer_bye },
            Phase::Closing { peer_bye: known, .. } => *known |= peer_bye,
            Phase::Closed { .. } => {}
        }
    }

    fn put_bye(&mut self, said: &str) {
        let said = &said.as_bytes()[..said.len().min(REASON_LEN_MAX)];
        let ack = self.session.take_ack();
        self.put(&Frame { ack, body: Bytes::copy_from_slice(said), ..Frame::new(FrameKind::Bye) });
    }

    fn put(&mut self, frame: &Frame) {
        self.out.append(|out| frame::encode_into(frame, out)).expect("a small frame encodes");
    }
}

/// Encodes an envelope as the frame of these numbers, its own and the acknowledgement.
fn put_data(
    envelope: &Envelope,
    (seq, ack): (u64, u64),
    encoder: &mut Encoder,
    heads: &mut HeadWriter,
    out: &mut Outgoing,
) -> Result<(), CallErrorKind> {
    let empty = Payload::default();
    let Payload { body, parts } = envelope.payload().unwrap_or(&empty);
    encoder.clear();
    heads.encode(envelope, encoder).map_err(malformed)?;
    let (numbers, head) = ((FrameKind::Data, seq, ack), encoder.body());
    if let Err(error) = out.append(|out| frame::encode_head_into(numbers, head, body.len(), parts, out)) {
        // The other side will not get this head, which may have named someone.
        heads.clear();
        return Err(unframed(error));
    }
    out.append_bytes(body);
    parts.iter().for_each(|part| out.append_bytes(part));
    Ok(())
}

/// Looks whether an envelope can be encoded at all.
fn check_data(envelope: &Envelope, encoder: &mut Encoder) -> Result<(), CallErrorKind> {
    let empty = Payload::default();
    let Payload { body, parts } = envelope.payload().unwrap_or(&empty);
    encoder.clear();
    HeadWriter::default().encode(envelope, encoder).map_err(malformed)?;
    frame::check_lengths(encoder.body().len(), body.len(), parts).map(drop).map_err(unframed)
}

/// Why an envelope fits no frame.
fn unframed(error: FrameError) -> CallErrorKind {
    match error {
        FrameError::BodyTooLarge { len, max } => CallErrorKind::TooLarge { len_bytes: len, max_bytes: max },
        FrameError::PartsTooLarge { len } => {
            CallErrorKind::TooLarge { len_bytes: len, max_bytes: PARTS_LEN_MAX as u64 }
        }
        error => malformed(error),
    }
}

fn malformed(error: impl std::error::Error) -> CallErrorKind {
    CallErrorKind::Decode { reason: error.to_string() }
}

/// What an envelope counts in the window: what is kept of it, in bytes.
pub(super) fn window_len(payload: &Payload) -> u64 {
    (payload.len_bytes() + size_of::<Envelope>()) as u64
}
