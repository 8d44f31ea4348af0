//! What an envelope to many ranks says of them, and what the envelope of their replies does.
//!
//! ```text
//! cast:    head │ Manifest: which ranks, where │ the message, as it was encoded once
//! replies: head │ Batch: which ranks said what │ the replies that are too long to be copied
//! ```
//!
//! A manifest is a list of arithmetic runs: the ranks of a slice that one gateway is to reach are few runs, however many
//! they are. It says all that the envelope of one rank would, so that any gateway on the way can make that of it.
//!
//! Invariants
//! - `CAST-1` the ranks of a manifest are ascending, and at most [`CAST_RANKS_MAX`].
//! - `CAST-2` the members that were pushed are those that come out, in their order; the parts that a manifest is split
//!   into have each of its members once.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::codec::{DecodeError, EncodeError, PARTS_MAX, Payload};
use super::envelope::{Body, CastPoint, Destination, Envelope, HOPS_MAX, Headers, Target};
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::{MeshId, ProcId, Uid};

/// The most ranks of one envelope; a larger cast is several.
pub const CAST_RANKS_MAX: u32 = 1 << 16;

/// A reply of more bytes, or with parts, travels beside the batch instead of in it.
const INLINE_LEN_MAX: usize = 1 << 10;

/// How the procs of a manifest are named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Procs {
    /// As the procs of this mesh, by base rank.
    Mesh(MeshId),
    /// As the system procs of their locations.
    Doors,
    /// One by one, in the order of the members.
    Named(Vec<ProcId>),
}

/// Ranks at equal distances behind one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// The first, in the caller's view; the others follow it.
    rank: u32,
    /// The first, in the whole mesh.
    base_rank: u32,
    /// How far apart they are in the whole mesh.
    base_step: u32,
    /// How many.
    len: u32,
    /// Which of the locations.
    at: u32,
}

/// A time of a gateway between two losses of gateways that it has relayed casts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The gateway.
    pub of: Uid,
    /// Which, from 0.
    pub number: u64,
}

/// Whom a cast goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    actor: Uid,
    handler: u64,
    size: u32,
    merge: Option<u64>,
    procs: Procs,
    /// Of the gateways that have relayed it.
    epochs: Vec<Epoch>,
    at: Vec<Arc<Location>>,
    runs: Vec<Run>,
}

/// One destination of a cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The rank in the caller's view.
    pub rank: u32,
    /// The rank in the whole mesh.
    pub base_rank: u32,
    /// The proc.
    pub proc: ProcId,
    /// Where it is.
    pub at: Arc<Location>,
}

/// The proc of a host that its agent lives in: it has the identity of the host's gateway.
pub fn system_proc(host: &Location) -> ProcId {
    ProcId::single(host.gateway.uid, "host".into())
}

impl Manifest {
    /// Of nobody yet: the actors `actor`, one in each proc, of a view of `size` ranks. The replies may be merged as
    /// `merge` says. Names that `procs` has are dropped.
    pub fn new(actor: Uid, handler: u64, size: u32, merge: Option<u64>, procs: &Procs) -> Manifest {
        let procs = match procs {
            Procs::Named(_) => Procs::Named(Vec::new()),
            procs => procs.clone(),
        };
        let (epochs, at, runs) = (Vec::new(), Vec::new(), Vec::new());
        Manifest { actor, handler, size, merge, procs, epochs, at, runs }
    }

    /// As this one, of nobody yet.
    pub fn emptied(&self) -> Manifest {
        let empty = Manifest::new(self.actor, self.handler, self.size, self.merge, &self.procs);
        Manifest { epochs: self.epochs.clone(), ..empty }
    }

    /// It is relayed in an epoch.
    pub fn relay(&mut self, epoch: Epoch) {
        self.epochs.push(epoch);
    }

    /// The members of both, ascending.
    #[must_use]
    pub fn with(&self, other: &Manifest) -> Manifest {
        let mut members: Vec<Member> = self.members().chain(other.members()).collect();
        members.sort_unstable_by_key(|member| member.rank);
        let mut both = self.emptied();
        members.iter().for_each(|member| both.push(member));
        both
    }

