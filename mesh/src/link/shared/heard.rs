//! What is taken in from the other side.

use super::State;
use crate::link::reader::Item;
use crate::wire::session::{Arrival, SessionError};

impl State {
    /// The other side has received everything up to `ack`. Gives whether that was news.
    fn acked(&mut self, ack: u64) -> Result<bool, String> {
        let mut released = 0;
        let news = self.session.acked(ack, |sent| released += sent.len).map_err(|error| error.to_string())?;
        self.backlog.release(released);
        self.heads.forget_up_to(ack);
        self.large.acked(ack);
        if self.asked.is_some_and(|(last, _)| ack >= last) {
            self.asked = None;
        }
        Ok(news)
    }

    /// The next `count` messages have arrived, with the acknowledgement of the last; gives whether someone may wait for
    /// it.
    pub(in crate::link) fn take_in_run(
        &mut self,
        count: u64,
        len_bytes: u64,
        ack: u64,
    ) -> Result<bool, String> {
        let news = self.acked(ack)?;
        self.session.received_run(count, len_bytes);
        Ok(news)
    }

    /// Takes in what a frame says; gives whether someone may wait for it. A repeated envelope is taken out of the item.
    pub(in crate::link) fn take_in(&mut self, item: &mut Item) -> Result<bool, String> {
        let malformed = |error: SessionError| error.to_string();
        let (Item::Data { ack, .. }
        | Item::Repeated { ack, .. }
        | Item::Ack { ack, .. }
        | Item::Bye { ack, .. }) = item;
        let ack = *ack;
        let news = self.acked(ack)?;
        match item {
            Item::Data { seq, len_bytes, .. } => {
                if self.session.received(*seq, *len_bytes).map_err(malformed)? == Arrival::Repeated {
                    *item = Item::Ack { ack, wants_ack: false };
                }
            }
            Item::Repeated { seq, .. } => drop(self.session.received(*seq, 0).map_err(malformed)?),
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
}
