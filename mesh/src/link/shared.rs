//! What the handles and the driver of a link share: its phase, its session, and the writing half of its connection.
//!
//! An envelope is encoded into the backlog, under the lock, by whoever posts it; that is all that is kept of it. Whoever
//! has put something there may write it: who takes the [`Wire`] writes, without the lock, until nothing is left; the
//! others leave what they put to it.

mod heard;
mod put;
mod room;
mod wait;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
pub(super) use room::len_of;
use tokio::io::AsyncWrite;
use tokio::sync::Notify;

use super::backlog::{Backlog, Outgoing, PART_LEN_MIN, Sent, SentKind};
use super::gradual::dispose;
use super::handshake::Ready;
use super::large::{Large, LargeQueue};
use super::{LinkId, LinkLimits, Refused};
use crate::call::CallErrorKind;
use crate::wire::codec::{EncodeError, Encoder, Payload};
use crate::wire::envelope::{Body, Envelope, Lane, Target};
use crate::wire::frame::{self, ChunkFrame, Frame, FrameError, FrameKind, PARTS_LEN_MAX};
use crate::wire::heads::{Answer, HeadWriter, Tell};
use crate::wire::session::Session;

/// The longest reason that a `Bye` carries, in bytes.
pub(super) const REASON_LEN_MAX: usize = 1024;

/// From this many bytes in the buffer on, a sender writes them itself; and a sender whose envelope is waited for does
/// at once.
const FLUSH_LEN: usize = 32 << 10;

/// Up to this many bytes of chunks go between what others send.
const CHUNKS_LEN_MAX: usize = 256 << 10;

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
    /// The link is lost. Apart from progress, which is often.
    lost: Notify,
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

impl Wire {
    /// Whether something is half written.
    fn is_busy(&self) -> bool {
        self.blocked || !self.pending.is_empty()
    }
}

pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) session: Session<Sent>,
    /// Envelopes that go in chunks, and those behind them.
    large: LargeQueue,
    /// The frames of the session.
    backlog: Backlog,
    /// Frames that are said once, on this connection, and are given to nobody yet.
    aside: BytesMut,
    /// Missing while someone writes, and without a connection.
    wire: Option<Wire>,
    /// The number of the connection; what is left of an earlier one is dropped.
    connection: u64,
    connected: bool,
    /// How often something was written, on any connection.
    said: u64,
    /// As it was at the last beat from outside.
    said_at_beat: u64,
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
    /// The driver was woken while someone else wrote. What that one waits for may be what it was woken by.
    driver_missed: bool,
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
            large: LargeQueue::default(),
            backlog: Backlog::default(),
            aside: BytesMut::new(),
            wire: None,
            connection: 0,
            connected: false,
            said: 0,
            said_at_beat: 0,
            broken: None,
            incoming: None,
            given_up: None,
            last_connection: None,
            asked: None,
            bye_written: false,
            driver_called: false,
            driver_missed: false,
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
            lost: Notify::new(),
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
        let landed = state.large.take_landed();
        drop(state);
        dispose(landed);
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
        if state.large.takes(&envelope) {
            if let Err(kind) = state.check_large(&envelope) {
                return Err(Refused { envelope: Box::new(envelope), kind });
            }
            state.large.push(envelope);
            self.posted(state, true);
            return Ok(());
        }
        match state.post(&envelope) {
            Ok(()) => self.posted(state, is_waited_for),
            Err(kind) => return Err(Refused { envelope: Box::new(envelope), kind }),
        }
        Ok(())
    }

    pub(super) fn tell(&self, tell: &Tell<'_>) -> Result<(), CallErrorKind> {
        let envelope = || tell.to_envelope();
        self.post_short(tell.parts, tell.ask.is_some(), envelope, |state| state.tell(tell))
    }

    pub(super) fn answer(&self, answer: &Answer<'_>) -> Result<(), CallErrorKind> {
        self.post_short(answer.parts, true, || answer.to_envelope(), |state| state.answer(answer))
    }

    /// Puts a message where it is written, or posts its envelope.
    fn post_short(
        &self,
        parts: &[Bytes],
        is_waited_for: bool,
        envelope: impl FnOnce() -> Envelope,
        put: impl FnOnce(&mut State) -> Result<(), CallErrorKind>,
    ) -> Result<(), CallErrorKind> {
        let mut state = self.lock();
        if !state.large.is_empty() || parts.iter().any(|part| part.len() >= PART_LEN_MIN) {
            // It may be large itself, or behind one that is.
            drop(state);
            return self.post(envelope()).map_err(|refused| refused.kind);
        }
        put(&mut state)?;
        self.posted(state, is_waited_for);
        Ok(())
    }

    /// Sees to it that what was posted is written.
    fn posted(&self, mut state: MutexGuard<'_, State>, is_waited_for: bool) {
        let is_due = state.backlog.untaken() >= FLUSH_LEN || (is_waited_for && state.inline_left > 0);
        if is_due && state.wire.as_ref().is_some_and(|wire| !wire.blocked) {
            state.inline_left = state.inline_left.saturating_sub(1);
            self.write(state, INLINE_ROUNDS);
        } else {
            self.release(state);
        }
    }

    /// Writes what there is to write, unless someone else does; goes on `rounds` times if more has come meanwhile.
    fn write<'a>(&'a self, mut state: MutexGuard<'a, State>, rounds: u32) {
        if state.broken.is_some() {
            // The driver knows, and still reads what the other side has said: it would be called for ever.
            return;
        }
        let Some(mut wire) = state.wire.take() else { return };
        let waker = state.waker.clone();
        for _ in 0..rounds {
            if wire.pending.is_empty() {
                state.fill(&mut wire.pending);
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
                Poll::Ready(Ok(())) => state.said += 1,
                Poll::Pending => break,
                Poll::Ready(Err(error)) => {
                    state.broken = Some(format!("the connection failed: {error}"));
                    break;
                }
            }
        }
        let has_more = !wire.pending.is_empty() || state.has_work();
        // At the end of an orderly close, the driver waits until all is written.
        let call = state.broken.is_some()
            || (!wire.blocked && (has_more || !state.is_open()))
            || std::mem::take(&mut state.driver_missed);
        state.wire = Some(wire);
        drop(state);
        if call {
            self.for_driver.notify_one();
        }
    }

    /// How often something was written.
    pub(super) fn said(&self) -> u64 {
        self.lock().said
    }

    /// Says that this side lives, unless something else is on its way.
    pub(super) fn beat(&self) {
        self.beat_locked(self.lock());
    }

    fn beat_locked<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        if !state.connected || state.has_frames() || state.wire.as_ref().is_none_or(Wire::is_busy) {
            return;
        }
        let ack = state.session.take_ack();
        state.put(&Frame { ack, ..Frame::new(FrameKind::Ack) });
        self.write(state, INLINE_ROUNDS);
    }

    /// As [`beat`](Shared::beat), if nothing was written since this was called last and a pulse is kept.
    pub(super) fn beat_from_outside(&self) {
        if self.limits.silence.is_none() {
            return;
        }
        let mut state = self.lock();
        let said = state.said;
        if std::mem::replace(&mut state.said_at_beat, said) == said {
            self.beat_locked(state);
        }
    }

    /// The driver's turn to write.
    pub(super) fn driver_writes(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state.waker.will_wake(waker) {
            state.waker = waker.clone();
        }
        (state.driver_called, state.inline_left) = (false, INLINE_MAX);
        state.driver_missed = state.connected && state.wire.is_none();
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
        let mut released = 0;
        state
            .session
            .resume(peer_received, |sent| released += sent.len)
            .map_err(|error| error.to_string())?;
        state.backlog.release(released);
        state.backlog.rewind();
        state.heads.forget_up_to(peer_received);
        state.large.acked(peer_received);
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
        state.aside.clear();
        let (backlog, heads) = (std::mem::take(&mut state.backlog), std::mem::take(&mut state.heads));
        let (landing, unsent) = std::mem::take(&mut state.large).into_returned();
        if let Some(said) = said {
            state.put_bye(said);
        }
        state.phase = Phase::Closed { reason: reason.clone() };
        let incoming = state.incoming.take();
        let session = std::mem::replace(&mut state.session, Session::new(self.limits.window));
        drop(state);
        drop(incoming);
        self.progress.notify_waiters();
        self.lost.notify_waiters();
        let mut returned = backlog.into_envelopes(session.into_returned(), landing, heads.into_reader());
        returned.extend(unsent);
        (reason, returned)
    }

    /// Takes the connection's writing half, with what is still to be said on it; `None` while someone writes.
    pub(super) fn last_words(&self) -> Option<(Box<dyn AsyncWrite + Send + Unpin>, Outgoing)> {
        let mut state = self.lock();
        let Wire { writer, mut pending, .. } = state.wire.take()?;
        pending.push(&mut state.aside);
        state.connected = false;
        Some((writer, pending))
    }

    /// Goes on over a connection that the other side has dialled; what is left of the last one is dropped. Gives the
    /// connection back when the link is lost.
    pub(super) fn resume(&self, ready: Ready) -> Result<(), Box<Ready>> {
        let mut state = self.lock();
        if state.is_closed() {
            return Err(Box::new(ready));
        }
        let replaced = state.incoming.replace(ready);
        drop(state);
        drop(replaced);
        self.for_driver.notify_one();
        Ok(())
    }
}

