//! What procs print and note arrives, and a flush is a barrier (`PROC-4`).

use std::io::Write;

use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::{HostMesh, ProcMeshRef, ProcessAllocator};
use rustix::process::Signal;

use crate::proc_fs::Token;
use crate::program::{Program, Scratch};
use crate::world::{World, soon};

crate::tests![
    flush_is_a_barrier,
    flush_reaches_through_hosts,
    line_cut_by_a_signal_arrives_and_a_flush_knows_it,
    folded_lines_wait_no_longer_than_for_a_flush,
    procs_have_files,
    events_of_children_are_lines_without_a_subscriber,
    events_of_children_keep_their_fields,
    events_of_handlers_name_the_span_of_their_caller,
];

/// Prints and notes.
pub(crate) struct Speaker;

#[actor]
impl Speaker {
    #[new]
    pub(crate) fn new() -> Self {
        Speaker
    }

    /// Prints to both outputs; the last line has no end.
    #[handler]
    fn print(&self, cx: &Context<Self>, round: u32) {
        println!("out {} round {round}", cx.rank());
        eprintln!("err {} round {round}", cx.rank());
        print!("half {} round {round}", cx.rank());
    }

    /// Prints half a line, and is killed.
    #[handler]
    fn die(&self) {
        eprint!("last w");
        std::io::stderr().flush().unwrap();
        rustix::process::kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
        loop {
            std::thread::park();
        }
    }

    /// Has another note, in a span of its own.
    #[handler]
    pub(crate) async fn have_noted(&self, cx: &Context<Self>, by: ActorRef<Speaker>) -> Option<String> {
        let noted = tracing::info_span!("asking").in_scope(|| by.note().call(cx));
        noted.await.unwrap();
        cx.trace().map(|trace| trace.to_string())
    }

    /// Notes something, in a span.
    #[handler]
    pub(crate) fn note(&self, cx: &Context<Self>) {
        let span = tracing::info_span!("loading", file = "weights.bin", part = 3);
        let _in_it = span.enter();
        tracing::debug!("not for everyone");
        tracing::warn!(rank = cx.rank(), ratio = 0.5, name = "it", shown = ?Some(1), "short of {}", "memory");
    }
}

fn said(world: &World) -> Vec<String> {
    let mut said: Vec<String> = world.log.lines().iter().map(ToString::to_string).collect();
    said.sort();
    said
}

/// Each round is there as soon as its flush returns.
async fn check_barrier(world: &World, procs: &ProcMeshRef, name: &str) {
    let cx = world.client();
    let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await.unwrap();
    for round in 0..20 {
        soon(speakers.print(round).call(cx)).await.unwrap();
        soon(procs.flush_logs(cx)).await.unwrap();
        let said = said(world);
        for rank in 0..procs.len() {
            for text in ["out", "err", "half"] {
                let line = format!("[{name}/{rank}] {text} {rank} round {round}");
                assert!(said.contains(&line), "no {line} in {said:?}");
            }
        }
        assert_eq!(said.len(), (round as usize + 1) * procs.len() * 3, "{said:?}");
    }
}

async fn flush_is_a_barrier() {
    let world = World::start().await;
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 3)).await.unwrap();
    check_barrier(&world, &procs, "workers").await;
    drop(procs);
    world.end().await;
}

async fn flush_reaches_through_hosts() {
    let world = World::start().await;
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    check_barrier(&world, &procs, "gpus").await;
    world.end().await;
}

async fn line_cut_by_a_signal_arrives_and_a_flush_knows_it() {
    for hosts in [false, true] {
        let world = World::start().await;
        world.handle_failures();
        let cx = world.client();
        let allocated = match hosts {
            true => Some(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1))).await.unwrap()),
            false => None,
        };
        let host = match &allocated {
            Some(hosts) => hosts.control().to_ref(),
            None => this_host(cx).await.unwrap(),
        };
        let procs = soon(host.spawn_procs(cx, extent!(workers = 2))).await.unwrap();
        let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await.unwrap();
        let error = soon(speakers.rank(1).die().call(cx)).await.unwrap_err();
        soon(procs.control().flush_logs(cx)).await.unwrap();
        // The call may have ended before the report came; the flush has not.
        assert!(said(&world).contains(&"[workers/1] last w".to_owned()), "{:?}\n{error}", said(&world));
        world.end().await;
    }
}