    /// The epochs in which it was relayed, of each gateway that has.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// Where the members are, if that is one place.
    pub fn place(&self) -> Option<&Arc<Location>> {
        match &self.at[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Adds a member, of a higher rank than those that are there.
    pub fn push(&mut self, member: &Member) {
        let at = match self.at.last() {
            Some(last) if Arc::ptr_eq(last, &member.at) || *last == member.at => self.at.len() - 1,
            _ => {
                self.at.push(member.at.clone());
                self.at.len() - 1
            }
        };
        let at = u32::try_from(at).expect("as many locations as ranks, at most");
        if let Procs::Named(names) = &mut self.procs {
            names.push(member.proc.clone());
        }
        if let Some(last) = self.runs.last_mut()
            && last.takes(member, at)
        {
            last.len += 1;
            return;
        }
        let Member { rank, base_rank, .. } = *member;
        self.runs.push(Run { rank, base_rank, base_step: 0, len: 1, at });
    }

    /// The actor that each member is, in its proc.
    pub fn actor(&self) -> Uid {
        self.actor
    }

    /// How many members there are.
    pub fn len(&self) -> u32 {
        self.runs.iter().map(|run| run.len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How the replies may be merged on their way.
    pub fn merge(&self) -> Option<u64> {
        self.merge
    }

    /// The members, by rank.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        let mut names = match &self.procs {
            Procs::Named(names) => names.iter(),
            Procs::Mesh(_) | Procs::Doors => [].iter(),
        };
        let (mut run, mut nth, mut system) = (0, 0, None);
        std::iter::from_fn(move || {
            if nth == self.runs.get(run)?.len {
                (run, nth, system) = (run + 1, 0, None);
            }
            let (of, n) = (self.runs.get(run)?, nth);
            nth += 1;
            let at = &self.at[of.at as usize];
            let base_rank = of.base_rank + n * of.base_step;
            let proc = match &self.procs {
                Procs::Mesh(mesh) => ProcId::of_mesh(mesh, base_rank),
                Procs::Doors => system.get_or_insert_with(|| system_proc(at)).clone(),
                Procs::Named(_) => names.next()?.clone(),
            };
            Some(Member { rank: of.rank + n, base_rank, proc, at: at.clone() })
        })
    }

    /// Checks what comes from outside.
    fn check(&self) -> Result<(), &'static str> {
        if self.epochs.len() > usize::from(HOPS_MAX) {
            return Err("relayed more often than there are hops");
        }
        let (mut above, mut count) = (0_u32, 0_u32);
        for run in &self.runs {
            let last = run.len.checked_sub(1).ok_or("a run of no ranks")?;
            let end = run.rank.checked_add(run.len).ok_or("a run beyond all ranks")?;
            let reach = last.checked_mul(run.base_step).and_then(|reach| reach.checked_add(run.base_rank));
            count = count
                .checked_add(run.len)
                .filter(|count| *count <= CAST_RANKS_MAX)
                .ok_or("too many ranks")?;
            if run.rank < above || reach.is_none() || end > self.size {
                return Err("runs that are not ascending, or beyond all ranks");
            }
            if run.at as usize >= self.at.len() {
                return Err("a run at no location");
            }
            above = end;
        }
        match &self.procs {
            Procs::Named(names) if names.len() != count as usize => {
                Err("as many names as members are needed")
            }
            _ if count == 0 => Err("a cast to nobody"),
            _ => Ok(()),
        }
    }
}

impl Run {
    /// Whether a member is the next of this run; the second decides the distances.
    fn takes(&mut self, member: &Member, at: u32) -> bool {
        if self.at != at || self.rank.checked_add(self.len) != Some(member.rank) {
            return false;
        }
        if self.len == 1 {
            let Some(step) = member.base_rank.checked_sub(self.base_rank) else { return false };
            self.base_step = step;
            return true;
        }
        let base = u64::from(self.base_rank) + u64::from(self.base_step) * u64::from(self.len);
        u64::from(member.base_rank) == base
    }
}

/// A message on its way to many ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Whom to.
    pub manifest: Manifest,
    /// What is said to all of them; where replies go, the slot of each is its rank.
    pub headers: Headers,
    /// The message, encoded.
    pub payload: Payload,
}

impl Cast {
    /// The envelope to one member.
    pub fn one(&self, member: Member) -> Envelope {
        let Member { rank, base_rank, proc, at } = member;
        let mut headers = self.headers.clone();
        headers.point = Some(CastPoint { rank, base_rank, size: self.manifest.size });
        if let Some((_, slot)) = &mut headers.reply_to {
            *slot = rank;
        }
        let target =
            Target::Handler { actor: self.manifest.actor, incarnation: 0, handler: self.manifest.handler };
        Envelope { to: Destination { proc, at, target }, headers, body: Body::Message(self.payload.clone()) }
    }

    /// The envelope to the members that `manifest` names. It stands under the name of the first.
    ///
    /// # Errors
    /// [`EncodeError`], when the message has too many parts to have another.
    pub fn envelope(&self, manifest: &Manifest) -> Result<Envelope, EncodeError> {
        let body = Payload::of(manifest)?.body;
        let parts: Vec<Bytes> =
            std::iter::once(&self.payload.body).chain(&self.payload.parts).cloned().collect();
        let Some(first) = manifest.members().next().filter(|_| parts.len() <= PARTS_MAX) else {
            return Err(EncodeError::TooManyParts { count: parts.len() });
        };
        let to = Destination { proc: first.proc, at: first.at, target: Target::Cast };
        Ok(Envelope { to, headers: self.headers.clone(), body: Body::Message(Payload { body, parts }) })
    }

