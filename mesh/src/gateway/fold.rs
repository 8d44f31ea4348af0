//! Items on their way to an accumulating port: merged at each gateway, and sent on once an interval.
//!
//! ```text
//! port ◄── 12 ── gateway ◄─┬─ 3 ── proc      the first in a while goes on at once; what comes within the interval
//!                          ├─ 4 ── proc      is merged, and goes on as one when that is over
//!                          └─ 5 ── proc
//! ```
//!
//! That somebody lets go of the port goes behind what he has posted; it waits a moment for others who do, and then takes
//! along what was kept: the last value is not held back.
//!
//! Invariants
//! - `FOLD-1` an item is sent on once, within whatever it was merged into, or comes back.
//! - `FOLD-2` who lets go of a port is told of behind all that he has posted.
//! - `FOLD-3` what is kept is bounded: [`KEPT_LEN_MAX`] bytes for a port and [`ALL_KEPT_LEN_MAX`] for all, [`FOLDS_MAX`] ports,
//!   [`LET_GO_MAX`] who let go, [`EVERY_MAX`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::route::{self, Step};
use super::{Bounced, Gateway};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::Uid;
use crate::link::LinkId;
use crate::message::{MergeEntry, MergeReplies};
use crate::wire::cast::{Said, encode_batch};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Headers, Lent, Target};

/// How long one who lets go of a port waits for others, at most.
const LET_GO_AFTER: Duration = Duration::from_millis(1);

/// So many items are merged before there are more.
const MERGE_AT: usize = 64;

/// More bytes than this go on before the interval is over.
const SEND_AT_LEN: usize = 256 << 10;

/// The most bytes of items that are kept for one port; more are refused.
const KEPT_LEN_MAX: usize = 8 << 20;

/// The most bytes of items that are kept for all of them.
const ALL_KEPT_LEN_MAX: usize = 64 << 20;

/// The longest interval here, whatever a port asks for.
const EVERY_MAX: Duration = Duration::from_secs(60);

/// The most ports whose items are merged; those of others go on as they are.
const FOLDS_MAX: usize = 1 << 16;

/// The most who let go of one port that are kept: as many as one cast reaches. Others go on as they are.
const LET_GO_MAX: usize = 1 << 16;

/// How many runs of them go in one envelope, at most.
const LET_GO_TOGETHER: usize = 1024;

/// A port: its proc, what its number and those of its loans have in common, and its number.
type Key = (Uid, u64, u64);

/// That someone has let go of a port, which was lent under this number.
type LetGo = (u64, Said);

/// What is kept for one port.
struct Fold {
    merge: MergeReplies,
    every: Duration,
    /// What goes on is addressed as this was.
    to: Destination,
    headers: Headers,
    items: Vec<Payload>,
    len_bytes: usize,
    /// How many merge a part of the items just now, which is put back.
    merging: usize,
    let_go: Vec<LetGo>,
    /// The items do not merge: each goes on as it is.
    is_plain: bool,
    /// Not to wait for the end of the interval.
    soon: Arc<Notify>,
}

/// The ports whose items are merged here.
#[derive(Default)]
pub(super) struct Folds {
    open: BTreeMap<Key, Fold>,
    /// Of all items that are kept.
    len_bytes: usize,
}

/// What is to be done with an item.
enum Taken {
    /// It goes on.
    Past(Envelope),
    /// So, and from now on items are kept.
    Opened(Envelope, Key),
    Kept,
    Full(Envelope),
    /// It is kept, and these are to be merged.
    Merge(Key, MergeReplies, Vec<Payload>),
}

/// What is to be done when an interval is over.
enum Due {
    /// Nothing more has come.
    Over,
    /// Someone merges a part just now.
    Busy,
    Send(Box<Sending>),
}

/// What goes on together.
struct Sending {
    merge: MergeReplies,
    to: Destination,
    headers: Headers,
    items: Vec<Payload>,
    let_go: Vec<LetGo>,
}

fn len_bytes(items: &[Payload]) -> usize {
    items.iter().map(|item| item.len_bytes() + size_of::<Payload>()).sum()
}

/// The items as one, where they merge.
fn merged(items: Vec<Payload>, merge: MergeReplies) -> Result<Payload, Vec<Payload>> {
    let each: Vec<(&Payload, u32)> = items.iter().map(|item| (item, 1)).collect();
    match merge(&each) {
        Some(payload) => Ok(payload),
        None => Err(items),
    }
}

