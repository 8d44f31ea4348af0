//! Replies on their way back from a cast: gathered at the gateway that split it, and sent on together.
//!
//! ```text
//! caller's port ◄── ranks 0..4: 13 ── collector ◄─┬─ rank 0: 13 ── proc
//!                                                 ├─ rank 1: 13 ── proc
//!                                                 └─ …
//! ```
//!
//! A collector stands in for the caller's port: its gateway rewrites where the replies go before it splits the cast. It
//! sends on what it has when no more is to come, when it holds much, or a moment after the first reply. A rank that
//! cannot answer is answered for by the gateway that knows (`GATE-2`), through the same port.
//!
//! A reply that brings references to ports goes on by itself, so that its gateways know who is to hold them.
//!
//! Invariants
//! - `COLLECT-1` a rank is sent on once, whatever is said of it.
//! - `COLLECT-2` a collector is forgotten when every rank is sent on; or, swept, when the time of the call is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::awaiting::Left;
use super::{Bounced, Gateway};
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::message::{MergeEntry, MergeReplies};
use crate::wire::cast::{Cast, Said, encode_batch};
use crate::wire::codec::PARTS_MAX;
use crate::wire::envelope::{Body, Destination, Envelope, Target};

/// How long a reply waits for others, at most.
const FLUSH_AFTER: Duration = Duration::from_millis(1);

/// How many bytes of replies wait for others, at most.
const FLUSH_LEN: usize = 256 << 10;

/// The table is swept of collectors whose time is over when it has grown to this, and to twice what a sweep left.
const SWEEP_AT_MIN: usize = 1024;

/// What a gateway's collectors are derived from; not a proc that anybody has.
const COLLECTOR: u64 = 0x636f_6c6c_6563_746f;

/// The replies of one cast.
struct Collector {
    to: PortAddr,
    merge: Option<MergeReplies>,
    left: Left,
    said: Vec<Said>,
    len_bytes: usize,
    parts: usize,
    armed: bool,
    expires: Option<Instant>,
}

/// The collectors of a gateway.
pub(super) struct Collectors {
    proc: ProcAddr,
    open: BTreeMap<u64, Collector>,
    next: u64,
    sweep_at: usize,
}

/// What is to be done after replies were taken in.
pub(super) enum After {
    Nothing,
    /// In a moment the collector is to be looked at.
    Arm(u64),
    Send(PortAddr, Vec<Said>, Option<MergeReplies>),
    /// This goes on by itself, and then that.
    Pass(Box<Envelope>, Box<After>),
}

impl Collector {
    fn keep(&mut self, said: Said) {
        // COLLECT-1
        let fresh: Vec<u32> =
            (said.rank..said.rank.saturating_add(said.len)).filter(|rank| self.left.take(*rank)).collect();
        if fresh.len() == said.len as usize {
            return self.push(said);
        }
        for rank in fresh {
            let reply = match &said.reply {
                // A part cannot be taken out of what was merged.
                Ok(_) if said.merged => Err(CallErrorKind::Undeliverable {
                    reason: "merged with replies that had come".to_owned(),
                }),
                reply => reply.clone(),
            };
            self.push(Said { rank, len: 1, merged: false, reply });
        }
    }

    fn push(&mut self, said: Said) {
        self.len_bytes += said.len_bytes();
        self.parts += said.parts();
        self.said.push(said);
    }
}

impl Collectors {
    pub(super) fn new(own: GatewayId) -> Collectors {
        let id = ProcId::single(own.uid.member(COLLECTOR), "collector".into());
        let at = Arc::new(Location { gateway: own, door: None });
        let proc = ProcAddr { id, at };
        Collectors { proc, open: BTreeMap::new(), next: 1, sweep_at: SWEEP_AT_MIN }
    }

    /// Whether a proc is where the collectors' ports are.
    pub(super) fn has(&self, proc: Uid) -> bool {
        self.proc.id.uid == proc
    }

    /// Lets the replies to a cast come here first, if there will be any.
    pub(super) fn open(&mut self, cast: &mut Cast) {
        let Some((port, slot)) = &mut cast.headers.reply_to else { return };
        if self.open.len() >= self.sweep_at {
            let now = clock::now();
            self.open.retain(|_, collector| collector.expires.is_none_or(|at| at > now));
            self.sweep_at = SWEEP_AT_MIN.max(2 * self.open.len());
        }
        let id = self.next;
        self.next += 1;
        let own = PortAddr { proc: self.proc.clone(), port: id };
        let to = std::mem::replace(port, own);
        *slot = 0;
        let collector = Collector {
            to,
            merge: cast.manifest.merge().and_then(MergeEntry::find),
            left: Left::of(&cast.manifest),
            said: Vec::new(),
            len_bytes: 0,
            parts: 0,
            armed: false,
            expires: cast.headers.deadline_us.and_then(clock::in_us),
        };
        self.open.insert(id, collector);
    }

    /// Takes in what was said to the port of a collector. Gives nothing when the collector is no more.
    pub(super) fn take_in(&mut self, port: u64, said: impl IntoIterator<Item = Said>) -> Option<After> {
        let collector = self.open.get_mut(&port)?;
        for said in said {
            collector.keep(said);
        }
        let full = collector.len_bytes >= FLUSH_LEN || collector.parts >= PARTS_MAX / 2;
        if collector.left.is_empty() || full {
            return Some(self.flush(port));
        }
        if collector.armed || collector.said.is_empty() {
            return Some(After::Nothing);
        }
        collector.armed = true;
        Some(After::Arm(port))
    }