    /// Takes an envelope to many apart.
    ///
    /// # Errors
    /// [`DecodeError`], when it is malformed.
    pub fn open(envelope: &Envelope) -> Result<Cast, DecodeError> {
        let Body::Message(payload) = &envelope.body else {
            return Err(malformed("a cast carries a message"));
        };
        let manifest = manifest_of(payload)?;
        let Some((body, parts)) = payload.parts.split_first() else {
            return Err(malformed("a cast without its message"));
        };
        let payload = Payload { body: body.clone(), parts: parts.to_vec() };
        Ok(Cast { manifest, headers: envelope.headers.clone(), payload })
    }
}

/// The manifest in front of a cast's message.
///
/// # Errors
/// [`DecodeError`], when it is malformed.
pub fn manifest_of(payload: &Payload) -> Result<Manifest, DecodeError> {
    let manifest: Manifest = Payload { body: payload.body.clone(), parts: Vec::new() }.get()?;
    manifest.check().map_err(malformed)?;
    Ok(manifest)
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError::Value { reason: reason.to_owned() }
}

/// What some neighbouring ranks said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The first of them, in the caller's view.
    pub rank: u32,
    /// How many: of one value each has said it, unless it is merged.
    pub len: u32,
    /// Whether it is what the replies of all of them were merged into.
    pub merged: bool,
    /// The reply, or why there is none.
    pub reply: Result<Payload, CallErrorKind>,
}

impl Said {
    /// Takes in what the next ranks said, if it is the same.
    pub fn joins(&mut self, next: &Said) -> bool {
        let follows = self.rank.checked_add(self.len) == Some(next.rank);
        let plain = !self.merged && !next.merged;
        let same = follows && plain && self.reply == next.reply;
        if same {
            self.len += next.len;
        }
        same
    }

    /// What it costs to keep, in bytes.
    pub fn len_bytes(&self) -> usize {
        size_of::<Said>() + self.reply.as_ref().map_or(0, Payload::len_bytes)
    }

    /// How many parts it makes of a batch.
    pub fn parts(&self) -> usize {
        match &self.reply {
            Ok(payload) if beside(payload) => 1 + payload.parts.len(),
            Ok(_) | Err(_) => 0,
        }
    }
}

fn beside(payload: &Payload) -> bool {
    payload.body.len() > INLINE_LEN_MAX || !payload.parts.is_empty()
}

#[derive(Serialize, Deserialize)]
enum Word {
    Value(Bytes),
    /// The next part, and so many more.
    Beside(u32),
    Failed(CallErrorKind),
}

/// Encodes what was said; runs of no ranks are left out.
///
/// # Errors
/// [`EncodeError`], when it is too large for one payload.
pub fn encode_batch(batch: &[Said]) -> Result<Payload, EncodeError> {
    let mut parts = Vec::new();
    let words: Vec<(u32, u32, bool, Word)> = batch
        .iter()
        .map(|said| {
            let word = match &said.reply {
                Ok(payload) if beside(payload) => {
                    parts.push(payload.body.clone());
                    parts.extend(payload.parts.iter().cloned());
                    Word::Beside(u32::try_from(payload.parts.len()).unwrap_or(u32::MAX))
                }
                Ok(payload) => Word::Value(payload.body.clone()),
                Err(kind) => Word::Failed(kind.clone()),
            };
            (said.rank, said.len, said.merged, word)
        })
        .collect();
    if parts.len() > PARTS_MAX {
        return Err(EncodeError::TooManyParts { count: parts.len() });
    }
    Ok(Payload { body: Payload::of(&words)?.body, parts })
}

/// Decodes what was said.
///
/// # Errors
/// [`DecodeError`], when it is malformed or speaks of more than [`CAST_RANKS_MAX`] ranks.
pub fn decode_batch(payload: &Payload) -> Result<Vec<Said>, DecodeError> {
    let body = Payload { body: payload.body.clone(), parts: Vec::new() };
    let words: Vec<(u32, u32, bool, Word)> = body.get()?;
    let mut parts = payload.parts.iter();
    let mut ranks = 0_u32;
    let mut batch = Vec::with_capacity(words.len());
    for (rank, len, merged, word) in words {
        ranks = ranks
            .checked_add(len)
            .filter(|ranks| *ranks <= CAST_RANKS_MAX)
            .ok_or(())
            .map_err(|()| malformed("replies of more ranks than one cast has"))?;
        if len == 0 || rank.checked_add(len).is_none() {
            return Err(malformed("a reply of no rank"));
        }
        let reply = match word {
            Word::Value(body) => Ok(Payload { body, parts: Vec::new() }),
            Word::Beside(count) => {
                let body = parts.next().ok_or_else(|| malformed("a reply without its bytes"))?.clone();
                let beside: Vec<Bytes> = parts.by_ref().take(count as usize).cloned().collect();
                if beside.len() != count as usize {
                    return Err(malformed("a reply without its parts"));
                }
                Ok(Payload { body, parts: beside })
            }
            Word::Failed(kind) => Err(kind),
        };
        batch.push(Said { rank, len, merged, reply });
    }
    if parts.next().is_some() {
        return Err(malformed("parts of no reply"));
    }
    Ok(batch)
}

#[cfg(test)]
mod tests;
