//! What is running, as data: hosts, their procs, their actors, who owns each, what each does, who waits for whom.
//!
//! It is asked of the agents, over the ordinary message path, and never of the actors themselves: one that is stuck in a
//! handler, awaiting or holding a thread, is reported as any other. It takes one free thread in its process to do so: an
//! actor that blocks the only thread of a runtime takes its agent with it, and its proc is then reported as one that
//! does not answer.
//!
//! ```
//! # mesh::root::run_test(async |cx| {
//! use mesh::prelude::*;
//!
//! let _procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
//! let tree = mesh::admin::tree(cx).await;
//! assert_eq!(tree.procs().filter(|proc| proc.name().starts_with("workers/")).count(), 2);
//! println!("{tree}");
//! # Ok::<(), mesh::Error>(())
//! # });
//! ```

mod ask;
mod print;

use serde::{Deserialize, Serialize};

pub use ask::{ASK_TIMEOUT, tree, tree_of};
pub use print::Owned;

use crate::ident::{ActorId, ProcId};
use crate::inspect::{ActorReport, ProcReport, Waiting};
use crate::value::Status;

/// What is running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tree {
    /// The hosts that were asked.
    pub hosts: Vec<HostNode>,
}

/// A host, and its procs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostNode {
    /// The host's own proc, where its agents are.
    pub own: ProcNode,
    /// The procs it has started, hosts among them; or why it does not say.
    pub procs: Result<Vec<ProcNode>, String>,
}

/// A proc.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcNode {
    /// Who.
    pub proc: ProcId,
    /// Its process, as its host sees it.
    pub pid: Option<u32>,
    /// Where it is in its life, as its host sees it.
    pub status: Status,
    /// Who hears of its failure; `None` for a host that was asked for as such.
    pub owner: Option<ActorId>,
    /// What its agent sees; or why it does not say.
    pub report: Result<ProcReport, String>,
    /// What it has started, if it is a host itself.
    pub host: Option<Box<HostNode>>,
}

impl ProcNode {
    /// Its name, such as `workers/3`.
    pub fn name(&self) -> String {
        self.proc.to_string()
    }

    /// Its actors, as far as they are known.
    pub fn actors(&self) -> &[ActorReport] {
        self.report.as_ref().map_or(&[], |report| &report.actors)
    }
}

impl Tree {
    /// All procs, each host's own first.
    pub fn procs(&self) -> impl Iterator<Item = &ProcNode> {
        let mut procs = Vec::new();
        let mut hosts: Vec<&HostNode> = self.hosts.iter().rev().collect();
        while let Some(host) = hosts.pop() {
            let known: &[ProcNode] = host.procs.as_deref().unwrap_or_default();
            procs.push(&host.own);
            // A host that is a proc of another stands there as its own proc.
            procs.extend(known.iter().filter(|proc| proc.host.is_none()));
            hosts.extend(known.iter().rev().filter_map(|proc| proc.host.as_deref()));
        }
        procs.into_iter()
    }

    /// All actors that are known.
    pub fn actors(&self) -> impl Iterator<Item = &ActorReport> {
        self.procs().flat_map(ProcNode::actors)
    }

    /// An actor, whichever life of it.
    pub fn actor(&self, id: &ActorId) -> Option<&ActorReport> {
        self.actors().find(|actor| is_same(&actor.id, id))
    }

    /// Who waits for whom: every call that has no reply yet, with its caller.
    pub fn waits(&self) -> impl Iterator<Item = (&ActorId, &Waiting)> {
        self.actors().flat_map(|actor| actor.waits.iter().map(move |waiting| (&actor.id, waiting)))
    }

    /// What an actor waits for in the end: the calls from it on, each by the callee of the one before, the one that waits
    /// longest where there are several. It ends at one that waits for nobody, or is there already.
    pub fn chain(&self, from: &ActorId) -> Vec<&Waiting> {
        let mut chain: Vec<&Waiting> = Vec::new();
        let mut at = from;
        while let Some(next) =
            self.actor(at).and_then(|actor| actor.waits.iter().max_by_key(|wait| wait.since))
        {
            let known = chain.iter().any(|wait| is_same(&wait.callee, &next.callee));
            chain.push(next);
            if known || is_same(&next.callee, from) {
                break;
            }
            at = &next.callee;
        }
        chain
    }

    /// The same by owners: what nobody owns first, below each what it owns. It can be printed.
    pub fn owned(&self) -> Owned<'_> {
        Owned(self)
    }
}

/// Whether both are one actor, whichever life of it.
fn is_same(one: &ActorId, other: &ActorId) -> bool {
    one.uid == other.uid && one.proc == other.proc
}

#[cfg(test)]
mod tests;