impl State {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    pub(super) fn is_acknowledged(&self, seq: u64) -> bool {
        self.is_closed() || self.session.acknowledged() >= seq
    }

    /// Whether there is something to put into the buffer or to write.
    fn has_work(&self) -> bool {
        self.connected
            && (self.has_frames()
                || self.session.ack_due()
                || !self.large.is_empty()
                || matches!(self.asked, Some((_, false)))
                || matches!(self.phase, Phase::Closing { .. } if !self.bye_written))
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.large.is_empty() && self.session.acknowledged() == self.session.sent()
    }

    /// Whether there are frames that no one writes yet.
    fn has_frames(&self) -> bool {
        self.backlog.untaken() > 0 || !self.aside.is_empty()
    }

    /// Whether an orderly close has come to its end (`LINK-3`).
    pub(super) fn is_done(&self) -> bool {
        let both_said = self.bye_written && matches!(self.phase, Phase::Closing { peer_bye: true, .. });
        let all_written = !self.has_frames()
            && self.wire.as_ref().is_some_and(|wire| wire.pending.is_empty())
            && !self.session.ack_pending();
        both_said && all_written && self.session.acknowledged() == self.session.sent()
    }

    fn disconnect(&mut self) -> Option<Wire> {
        self.aside.clear();
        self.connection += 1;
        (self.connected, self.broken, self.bye_written) = (false, None, false);
        if let Some((_, written)) = &mut self.asked {
            *written = false;
        }
        self.wire.take()
    }

    fn post(&mut self, envelope: &Envelope) -> Result<(), CallErrorKind> {
        let len_bytes = len_of(envelope);
        self.check_open()?;
        self.check_room(self.admits(envelope, len_bytes))?;
        self.put_envelope(envelope, len_bytes)
    }

    /// Sends an envelope that is admitted.
    fn put_envelope(&mut self, envelope: &Envelope, len_bytes: u64) -> Result<(), CallErrorKind> {
        let (empty, counts) = (Payload::default(), (envelope.bound_lane(), len_bytes));
        let Payload { body, parts } = envelope.payload().unwrap_or(&empty);
        self.put_whole(counts, (body, Some(body), parts), |heads, number, encoder| {
            heads.encode(envelope, number, encoder)
        })
    }

