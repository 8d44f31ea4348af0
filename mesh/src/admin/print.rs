//! The tree for people.

use std::fmt;

use super::{HostNode, ProcNode, Tree, is_same};
use crate::ident::ActorId;
use crate::inspect::ActorReport;
use crate::value::Status;

fn indent(f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    write!(f, "{:1$}", "", 2 * depth)
}

fn actor(f: &mut fmt::Formatter<'_>, depth: usize, actor: &ActorReport) -> fmt::Result {
    indent(f, depth)?;
    writeln!(f, "{actor}")?;
    for waiting in &actor.waits {
        indent(f, depth + 1)?;
        writeln!(f, "{waiting}")?;
    }
    Ok(())
}

fn proc_head(f: &mut fmt::Formatter<'_>, depth: usize, what: &str, proc: &ProcNode) -> fmt::Result {
    indent(f, depth)?;
    write!(f, "{what} {}", proc.proc)?;
    if let Some(pid) = proc.pid {
        write!(f, ", process {pid}")?;
    }
    if proc.status != Status::Running {
        write!(f, ", {}", proc.status)?;
    }
    if let (Err(reason), false) = (&proc.report, proc.status.is_terminal()) {
        write!(f, ", does not answer: {reason}")?;
    }
    writeln!(f)
}

fn proc(f: &mut fmt::Formatter<'_>, depth: usize, what: &str, node: &ProcNode) -> fmt::Result {
    proc_head(f, depth, what, node)?;
    node.actors().iter().try_for_each(|report| actor(f, depth + 1, report))?;
    match node.report.as_ref().map_or(0, |report| report.more) {
        0 => Ok(()),
        more => {
            indent(f, depth + 1)?;
            writeln!(f, "and {more} more")
        }
    }
}

fn host(f: &mut fmt::Formatter<'_>, depth: usize, node: &HostNode) -> fmt::Result {
    proc(f, depth, "host", &node.own)?;
    match &node.procs {
        Ok(procs) => procs.iter().try_for_each(|node| match &node.host {
            Some(inner) => host(f, depth + 1, inner),
            None => proc(f, depth + 1, "proc", node),
        }),
        Err(reason) => {
            indent(f, depth + 1)?;
            writeln!(f, "its procs are not known: {reason}")
        }
    }
}

/// Hosts, procs and actors, one to a line, with what each does and whom it waits for.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hosts.iter().try_for_each(|node| host(f, 0, node))
    }
}

/// A [`Tree`] by owners, to be printed.
#[derive(Clone, Copy, Debug)]
pub struct Owned<'a>(pub(super) &'a Tree);

impl Owned<'_> {
    /// What `owner` owns, and below it what that owns. A ring, which there is none of, would be cut.
    fn below(&self, f: &mut fmt::Formatter<'_>, depth: usize, owner: &ActorId) -> fmt::Result {
        /// Deeper than owners go.
        const DEPTH_MAX: usize = 64;
        if depth > DEPTH_MAX {
            return Ok(());
        }
        let mine = |other: &Option<ActorId>| other.as_ref().is_some_and(|other| is_same(other, owner));
        for node in self.0.procs().filter(|node| mine(&node.owner)) {
            proc_head(f, depth, "proc", node)?;
        }
        // A client is its own owner, for want of another.
        for report in self.0.actors().filter(|report| mine(&report.owner) && !is_same(&report.id, owner)) {
            indent(f, depth)?;
            writeln!(f, "{report}")?;
            self.below(f, depth + 1, &report.id)?;
        }
        Ok(())
    }
}

impl fmt::Display for Owned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |owner: &ActorId| self.0.actor(owner).is_some();
        let rootless = |owner: &Option<ActorId>| !owner.as_ref().is_some_and(known);
        for node in self.0.procs().filter(|node| rootless(&node.owner)) {
            proc_head(f, 0, "proc", node)?;
        }
        for report in self.0.actors().filter(|report| rootless(&report.owner)) {
            writeln!(f, "{report}")?;
            self.below(f, 1, &report.id)?;
        }
        Ok(())
    }
}
