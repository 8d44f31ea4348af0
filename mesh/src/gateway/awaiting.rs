//! The calls that passed over a link and are not yet answered (`GATE-2`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::addr::{PortAddr, ProcAddr};
use crate::clock;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::link::LinkId;
use crate::wire::cast::{Manifest, manifest_of};
use crate::wire::envelope::{Envelope, Headers, Target};

/// The table is swept of calls whose time is over when it has grown to this, and to twice what a sweep left.
const SWEEP_AT_MIN: usize = 1024;

/// One call that waits for its reply.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) port: PortAddr,
    pub(super) slot: u32,
    pub(super) callee: ProcId,
    /// Who has lent a port on, of a loan.
    pub(super) lender: Option<Box<ProcAddr>>,
    /// Where the callee is, if that may not be behind the gateway that the link leads to.
    pub(super) relayed_to: Option<GatewayId>,
    link: LinkId,
    expires: Option<Instant>,
}

/// A call to many ranks: what of it went over one link as one envelope, or all that went over a link each.
#[derive(Debug)]
struct Group {
    port: PortAddr,
    manifest: Manifest,
    left: Left,
    lender: Option<Box<ProcAddr>>,
    over: Over,
    is_relayed: bool,
    expires: Option<Instant>,
}

/// Over which link the ranks of a group went.
#[derive(Clone, Debug)]
pub(super) enum Over {
    /// All over this one.
    One(LinkId),
    /// Each over another.
    Each(Vec<LinkId>),
}

impl Over {
    /// Whether the `index`-th rank went over a link.
    fn is(&self, index: usize, link: LinkId) -> bool {
        match self {
            Over::One(one) => *one == link,
            Over::Each(links) => links.get(index) == Some(&link),
        }
    }
}

/// The ranks of a manifest that have not answered: a bit each.
#[derive(Debug)]
pub(super) struct Left {
    /// Where consecutive ranks begin, and how many are before them; the last is behind all.
    runs: Vec<(u32, u32)>,
    bits: Vec<u64>,
    count: u32,
}

impl Left {
    pub(super) fn of(manifest: &Manifest) -> Left {
        let (mut runs, mut count, mut next) = (Vec::new(), 0_u32, None);
        for member in manifest.members() {
            if next != Some(member.rank) {
                runs.push((member.rank, count));
            }
            (next, count) = (member.rank.checked_add(1), count + 1);
        }
        let mut bits = vec![u64::MAX; count.div_ceil(64) as usize];
        if let (Some(last), used @ 1..) = (bits.last_mut(), count % 64) {
            *last = (1 << used) - 1;
        }
        Left { runs, bits, count }
    }

    /// Takes a rank out; gives whether it was there.
    pub(super) fn take(&mut self, rank: u32) -> bool {
        let run = self.runs.partition_point(|(first, _)| *first <= rank);
        let Some((first, before)) = run.checked_sub(1).map(|run| self.runs[run]) else { return false };
        let index = before + (rank - first);
        let end = self.runs.get(run).map_or(u32::MAX, |(_, before)| *before);
        index < end && self.take_index(index as usize)
    }

    fn first(&self) -> u32 {
        self.runs.first().map_or(0, |(rank, _)| *rank)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes the `index`-th member out; gives whether it was there.
    fn take_index(&mut self, index: usize) -> bool {
        let Some(word) = self.bits.get_mut(index / 64) else { return false };
        let bit = 1 << (index % 64);
        let was = *word & bit != 0;
        *word &= !bit;
        self.count -= u32::from(was);
        was
    }
}

impl Group {
    /// Takes out the calls that went over a link.
    fn take(&mut self, link: LinkId, taken: &mut Vec<Call>) {
        let Group { port, manifest, left, lender, over, is_relayed, expires } = self;
        for (index, member) in manifest.members().enumerate() {
            if over.is(index, link) && left.take_index(index) {
                let (port, lender, expires) = (port.clone(), lender.clone(), *expires);
                let (slot, callee) = (member.rank, member.proc);
                let relayed_to = is_relayed.then_some(member.at.gateway);
                taken.push(Call { port, slot, callee, lender, relayed_to, link, expires });
            }
        }
    }
}

/// The table. What is taken out of it is in order, so that a lost link answers its calls in the same one in every run.
#[derive(Debug)]
pub(super) struct Awaiting {
    calls: FxHashMap<(Uid, u64, u32), Call>,
    /// By port and lowest rank: the groups of a port have different ranks.
    groups: BTreeMap<(Uid, u64, u32), Group>,
    sweep_at: usize,
}

impl Awaiting {
    pub(super) fn new() -> Awaiting {
        Awaiting { calls: FxHashMap::default(), groups: BTreeMap::new(), sweep_at: SWEEP_AT_MIN }
    }