    /// Sends a message that is admitted, and counts so many bytes in the window of its lane. A long body is shared where it
    /// can be.
    fn put_whole(
        &mut self,
        (lane, len_bytes): (Lane, u64),
        (body, shared, parts): (&[u8], Option<&Bytes>, &[Bytes]),
        encode_head: impl FnOnce(&mut HeadWriter, u64, &mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), CallErrorKind> {
        let number = self.session.next_seq();
        self.encoder.clear();
        encode_head(&mut self.heads, number, &mut self.encoder).map_err(CallErrorKind::decode)?;
        let len = self.append(number, body, shared, parts)?;
        self.sent(lane, len_bytes, Sent { kind: SentKind::Whole, len });
        Ok(())
    }

    /// Whether an envelope may go in chunks, or behind some.
    fn check_large(&mut self, envelope: &Envelope) -> Result<(), CallErrorKind> {
        self.check_open()?;
        self.check_room(self.large.admits(envelope, self.window_of(envelope)))?;
        let head = HeadWriter::check(envelope).map_err(CallErrorKind::decode)?;
        let empty = Payload::default();
        let Payload { body, parts } = envelope.payload().unwrap_or(&empty);
        frame::check_lengths(head, body.len(), parts).map(drop).map_err(unframed)
    }

    /// Sends chunks of large envelopes, each in its turn, and what may follow them.
    fn put_chunks(&mut self) {
        while self.backlog.untaken() < CHUNKS_LEN_MAX {
            let Some(mut large) = self.large.next() else { break };
            let Some(chunk) = large.next_chunk() else {
                self.put_beside(large);
                while let Some(envelope) = self.large.released() {
                    // It was admitted when it was posted, and its head was checked.
                    self.put_envelope(&envelope, 0).expect("what was taken encodes");
                }
                continue;
            };
            let begin = ChunkFrame {
                seq: self.session.next_seq(),
                ack: self.session.received_up_to(),
                stream: chunk.stream,
                section: chunk.section,
                total: chunk.total,
                len: chunk.bytes.len(),
            };
            let before = self.backlog.untaken();
            let put = self.backlog.append(ChunkFrame::BEGIN_LEN, |tail| begin.encode_into(tail));
            put.expect("a chunk is within the bounds");
            self.backlog.append_bytes(&chunk.bytes);
            let len = self.backlog.untaken() - before;
            self.sent(Lane::Control, 0, Sent { kind: SentKind::Chunk, len });
            self.large.put_back(large);
        }
    }

    /// All chunks of an envelope are sent: now the envelope itself is.
    fn put_beside(&mut self, large: Large) {
        let number = self.session.next_seq();
        self.encoder.clear();
        let head = self.heads.encode(&large.envelope, number, &mut self.encoder);
        head.expect("it was checked when it was taken");
        let frame = Frame {
            seq: number,
            ack: self.session.received_up_to(),
            head: Bytes::copy_from_slice(self.encoder.body()),
            body: frame::encode_beside(large.stream, large.sections.len()),
            ..Frame::new(FrameKind::Beside)
        };
        let (before, len) =
            (self.backlog.untaken(), frame::encoded_len(frame.head.len(), 0) + frame.body.len());
        let put = self.backlog.append(len, |tail| frame::encode_into(&frame, tail));
        put.expect("it was checked when it was taken");
        let len = self.backlog.untaken() - before;
        self.sent(Lane::Control, 0, Sent { kind: SentKind::Beside, len });
        self.large.landed(number, large);
    }

    /// A message is sent that counts `len_bytes` in the window.
    fn sent(&mut self, lane: Lane, len_bytes: u64, sent: Sent) {
        self.session.send(lane, len_bytes, sent);
        if self.connected {
            self.session.take_ack();
        }
    }

    /// Gives to `pending` what is to be written: what was said aside, the session's frames, then what is said behind
    /// them.
    fn fill(&mut self, pending: &mut Outgoing) {
        pending.push(&mut self.aside);
        self.put_chunks();
        self.backlog.take_into(pending);
        self.session.wrote_all();
        if let Some((last, false)) = self.asked {
            self.asked = Some((last, true));
            let ack = self.session.take_ack();
            self.put(&Frame { seq: last, ack, ..Frame::new(FrameKind::Ack) });
        }
        if let Phase::Closing { said, .. } = &self.phase
            && !self.bye_written
            && self.large.is_empty()
        {
            let said = said.clone();
            self.bye_written = true;
            self.put_bye(&said);
        }
        if self.session.ack_due() {
            let ack = self.session.take_ack();
            self.put(&Frame { ack, ..Frame::new(FrameKind::Ack) });
        }
        pending.push(&mut self.aside);
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
        frame::encode_into(frame, &mut self.aside).expect("a small frame encodes");
    }
}

/// Why an envelope fits no frame.
pub(super) fn unframed(error: FrameError) -> CallErrorKind {
    match error {
        FrameError::BodyTooLarge { len, max } => CallErrorKind::TooLarge { len_bytes: len, max_bytes: max },
        FrameError::PartsTooLarge { len } => {
            CallErrorKind::TooLarge { len_bytes: len, max_bytes: PARTS_LEN_MAX as u64 }
        }
        error => CallErrorKind::decode(error),
    }
}
