//! What is put into the backlog without an envelope, and how a message's frame comes there.

use bytes::Bytes;

use super::{State, unframed};
use crate::call::CallErrorKind;
use crate::link::backlog::{PART_LEN_MIN, window_len_of};
use crate::wire::envelope::Lane;
use crate::wire::frame::{self, FrameKind};
use crate::wire::heads::{Answer, Tell};

impl State {
    pub(super) fn tell(&mut self, tell: &Tell<'_>) -> Result<(), CallErrorKind> {
        let len_bytes = window_len_of(tell.body.len() + tell.parts.iter().map(Bytes::len).sum::<usize>());
        self.check_open()?;
        let admitted = match tell.ask {
            None => self.session.admits(Lane::Data, len_bytes),
            Some(_) => self.session.admits_waiting(Lane::Data, len_bytes),
        };
        self.check_room(admitted)?;
        self.put_whole((Lane::Data, len_bytes), (tell.body, None, tell.parts), |heads, number, encoder| {
            heads.encode_tell(tell, number, encoder)
        })
    }

    pub(super) fn answer(&mut self, answer: &Answer<'_>) -> Result<(), CallErrorKind> {
        self.check_open()?;
        self.put_whole((Lane::Control, 0), (answer.body, None, answer.parts), |heads, number, encoder| {
            heads.encode_answer(answer, number, encoder)
        })
    }

    /// Appends the frame of message `number`, whose head is in the encoder; gives its length in bytes. A long body is
    /// shared where it can be.
    pub(super) fn append(
        &mut self,
        number: u64,
        body: &[u8],
        shared: Option<&Bytes>,
        parts: &[Bytes],
    ) -> Result<usize, CallErrorKind> {
        let before = self.backlog.untaken();
        let numbers = (FrameKind::Data, number, self.session.received_up_to());
        let (head, backlog) = (self.encoder.body(), &mut self.backlog);
        let shared = shared.filter(|body| body.len() >= PART_LEN_MIN);
        let small = if shared.is_some() { &[] } else { body };
        let appended = backlog.append(frame::encoded_len(head.len(), parts.len()) + small.len(), |tail| {
            frame::encode_head_into(numbers, head, body.len(), parts, tail)?;
            tail.extend_from_slice(small);
            Ok::<_, frame::FrameError>(())
        });
        if let Err(error) = appended {
            // The other side will not get this head, which may have named someone.
            self.heads.take_back(number);
            return Err(unframed(error));
        }
        shared.into_iter().chain(parts).for_each(|bytes| backlog.append_bytes(bytes));
        Ok(backlog.untaken() - before)
    }
}