    /// Remembers the calls that an envelope carries over a link, if it carries any.
    pub(super) fn sent(&mut self, link: LinkId, envelope: &Envelope) {
        if (envelope.headers.reply_to.is_none() && envelope.headers.lent.is_none()) || envelope.is_forgotten()
        {
            return;
        }
        if envelope.to.target == Target::Cast {
            if let Some(Ok(manifest)) = envelope.payload().map(manifest_of) {
                self.sent_cast(&Over::One(link), &envelope.headers, &manifest, false);
            }
            return;
        }
        let callee = &envelope.to.proc;
        if let Some((port, slot)) = &envelope.headers.reply_to {
            let expires = envelope.headers.deadline_us.and_then(clock::in_us);
            self.sent_call(link, (port.clone(), *slot), callee, expires);
        }
        // A port that is lent is as a call that has no time.
        let (lent, slot) = envelope.headers.lent();
        for lent in lent {
            let (port, lender) = (lent.release(), envelope.headers.lender(lent).map(Box::new));
            let callee = callee.clone();
            self.remember(Call { port, slot, callee, lender, relayed_to: None, link, expires: None });
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.calls.len() + self.groups.len()
    }

    /// Remembers a call that goes over a link.
    pub(super) fn sent_call(
        &mut self,
        link: LinkId,
        (port, slot): (PortAddr, u32),
        callee: &ProcId,
        expires: Option<Instant>,
    ) {
        let callee = callee.clone();
        self.remember(Call { port, slot, callee, lender: None, relayed_to: None, link, expires });
    }

    fn remember(&mut self, call: Call) {
        self.sweep();
        self.calls.insert((call.port.proc.id.uid, call.port.port, call.slot), call);
    }

    /// Remembers a call to many that goes over a link, for some to other gateways from there if `is_relayed`; or over a
    /// link for each.
    pub(super) fn sent_cast(
        &mut self,
        over: &Over,
        headers: &Headers,
        manifest: &Manifest,
        is_relayed: bool,
    ) {
        if (headers.reply_to.is_none() && headers.lent.is_none()) || manifest.is_empty() {
            return;
        }
        self.sweep();
        let mut sent = |port: PortAddr, lender: Option<ProcAddr>, expires| {
            let (left, manifest) = (Left::of(manifest), manifest.clone());
            let key = (port.proc.id.uid, port.port, left.first());
            let lender = lender.map(Box::new);
            let over = over.clone();
            self.groups.insert(key, Group { port, manifest, left, lender, over, is_relayed, expires });
        };
        if let Some((port, _)) = &headers.reply_to {
            sent(port.clone(), None, headers.deadline_us.and_then(clock::in_us));
        }
        headers.lent().0.iter().for_each(|lent| sent(lent.release(), headers.lender(lent), None));
    }

    fn sweep(&mut self) {
        if self.len() < self.sweep_at {
            return;
        }
        let now = clock::now();
        let waits = |expires: &Option<Instant>| expires.is_none_or(|at| at > now);
        self.calls.retain(|_, call| waits(&call.expires));
        self.groups.retain(|_, group| waits(&group.expires));
        self.sweep_at = SWEEP_AT_MIN.max(2 * self.len());
    }

    pub(super) fn answered(&mut self, proc: Uid, port: u64, slot: u32) {
        if self.calls.remove(&(proc, port, slot)).is_some() {
            return;
        }
        // The ranks behind one link are neighbours, most often: the group is the one that begins last before.
        let groups = self.groups.range_mut((proc, port, 0)..=(proc, port, slot)).rev();
        let mut of_rank = groups.filter_map(|(key, group)| group.left.take(slot).then_some((*key, group)));
        if let Some((key, Group { left: Left { count: 0, .. }, .. })) = of_rank.next() {
            self.groups.remove(&key);
        }
    }

    /// Takes out the calls that went over a link.
    pub(super) fn take(&mut self, link: LinkId) -> Vec<Call> {
        let mut calls: Vec<_> = self.calls.extract_if(|_, call| call.link == link).collect();
        calls.sort_unstable_by_key(|(key, _)| *key);
        let mut taken: Vec<Call> = calls.into_iter().map(|(_, call)| call).collect();
        self.groups.retain(|_, group| {
            if !matches!(group.over, Over::One(one) if one != link) {
                group.take(link, &mut taken);
            }
            !group.left.is_empty()
        });
        taken
    }
}