    /// Lets a reply that brings references to ports go on by itself: what is merged or joined cannot say who holds them.
    /// Gives nothing when the rank was sent on, or the collector is no more.
    pub(super) fn pass(&mut self, port: u64, rank: u32, reply: &Envelope) -> Option<After> {
        let collector = self.open.get_mut(&port)?;
        // COLLECT-1
        if !collector.left.take(rank) {
            return None;
        }
        let to = Destination::port(&collector.to, rank);
        let after = if collector.left.is_empty() { self.flush(port) } else { After::Nothing };
        Some(After::Pass(Box::new(Envelope { to, ..reply.clone() }), Box::new(after)))
    }

    /// Takes out what is to be sent on.
    fn flush(&mut self, port: u64) -> After {
        let Some(collector) = self.open.get_mut(&port) else { return After::Nothing };
        (collector.len_bytes, collector.parts, collector.armed) = (0, 0, false);
        let said = std::mem::take(&mut collector.said);
        let (to, merge) = (collector.to.clone(), collector.merge);
        if collector.left.is_empty() {
            self.open.remove(&port);
        }
        if said.is_empty() {
            return After::Nothing;
        }
        After::Send(to, said, merge)
    }
}

impl Gateway {
    /// Goes on after replies were taken in; without the lock.
    pub(super) fn after_replies(&self, after: After) {
        match after {
            After::Nothing => {}
            After::Send(to, mut said, merge) => {
                said.sort_unstable_by_key(|said| said.rank);
                said.dedup_by(|next, last| last.joins(next));
                self.send_replies(
                    &to,
                    match merge {
                        Some(merge) => merged(said, merge),
                        None => said,
                    },
                );
            }
            After::Pass(reply, then) => {
                self.post_or_bounce(*reply);
                self.after_replies(*then);
            }
            After::Arm(port) => {
                // In the drop of an actor while its runtime goes, nobody is left to wait.
                let Ok(runtime) = tokio::runtime::Handle::try_current() else { return self.flush(port) };
                let gateway = self.clone();
                runtime.spawn(async move {
                    tokio::time::sleep(FLUSH_AFTER).await;
                    gateway.flush(port);
                });
            }
        }
    }

    fn flush(&self, port: u64) {
        let after = self.state().collectors.flush(port);
        self.after_replies(after);
    }

    fn send_replies(&self, to: &PortAddr, mut said: Vec<Said>) {
        if let [one @ Said { len: 1, merged: false, .. }] = &mut said[..] {
            let body = match std::mem::replace(&mut one.reply, Ok(Default::default())) {
                Ok(payload) => Body::Reply(payload),
                Err(kind) => Body::Failed(kind),
            };
            let (to, headers) = (Destination::port(to, one.rank), self.own_headers());
            return self.post_or_bounce(Envelope { to, headers, body });
        }
        let target = Target::Replies { port: to.port };
        let batch = Destination { proc: to.proc.id.clone(), at: to.proc.at.clone(), target };
        let refused = match encode_batch(&said) {
            Ok(payload) => {
                let (headers, body) = (self.own_headers(), Body::Message(payload));
                self.go(Envelope { to: batch, headers, body }, None).err()
            }
            Err(_) => Some(Box::new(Bounced { envelope: self.no_batch(batch), kind: too_large() })),
        };
        let Some(refused) = refused else { return };
        if said.len() > 1 && matches!(refused.kind, CallErrorKind::Decode { .. }) {
            // Too large together.
            let rest = said.split_off(said.len() / 2);
            self.send_replies(to, said);
            return self.send_replies(to, rest);
        }
        self.bounce(*refused);
    }

    fn no_batch(&self, to: Destination) -> Envelope {
        Envelope { to, headers: self.own_headers(), body: Body::Message(Default::default()) }
    }
}

/// Merges the replies of neighbouring ranks; what does not merge stays as it is.
fn merged(said: Vec<Said>, merge: MergeReplies) -> Vec<Said> {
    let follows = |one: &Said, next: &Said| {
        one.reply.is_ok() && next.reply.is_ok() && one.rank.checked_add(one.len) == Some(next.rank)
    };
    let merge = |span: &[Said]| -> Option<Said> {
        let len = span.iter().map(|said| said.len).sum();
        let times = |said: &Said| if said.merged { 1 } else { said.len };
        let replies: Vec<_> = span
            .iter()
            .filter_map(|said| said.reply.as_ref().ok().map(|reply| (reply, times(said))))
            .collect();
        let one = matches!(replies[..], [] | [(_, 1)]);
        let payload = if one { None } else { merge(&replies) }?;
        Some(Said { rank: span.first()?.rank, len, merged: true, reply: Ok(payload) })
    };
    said.chunk_by(follows)
        .flat_map(|span| merge(span).map_or_else(|| span.to_vec(), |said| vec![said]))
        .collect()
}

fn too_large() -> CallErrorKind {
    CallErrorKind::Decode { reason: "replies too large to go together".to_owned() }
}

#[cfg(test)]
mod tests;