impl Folds {
    fn take_in(&mut self, mut envelope: Envelope) -> Taken {
        let Target::Fold { port, merge, every_ms } = envelope.to.target else { return Taken::Past(envelope) };
        let key = (envelope.to.proc.uid, Lent::way(port), port);
        let Some(fold) = self.open.get_mut(&key) else {
            let Some(merge) = MergeEntry::find(merge).filter(|_| every_ms > 0 && self.open.len() < FOLDS_MAX)
            else {
                return Taken::Past(envelope);
            };
            let fold = Fold {
                merge,
                every: Duration::from_millis(every_ms.into()).min(EVERY_MAX),
                to: envelope.to.clone(),
                headers: envelope.headers.clone(),
                items: Vec::new(),
                len_bytes: 0,
                merging: 0,
                let_go: Vec::new(),
                is_plain: false,
                soon: Arc::default(),
            };
            self.open.insert(key, fold);
            return Taken::Opened(envelope, key);
        };
        if fold.is_plain {
            return Taken::Past(envelope);
        }
        if fold.len_bytes >= KEPT_LEN_MAX || self.len_bytes >= ALL_KEPT_LEN_MAX {
            return Taken::Full(envelope);
        }
        let Body::Message(payload) = &mut envelope.body else { return Taken::Past(envelope) };
        let payload = std::mem::take(payload);
        let len = len_bytes(std::slice::from_ref(&payload));
        fold.len_bytes += len;
        self.len_bytes += len;
        fold.items.push(payload);
        if fold.items.len() >= MERGE_AT || (fold.items.len() > 1 && fold.len_bytes >= SEND_AT_LEN) {
            fold.merging += 1;
            return Taken::Merge(key, fold.merge, std::mem::take(&mut fold.items));
        }
        if fold.len_bytes >= SEND_AT_LEN {
            fold.soon.notify_one();
        }
        Taken::Kept
    }

    /// Puts back what was taken out to be merged.
    fn put_back(&mut self, key: Key, before: usize, result: Result<Payload, Vec<Payload>>) {
        let Some(fold) = self.open.get_mut(&key) else { return };
        fold.merging -= 1;
        fold.len_bytes -= before;
        self.len_bytes -= before;
        let items = match result {
            Ok(payload) => vec![payload],
            Err(items) => {
                fold.is_plain = true;
                items
            }
        };
        let len = len_bytes(&items);
        fold.len_bytes += len;
        self.len_bytes += len;
        fold.items.splice(0..0, items);
        if fold.is_plain || fold.len_bytes >= SEND_AT_LEN || !fold.let_go.is_empty() {
            fold.soon.notify_one();
        }
    }

    /// Whether what is said of a loan may be kept here.
    pub(super) fn has(&self, proc: Uid, number: u64) -> bool {
        !self.open.is_empty() && Lent::nth(number).is_some() && self.of(proc, number).is_some()
    }

    /// The port that was lent under a number: of those whose numbers are a million apart, the first.
    fn of(&self, proc: Uid, number: u64) -> Option<Key> {
        let way = Lent::way(number);
        self.open.range((proc, way, 0)..=(proc, way, u64::MAX)).next().map(|(key, _)| *key)
    }

    /// Keeps that someone has let go of a port that was lent under `number`, until what he has posted has gone on. Whether
    /// something of that port is kept here; if not, the news goes on by itself.
    pub(super) fn let_go(&mut self, proc: Uid, number: u64, said: Vec<Said>) -> bool {
        if !self.has(proc, number) || said.iter().any(|said| said.reply.is_ok()) {
            return false;
        }
        let key = self.of(proc, number);
        let Some(fold) = key.and_then(|key| self.open.get_mut(&key)) else { return false };
        if fold.let_go.len() + said.len() > LET_GO_MAX {
            return false;
        }
        fold.let_go.extend(said.into_iter().map(|said| (number, said)));
        fold.soon.notify_one();
        true
    }

    fn due(&mut self, key: Key) -> Due {
        let Some(fold) = self.open.get_mut(&key) else { return Due::Over };
        if fold.merging > 0 {
            return Due::Busy;
        }
        if fold.items.is_empty() && fold.let_go.is_empty() {
            self.open.remove(&key);
            return Due::Over;
        }
        self.len_bytes -= std::mem::take(&mut fold.len_bytes);
        Due::Send(Box::new(Sending {
            merge: fold.merge,
            to: fold.to.clone(),
            headers: fold.headers.clone(),
            items: std::mem::take(&mut fold.items),
            let_go: std::mem::take(&mut fold.let_go),
        }))
    }

