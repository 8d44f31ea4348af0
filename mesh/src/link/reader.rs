//! What comes over one connection: takes frames off it and hands their envelopes on, until it ends.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, Sleep, sleep_until};

use super::LinkEvents;
use super::assembly::{Arriving, Assembly};
use super::backlog::{window_len, window_len_of};
use super::shared::{Phase, REASON_LEN_MAX, Shared};
use crate::wire::codec::Payload;
use crate::wire::envelope::Envelope;
use crate::wire::frame::{self, ChunkFrame, Frame, FrameDecoder, FrameKind, RESERVE_MAX};
use crate::wire::heads::HeadReader;
use crate::wire::hello::HelloError;
use crate::wire::pulse::{Beat, Pulse, TICK};
use crate::wire::session::SessionError;

/// The most frames that are taken in at a time: one lock for all of them.
const BATCH_FRAMES: usize = 64;

/// The most plain messages that are taken in at a time, from where they lie.
const RUN_FRAMES: usize = 512;

/// Below this much room in its buffer, in bytes, the reader makes new room.
const ROOM_MIN: usize = 4 << 10;

/// How long what the other side has said before is read from a connection that takes nothing any more.
const BROKEN_READ_TIMEOUT: Duration = Duration::from_millis(500);

/// A timer that is not set waits this long.
const FAR: Duration = Duration::from_secs(86_400);

pub(super) struct Reader {
    pub(super) shared: Arc<Shared>,
    pub(super) events: Arc<dyn LinkEvents>,
    pub(super) stream: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) buffer: BytesMut,
    pub(super) decoder: FrameDecoder,
    pub(super) heads: HeadReader,
    /// The envelopes of one batch, in the order in which they came.
    pub(super) batch: Vec<Item>,
    /// What comes in chunks.
    pub(super) assembly: Assembly,
    /// A chunk was read to its end, and nothing since.
    pub(super) is_behind_chunk: bool,
    /// The number that the session waits for, behind the batch.
    pub(super) next_seq: u64,
    /// How often something was read.
    pub(super) heard: u64,
}

/// A frame, taken apart.
#[expect(clippy::large_enum_variant, reason = "nearly all are data, and a batch of them is small")]
pub(super) enum Item {
    Data {
        seq: u64,
        ack: u64,
        len_bytes: u64,
        envelope: Envelope,
    },
    /// An envelope that was here before.
    Repeated {
        seq: u64,
        ack: u64,
    },
    Ack {
        ack: u64,
        wants_ack: bool,
    },
    Bye {
        ack: u64,
        reason: String,
    },
}

/// How a connection comes to its end.
pub(super) enum End {
    /// It was lost: the link may go on with another.
    Cut(String),
    /// The link has ended: nothing is left to say.
    Quiet(String),
    /// The link has ended: the other side, or its program, is at fault, and is told so.
    Fault(String),
    /// The other side was silent for too long.
    Silent(String),
}