async fn folded_lines_wait_no_longer_than_for_a_flush() {
    let hour = std::time::Duration::from_secs(3600);
    let world = World::with(Config::default().with(config::LOG_FOLD, hour)).await;
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 4)).await.unwrap();
    let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await.unwrap();
    soon(speakers.print(7).call(cx)).await.unwrap();
    soon(procs.control().flush_logs(cx)).await.unwrap();
    // A flush may let a few ranks out before the others.
    let seen: usize = said(&world)
        .iter()
        .filter(|line| line.contains("] out "))
        .map(|line| match line.split_once('×') {
            Some((_, rest)) => rest.split(']').next().unwrap().parse().unwrap(),
            None => 1,
        })
        .sum();
    assert_eq!(seen, 4, "{:?}", said(&world));
    world.end().await;
}

async fn procs_have_files() {
    let scratch = Scratch::fresh();
    let dir = scratch.path().join("logs").to_string_lossy().into_owned();
    let world = World::with(Config::default().with(config::LOG_DIR, dir.as_str().into())).await;
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await.unwrap();
    soon(speakers.print(1).call(cx)).await.unwrap();
    soon(procs.control().flush_logs(cx)).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(format!("{dir}/{name}")).unwrap();
    assert_eq!(read("workers-1.stdout.log"), "out 1 round 1\nhalf 1 round 1\n");
    assert_eq!(read("workers-0.stderr.log"), "err 0 round 1\n");
    world.end().await;
}

async fn events_of_children_are_lines_without_a_subscriber() {
    let world = World::with(Config::default().with(config::TRACE_LEVEL, "info".into())).await;
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
    let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await.unwrap();
    soon(speakers.note().call(cx)).await.unwrap();
    soon(procs.control().flush_logs(cx)).await.unwrap();
    let want = "[workers/0]  WARN loading{file=\"weights.bin\" part=3}: process::logs: short of memory rank=0 \
                ratio=0.5 name=\"it\" shown=Some(1)";
    assert_eq!(said(&world), [want]);
    world.end().await;
}

/// In a program whose client has a subscriber: its level is that of the children, and it gets what they note.
async fn events_of_children_keep_their_fields() {
    let ended = soon(Program::start(&["events"], &Token::fresh()).end()).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    let mut lines = ended.stdout.clone();
    lines.sort();
    let want = |rank: u32| {
        format!(
            " WARN process::logs: short of memory rank={rank} ratio=0.5 name=\"it\" shown=Some(1) proc=workers/{rank} \
             spans=loading{{file=\"weights.bin\" part=3}}"
        )
    };
    assert_eq!(lines, [want(0), want(1)], "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
}

/// How an event names the trace and the span it comes from.
fn parent_of(line: &str) -> (String, String) {
    let after = |key: &str| {
        let at = line.find(key).unwrap_or_else(|| panic!("no {key} in {line}")) + key.len();
        line[at..].chars().take_while(char::is_ascii_hexdigit).collect()
    };
    (after("trace_id="), after("parent_id="))
}

/// Off, nothing travels.
async fn events_of_handlers_name_the_span_of_their_caller() {
    let run = async |on: &str| {
        let token = Token::fresh();
        let program = Program::start_with(&["traces"], &token, &[("MESH_TRACE_SPANS", on)]);
        let ended = soon(program.end()).await;
        assert!(ended.status.success(), "{}", ended.stderr);
        ended.stdout
    };
    let said = run("true").await;
    let own = said.iter().find_map(|line| line.strip_prefix("client: 00-")).expect("it says its trace");
    let [trace_id, span_id, _] = own.split('-').collect::<Vec<_>>()[..] else { panic!("{own}") };
    let there = said.iter().find_map(|line| line.strip_prefix("there: 00-")).expect("it says its trace");
    assert!(there.starts_with(trace_id), "the handler is in the trace of its caller: {there}, {own}");
    let (traced, untraced): (Vec<&String>, Vec<&String>) = said
        .iter()
        .filter(|line| line.contains("short of memory"))
        .partition(|line| line.contains("trace_id="));
    assert_eq!(untraced.len(), 1, "what is sent outside of a span has no trace: {said:?}");
    let parents: Vec<(String, String)> = traced.iter().map(|line| parent_of(line)).collect();
    assert_eq!(parents.len(), 2, "{said:?}");
    assert!(parents.iter().all(|(of, _)| *of == trace_id), "{own}: {said:?}");
    let direct = parents.iter().filter(|(_, parent)| *parent == span_id).count();
    assert_eq!(direct, 1, "one comes from the client's span, one from the span between: {said:?}");
    let off = run("false").await;
    assert_eq!(off.iter().filter(|line| line.contains("short of memory")).count(), 3);
    assert!(!off.iter().any(|line| line.contains("trace_id=")), "{off:?}");
    assert!(off.contains(&"client: none".to_owned()), "{off:?}");
}