    /// What could not be sent now is sent later, before what has come since.
    fn keep(&mut self, key: Key, items: Vec<Payload>, let_go: Vec<LetGo>) {
        let Some(fold) = self.open.get_mut(&key) else { return };
        let len = len_bytes(&items);
        fold.len_bytes += len;
        self.len_bytes += len;
        fold.items.splice(0..0, items);
        fold.let_go.splice(0..0, let_go);
    }
}

impl Gateway {
    /// Sends an item for an accumulating port on its way, or keeps it for a while.
    pub(super) fn fold_on(&self, envelope: Envelope, from: Option<LinkId>) -> Result<(), Box<Bounced>> {
        // Without a runtime there is nobody to send on later what is kept.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.go_on(envelope, from, true);
        };
        let taken = {
            let mut state = self.hot_state();
            match route::choose(&state, self.0.id, &envelope.to, from, None) {
                Step::Link(_) => state.folds.take_in(envelope),
                _ => Taken::Past(envelope),
            }
        };
        match taken {
            Taken::Past(envelope) => self.go_on(envelope, from, true),
            Taken::Opened(envelope, key) => {
                let sent = self.go_on(envelope, from, true);
                // After it was sent, so that whoever lets go of the port is behind it (`FOLD-2`).
                runtime.spawn(self.clone().send_folded(key));
                sent
            }
            Taken::Kept => Ok(()),
            Taken::Full(envelope) => {
                let kind = CallErrorKind::MailboxFull { capacity: KEPT_LEN_MAX as u64 };
                Err(Box::new(Bounced { envelope, kind }))
            }
            Taken::Merge(key, merge, items) => {
                // The reducer is a user's: it runs without the lock.
                let before = len_bytes(&items);
                let result = merged(items, merge);
                self.hot_state().folds.put_back(key, before, result);
                Ok(())
            }
        }
    }

    /// Sends on what is kept for a port, until in a whole interval nothing has come.
    async fn send_folded(self, key: Key) {
        let opened = self.hot_state().folds.open.get(&key).map(|fold| (fold.every, fold.soon.clone()));
        let Some((every, soon)) = opened else { return };
        loop {
            let end = clock::now() + every;
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(end) => {}
                () = soon.notified() => {
                    tokio::time::sleep_until(end.min(clock::now() + LET_GO_AFTER)).await;
                }
            }
            let due = self.hot_state().folds.due(key);
            match due {
                Due::Over => return,
                Due::Busy => {}
                Due::Send(sending) => self.send_together(key, *sending),
            }
        }
    }

    fn send_together(&self, key: Key, sending: Sending) {
        let Sending { merge, to, headers, items, mut let_go } = sending;
        let items = match items.len() {
            0 | 1 => items,
            _ => merged(items, merge).map_or_else(|items| items, |payload| vec![payload]),
        };
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            let envelope =
                Envelope { to: to.clone(), headers: headers.clone(), body: Body::Message(item.clone()) };
            match self.go_on(envelope, None, false) {
                Ok(()) => {}
                Err(bounced) if matches!(bounced.kind, CallErrorKind::MailboxFull { .. }) => {
                    // The link has no room just now.
                    let items = std::iter::once(item).chain(items).collect();
                    return self.hot_state().folds.keep(key, items, let_go);
                }
                Err(bounced) => self.bounce(*bounced),
            }
        }
        let_go.sort_by_key(|(number, said)| (*number, said.rank));
        let_go.dedup_by(|next, last| next.0 == last.0 && last.1.joins(&next.1));
        let (numbers, let_go): (Vec<u64>, Vec<Said>) = let_go.into_iter().unzip();
        let mut rest = &let_go[..];
        for numbers in numbers.chunk_by(|one, next| one == next).flat_map(|of| of.chunks(LET_GO_TOGETHER)) {
            let (said, behind) = rest.split_at(numbers.len());
            rest = behind;
            let target = Target::Replies { port: numbers[0] };
            // A reason that is too long to be told is not one that would be sent on here.
            let body = Body::Message(encode_batch(said).unwrap_or_default());
            let envelope =
                Envelope { to: Destination { target, ..to.clone() }, headers: self.own_headers(), body };
            self.go_on(envelope, None, false).unwrap_or_else(|bounced| self.bounce(*bounced));
        }
    }
}

#[cfg(test)]
mod tests;
