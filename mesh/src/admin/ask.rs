//! Asks the agents.

use std::pin::Pin;
use std::time::Duration;

use super::{HostNode, ProcNode, Tree};
use crate::actor::{ActorRef, Caller};
use crate::addr::ActorAddr;
use crate::agent::{HOST_AGENT, HostAgent, HostedProc, PROC_AGENT, ProcAgent};
use crate::inspect::ProcReport;
use crate::meshes::{HostMeshRef, this_host};
use crate::value::Status;

/// How long an agent may take to answer; then it is reported as one that does not.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(3);

/// What runs on the caller's host, and on the hosts it has started.
///
/// # Cancel safety
/// Cancel safe.
pub async fn tree(cx: &impl Caller) -> Tree {
    match this_host(cx).await {
        Ok(host) => tree_of(cx, &host).await,
        Err(_) => Tree { hosts: Vec::new() },
    }
}

/// What runs on these hosts: all are asked at once.
///
/// # Cancel safety
/// Cancel safe.
pub async fn tree_of(cx: &impl Caller, hosts: &HostMeshRef) -> Tree {
    let asked: Vec<_> = hosts.agent_addrs().into_iter().map(|agent| Asked::new(cx, agent)).collect();
    let mut nodes = Vec::new();
    for host in asked {
        let addressed = host.agent.id.proc.clone();
        let (report, procs) = host.answer(cx).await;
        // It knows its name better than its address does.
        let proc = report.as_ref().map_or(addressed, |report| report.proc.clone());
        let pid = report.as_ref().ok().map(|report| report.pid);
        let status = if report.is_ok() { Status::Running } else { Status::Unknown };
        let own = ProcNode { proc, pid, status, owner: None, report, host: None };
        nodes.push(HostNode { own, procs });
    }
    Tree { hosts: nodes }
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// Sends the question at once; the answer may be awaited later.
fn ask_proc(cx: &impl Caller, agent: &ActorAddr) -> Answer<ProcReport> {
    let addr = agent.proc().actor(PROC_AGENT, "proc_agent".into());
    let asked = ActorRef::<ProcAgent>::at(addr).inspect().timeout(ASK_TIMEOUT).call(cx);
    Box::pin(async { asked.await.map_err(|error| error.to_string()) })
}

/// A host that was asked.
struct Asked {
    agent: ActorAddr,
    own: Answer<ProcReport>,
    procs: Answer<Vec<HostedProc>>,
}

impl Asked {
    fn new(cx: &impl Caller, agent: ActorAddr) -> Asked {
        let procs = ActorRef::<HostAgent>::at(agent.clone()).inspect().timeout(ASK_TIMEOUT).call(cx);
        let procs = Box::pin(async { procs.await.map_err(|error| error.to_string()) });
        Asked { own: ask_proc(cx, &agent), agent, procs }
    }

    /// What its own proc says, and its procs with what they say.
    async fn answer(self, cx: &impl Caller) -> (Result<ProcReport, String>, Result<Vec<ProcNode>, String>) {
        let own = self.own.await;
        let hosted = match self.procs.await {
            Ok(hosted) => hosted,
            Err(reason) => return (own, Err(reason)),
        };
        enum Child {
            Ended,
            Proc(Answer<ProcReport>),
            Host(Asked),
        }
        // All at once, then each in turn.
        let asked: Vec<_> = hosted
            .into_iter()
            .map(|hosted| {
                let child = match (&hosted.status, hosted.is_host) {
                    (status, _) if status.is_terminal() => Child::Ended,
                    (_, false) => {
                        Child::Proc(ask_proc(cx, &hosted.addr.actor(PROC_AGENT, "proc_agent".into())))
                    }
                    (_, true) => {
                        Child::Host(Asked::new(cx, hosted.addr.actor(HOST_AGENT, "host_agent".into())))
                    }
                };
                (hosted, child)
            })
            .collect();
        let mut nodes = Vec::new();
        for (HostedProc { addr, pid, status, owner, .. }, child) in asked {
            let node = |report: Result<ProcReport, String>, host| ProcNode {
                proc: addr.id.clone(),
                pid,
                status: status.clone(),
                owner: Some(owner.clone()),
                report,
                host,
            };
            nodes.push(match child {
                Child::Ended => node(Err(status.to_string()), None),
                Child::Proc(answer) => node(answer.await, None),
                Child::Host(asked) => {
                    let (report, procs) = Box::pin(asked.answer(cx)).await;
                    let own = node(report.clone(), None);
                    node(report, Some(Box::new(HostNode { own, procs })))
                }
            });
        }
        nodes.sort_by_cached_key(|node| (node.proc.label.to_string(), node.proc.rank));
        (own, Ok(nodes))
    }
}