impl Reader {
    /// Reads, and lets the driver's part be written, until the connection ends.
    pub(super) async fn run(&mut self) -> End {
        let shared = self.shared.clone();
        let mut ack_timer = std::pin::pin!(sleep_until(Instant::now() + FAR));
        let mut ack_is_set = false;
        let mut end_timer = std::pin::pin!(sleep_until(Instant::now() + FAR));
        let mut end_is_set = false;
        let mut pulse = shared.limits.silence.map(Pulse::new);
        let mut tick = std::pin::pin!(sleep_until(Instant::now() + TICK));
        loop {
            match self.take_in() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(end) => return end,
            }
            match self.look(ack_is_set) {
                Next::End(end) => return end,
                Next::Read { set_ack, set_end } => {
                    if set_ack {
                        set(ack_timer.as_mut(), shared.limits.ack_delay);
                        ack_is_set = true;
                    }
                    if let Some(after) = set_end.filter(|_| !end_is_set) {
                        set(end_timer.as_mut(), after);
                        end_is_set = true;
                    }
                }
            }
            self.make_room();
            let write = std::future::poll_fn(|cx| {
                shared.driver_writes(cx.waker());
                Poll::<()>::Pending
            });
            tokio::select! {
                biased;
                () = end_timer.as_mut(), if end_is_set => return self.timed_out(),
                () = shared.for_driver.notified() => {}
                () = write => {}
                read = read_more(&mut *self.stream, &mut self.buffer, &mut self.assembly, &mut self.is_behind_chunk) => match read {
                    Ok((0, _)) => return self.ended(),
                    Ok((_, chunk)) => {
                        self.heard += 1;
                        if let Some(Err(reason)) = chunk.map(|chunk| self.accept_chunk(chunk)) {
                            return End::Fault(reason);
                        }
                    }
                    Err(error) => return End::Cut(format!("the connection failed: {error}")),
                },
                // Behind what is read: who was stopped hears first what was said meanwhile.
                () = tick.as_mut(), if pulse.is_some() => {
                    set(tick.as_mut(), TICK);
                    match pulse.as_mut().map(|pulse| pulse.tick(shared.said(), self.heard)) {
                        Some(Beat::Say) => shared.beat(),
                        Some(Beat::Silent) => return self.fell_silent(),
                        Some(Beat::Rest) | None => {}
                    }
                }
                () = ack_timer.as_mut(), if ack_is_set => {
                    ack_is_set = false;
                    let mut state = shared.lock();
                    if state.session.ack_pending() {
                        state.session.want_ack();
                    }
                    shared.release(state);
                }
            }
        }
    }

    /// Looks how far the link has come, before more is read.
    fn look(&self, ack_is_set: bool) -> Next {
        let state = self.shared.lock();
        if let Some(reason) = &state.given_up {
            return Next::End(End::Quiet(reason.clone()));
        }
        if let (true, Phase::Closing { reason, .. }) = (state.is_done(), &state.phase) {
            return Next::End(End::Quiet(reason.clone()));
        }
        if state.incoming.is_some() {
            return Next::End(End::Cut("the other side has dialled anew".into()));
        }
        let set_end = match (&state.broken, state.is_open()) {
            (Some(_), _) => Some(BROKEN_READ_TIMEOUT),
            (None, false) => Some(self.shared.limits.close_timeout),
            (None, true) => None,
        };
        Next::Read { set_ack: !ack_is_set && state.session.ack_pending(), set_end }
    }

    fn timed_out(&self) -> End {
        match &self.shared.lock().broken {
            Some(reason) => End::Cut(reason.clone()),
            None => End::Quiet("the other side did not answer the close in time".into()),
        }
    }

    fn fell_silent(&self) -> End {
        let silence = self.shared.limits.silence.unwrap_or_default();
        End::Silent(format!("nothing was heard for {} ms (MESH_LINK_SILENCE)", silence.as_millis()))
    }

    /// Makes room for what the decoder waits for, within its bound.
    fn make_room(&mut self) {
        if self.buffer.is_empty() {
            // All is taken in: begin at the front again, which is in the cache, rather than go through the whole of it.
            let _ = self.buffer.try_reclaim(RESERVE_MAX);
        }
        if self.buffer.capacity() - self.buffer.len() < ROOM_MIN.max(self.decoder.wanted(self.buffer.len())) {
            self.buffer.reserve(RESERVE_MAX);
        }
    }

    fn ended(&self) -> End {
        End::Cut(match self.decoder.end(&self.buffer) {
            Ok(()) => "the other side closed the connection".into(),
            Err(error) => error.to_string(),
        })
    }

    /// Takes in what is in the buffer, up to a bound; gives whether there may be more.
    fn take_in(&mut self) -> Result<bool, End> {
        if self.take_run()? || self.take_chunk().map_err(End::Fault)? {
            return Ok(true);
        }
        if self.is_at_chunk() {
            return Ok(false);
        }
        let (more, fault) = match self.decode() {
            Ok(more) => (more, None),
            Err(reason) => (false, Some(reason)),
        };
        // What came before a fault is good.
        let fault = self.accept().err().or(fault);
        let delivered = self.deliver();
        match fault {
            Some(reason) => Err(End::Fault(reason)),
            None => delivered.map(|()| more),
        }
    }

    /// Takes in the plain messages at the front of the buffer; gives whether there were any.
    fn take_run(&mut self) -> Result<bool, End> {
        if !self.decoder.is_between_frames() {
            return Ok(false);
        }
        let (mut run, mut used, mut len_bytes, mut ack, mut next_seq) = (Vec::new(), 0, 0, 0, self.next_seq);
        while run.len() < RUN_FRAMES
            && let Some(data) = frame::peek_data(&self.buffer[used..])
            && data.seq == next_seq
            && let Some(told) = self.heads.told(data.head, data.body)
        {
            if run.is_empty() {
                run.reserve(RUN_FRAMES.min(self.buffer.len() / data.len));
            }
            run.push(told);
            used += data.len;
            next_seq += 1;
            len_bytes += window_len_of(data.body.len());
            ack = ack.max(data.ack);
        }
        if run.is_empty() {
            return Ok(false);
        }
        let mut state = self.shared.lock();
        let taken_in = state.take_in_run(run.len() as u64, len_bytes, ack);
        self.shared.release(state);
        if taken_in.map_err(End::Fault)? {
            self.shared.progressed();
        }
        let (events, id) = (&self.events, self.shared.id);
        // Whoever is called may panic; those who wait for replies over this link must hear of it.
        catch_unwind(AssertUnwindSafe(|| events.told(id, &run))).map_err(|_| panicked())?;
        drop(run);
        self.buffer.advance(used);
        self.next_seq = next_seq;
        Ok(true)
    }

    /// Whether a chunk is arriving, or about to.
    fn is_at_chunk(&mut self) -> bool {
        self.assembly.room().is_some()
            || (self.decoder.is_between_frames() && ChunkFrame::begins(&self.buffer))
    }

    /// Takes in what there is of a chunk; gives whether there may be more.
    fn take_chunk(&mut self) -> Result<bool, String> {
        if !self.is_at_chunk() {
            return Ok(false);
        }
        if self.assembly.room().is_none() {
            let begin = ChunkFrame::take(&mut self.buffer).map_err(|error| error.to_string())?;
            let Some(chunk) = begin else { return Ok(false) };
            if chunk.seq != self.next_seq {
                // Chunks are written again only to another connection, from where the other side left off.
                return Err(SessionError::Gap { expected: self.next_seq, found: chunk.seq }.to_string());
            }
            self.assembly.begin(&chunk)?;
        }
        match self.assembly.fill_from(&mut self.buffer) {
            Some(whole) => self.accept_chunk(whole).map(|()| true),
            None => Ok(false),
        }
    }

    fn accept_chunk(&mut self, chunk: Arriving) -> Result<(), String> {
        self.next_seq += 1;
        let mut state = self.shared.lock();
        let taken_in = state.take_in_run(1, chunk.len as u64, chunk.ack);
        self.shared.release(state);
        if taken_in? {
            self.shared.progressed();
        }
        Ok(())
    }

    /// Takes a frame apart.
    fn item(&mut self, frame: Frame) -> Result<Item, String> {
        let Frame { kind: kind @ (FrameKind::Data | FrameKind::Beside), seq, ack, head, body, parts } = frame
        else {
            return Item::of_frame(frame);
        };
        let expected = self.next_seq;
        if seq > expected {
            return Err(SessionError::Gap { expected, found: seq }.to_string());
        }
        if seq < expected {
            // Its head was had before; it may mean something else by now.
            return Ok(Item::Repeated { seq, ack });
        }
        self.next_seq += 1;
        let (payload, len_bytes) = if kind == FrameKind::Beside {
            let (stream, sections) = frame::decode_beside(body).ok_or("a malformed end of chunks")?;
            // Its chunks have been counted.
            (self.assembly.finish(stream, sections)?, 0)
        } else {
            let payload = Payload { body, parts };
            let len_bytes = window_len(&payload);
            (payload, len_bytes)
        };
        let envelope =
            self.heads.decode(&head, payload).map_err(|error| format!("a malformed envelope: {error}"))?;
        Ok(Item::Data { seq, ack, len_bytes, envelope })
    }

    /// Decodes what is in the buffer into the batch.
    fn decode(&mut self) -> Result<bool, String> {
        while self.batch.len() < BATCH_FRAMES && !self.is_at_chunk() {
            match self.decoder.feed(&mut self.buffer) {
                Ok(Some(frame)) => {
                    let item = self.item(frame)?;
                    self.batch.push(item);
                }
                Ok(None) => return Ok(false),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(true)
    }

    /// Tells the session of the batch, and takes what is not to be delivered out of it.
    fn accept(&mut self) -> Result<(), String> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let mut state = self.shared.lock();
        let mut progress = false;
        let mut accepted = 0;
        let mut result = Ok(());
        for item in &mut self.batch {
            match state.take_in(item) {
                Ok(news) => progress |= news,
                Err(reason) => {
                    result = Err(reason);
                    break;
                }
            }
            accepted += 1;
        }
        self.shared.release(state);
        self.batch.truncate(accepted);
        if progress {
            self.shared.progressed();
        }
        result
    }

    /// Hands the envelopes of the batch on.
    fn deliver(&mut self) -> Result<(), End> {
        let (events, id) = (&self.events, self.shared.id);
        let deliver = AssertUnwindSafe(|| {
            for item in self.batch.drain(..) {
                if let Item::Data { envelope, .. } = item {
                    events.arrived(id, envelope);
                }
            }
        });
        // As in `take_run`.
        catch_unwind(deliver).map_err(|_| panicked())
    }
}

