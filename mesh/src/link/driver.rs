//! The task of a link: serves one connection after the other, and ends the link.
//!
//! ```text
//! serve ──cut──► regain ──► serve ──► …           the dialling side dials again, the other side waits for it
//!   └── orderly, or a fault ──┴── no way back ──► lost, last words
//! ```

use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::assembly::Assembly;
use super::handshake::Ready;
use super::reader::{End, Reader};
use super::redial::{Backoff, Redial, RedialError};
use super::shared::{Phase, Shared};
use super::{LinkEvents, Loss};
use crate::wire::frame::FrameDecoder;
use crate::wire::heads::HeadReader;
use crate::wire::hello::SessionHello;

/// How a link comes by another connection when it has lost one.
pub(super) enum Road {
    /// Not at all: it ends with its first.
    Once,
    /// The other side dials.
    Await,
    /// This side dials.
    Dial(Arc<dyn Redial>),
}

pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) events: Arc<dyn LinkEvents>,
    pub(super) road: Road,
    /// Which session, of those that the dialling side has dialled.
    pub(super) session: u64,
}

impl Driver {
    /// Serves `ready` and what follows it until the link ends, then tells it (`LINK-1`, `LINK-2`).
    pub(super) async fn run(self, ready: Ready) {
        let shared = &self.shared;
        let end = self.serve_all(ready).await;
        let is_silence = matches!(end, End::Silent(_));
        let (reason, said) = match end {
            End::Cut(reason) | End::Quiet(reason) | End::Silent(reason) => (reason, None),
            End::Fault(reason) => (reason.clone(), Some(reason)),
        };
        let (reason, returned) = shared.finish(reason, said.as_deref());
        tracing::debug!(link = shared.id.0, peer = %shared.peer, %reason, returned = returned.len(), "link lost");
        self.events.lost(shared.id, Loss { reason, is_silence }, returned);
        // Whoever has the connection now drops it.
        let Some((mut writer, mut pending)) = shared.last_words() else { return };
        let last_words = async {
            poll_fn(|cx| pending.poll_write(&mut *writer, cx)).await?;
            writer.shutdown().await
        };
        // The other side is gone, or does not listen: there is no one to tell.
        let _ = timeout(shared.limits.close_timeout, last_words).await;
    }

    async fn serve_all(&self, mut ready: Ready) -> End {
        let (mut heads, mut assembly) = (HeadReader::default(), Assembly::default());
        loop {
            let mut reader = match self.connect(ready, heads, assembly) {
                Ok(reader) => reader,
                Err(reason) => return End::Fault(reason),
            };
            let end = reader.run().await;
            // What it was told goes on with the session.
            reader.assembly.cut();
            (heads, assembly) = (reader.heads, reader.assembly);
            let (End::Cut(reason), false) = (&end, matches!(self.road, Road::Once)) else { return end };
            self.shared.disconnect();
            tracing::debug!(link = self.shared.id.0, peer = %self.shared.peer, %reason, "connection lost");
            ready = match self.regain(reason).await {
                Ok(ready) => ready,
                Err(reason) => return End::Quiet(reason),
            };
        }
    }

    fn connect(&self, ready: Ready, heads: HeadReader, assembly: Assembly) -> Result<Reader, String> {
        let Ready { connection, rest, received, wants_welcome, .. } = ready;
        self.shared.connect(connection.writer, received, wants_welcome)?;
        Ok(Reader {
            shared: self.shared.clone(),
            events: self.events.clone(),
            stream: connection.reader,
            buffer: rest,
            decoder: FrameDecoder::default(),
            heads,
            assembly,
            is_behind_chunk: false,
            batch: Vec::new(),
            next_seq: self.shared.lock().session.received_up_to() + 1,
            heard: 0,
        })
    }

    /// Waits for another connection, as long as there is hope.
    async fn regain(&self, cut: &str) -> Result<Ready, String> {
        let limits = &self.shared.limits;
        let mut until = Instant::now() + limits.give_up;
        let mut is_closing = false;
        let mut dial = std::pin::pin!(self.dial());
        loop {
            {
                let mut state = self.shared.lock();
                if let Some(ready) = state.incoming.take() {
                    return Ok(ready);
                }
                if let Some(reason) = state.given_up.as_ref().or(state.last_connection.as_ref()) {
                    return Err(format!("{cut}, and {reason}"));
                }
                match &state.phase {
                    Phase::Closing { peer_bye: true, reason, .. } => return Err(reason.clone()),
                    Phase::Closing { .. } if !is_closing => {
                        is_closing = true;
                        until = until.min(Instant::now() + limits.close_timeout);
                    }
                    _ => {}
                }
            }
            tokio::select! {
                biased;
                () = self.shared.for_driver.notified() => {}
                dialled = &mut dial => return dialled.map_err(|reason| format!("{cut}, and {reason}")),
                () = sleep_until(until) => {
                    let after = limits.give_up.as_millis();
                    return Err(format!("{cut}, and there was no way back within {after} ms"));
                }
            }
        }
    }

    /// Dials until there is a connection or no hope; waits for ever where it is the other side that dials.
    async fn dial(&self) -> Result<Ready, String> {
        let Road::Dial(redial) = &self.road else { return std::future::pending().await };
        let received = self.shared.lock().session.received_up_to();
        let session = SessionHello { id: self.session, resume: Some(received) };
        let mut backoff = Backoff::new(self.session ^ received);
        loop {
            match redial.redial(session).await {
                Ok(ready) => return Ok(ready),
                Err(RedialError::Hopeless { reason }) => return Err(reason),
                Err(RedialError::Again { reason }) => {
                    tracing::debug!(link = self.shared.id.0, peer = %self.shared.peer, %reason, "dialling again");
                }
            }
            sleep(backoff.next()).await;
        }
    }
}