/// How much is read where the beginning of a chunk is expected, in bytes.
const BEGIN_LEN: usize = 4 << 10;

/// Reads into the buffer, or straight to where an arriving chunk goes; gives how many bytes, and the chunk when that was
/// all of it. Cancel safe.
async fn read_more(
    stream: &mut (dyn AsyncRead + Send + Unpin),
    buffer: &mut BytesMut,
    assembly: &mut Assembly,
    is_behind_chunk: &mut bool,
) -> io::Result<(usize, Option<Arriving>)> {
    if let Some((bytes, left)) = assembly.room() {
        let count = stream.read_buf(&mut bytes.limit(left)).await?;
        let arrived = assembly.filled(count);
        *is_behind_chunk = arrived.is_some();
        return Ok((count, arrived));
    }
    // What comes next is another chunk, most likely: more of it than its beginning would be copied.
    let most = if *is_behind_chunk && assembly.is_unfinished() { BEGIN_LEN } else { usize::MAX };
    let count = stream.read_buf(&mut buffer.limit(most)).await?;
    *is_behind_chunk = false;
    Ok((count, None))
}

fn panicked() -> End {
    End::Fault("taking in an envelope panicked".into())
}

/// What the reader does next.
enum Next {
    End(End),
    Read { set_ack: bool, set_end: Option<Duration> },
}

fn set(timer: Pin<&mut Sleep>, after: Duration) {
    timer.reset(Instant::now() + after);
}

impl Item {
    /// Of a frame without data.
    fn of_frame(frame: Frame) -> Result<Item, String> {
        let Frame { kind, seq, ack, body, .. } = frame;
        match kind {
            FrameKind::Data | FrameKind::Beside | FrameKind::Chunk => Err("data where there is none".into()),
            FrameKind::Ack => Ok(Item::Ack { ack, wants_ack: seq != 0 }),
            FrameKind::Bye => {
                let said = &body[..body.len().min(REASON_LEN_MAX)];
                Ok(Item::Bye { ack, reason: String::from_utf8_lossy(said).into_owned() })
            }
            FrameKind::Refused => {
                let frame = Frame { body, ..Frame::new(kind) };
                Err(match HelloError::of_frame(frame) {
                    Ok(error) => format!("the other side refused: {error}"),
                    Err(error) => format!("the other side refused, in words that are malformed: {error}"),
                })
            }
            FrameKind::Hello => Err("a second hello".into()),
            FrameKind::Welcome => Err("a second welcome".into()),
            FrameKind::Challenge | FrameKind::Proof => Err("a proof behind the hello".into()),
        }
    }
}
