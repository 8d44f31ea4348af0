//! What starting and stopping many procs costs, and that it leaves nothing. The figures come from `MESH_LONG=1`.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use mesh::prelude::*;
use tokio::time::Instant;

use crate::harness::is_long;
use crate::proc_fs::{Token, gone, with_token};
use crate::program::Program;
use crate::world::World;

crate::tests![many_procs_start_and_stop, cycles_leave_nothing];

/// The time from the spawn of bare processes of this program to the first byte of the last.
fn bare(count: usize) -> Duration {
    let start = Instant::now();
    let spawn = |_| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["role", "byte"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut children: Vec<_> = (0..count).map(spawn).collect();
    for child in &mut children {
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    }
    let took = start.elapsed();
    for mut child in children {
        drop(child.stdin.take());
        child.wait().unwrap();
    }
    took
}

async fn many_procs_start_and_stop() {
    let (count, rounds) = if is_long() { (64, 5) } else { (16, 1) };
    for _ in 0..rounds {
        let world = World::start().await;
        let cx = world.client();
        let host = this_host(cx).await.unwrap();
        let bare = bare(count);
        let start = Instant::now();
        let procs = host.spawn_procs(cx, extent!(workers = count)).await.unwrap();
        let ready = start.elapsed();
        assert_eq!(with_token(&world.token).len(), count);
        let start = Instant::now();
        procs.control().stop(cx).await.unwrap();
        let stopped = start.elapsed();
        assert_eq!(with_token(&world.token), []);
        println!(
            "{count} procs: bare spawn {bare:?}, ready {ready:?} ({:.2} times that), stopped {stopped:?}",
            ready.as_secs_f64() / bare.as_secs_f64()
        );
        world.end().await;
    }
}

/// How much the memory of the program may grow in all, in KiB: what an allocator keeps back, and tables that are filled
/// to their bound once.
const GROWTH_MAX_KIB: u64 = 16 << 10;

/// How much of that in the second half, in KiB, when those tables are full.
const LATE_GROWTH_MAX_KIB: u64 = 2 << 10;

/// Descriptors, threads, children and sockets are what they were, and memory nearly: it grows no further.
async fn cycles_leave_nothing() {
    let (cycles, guard) = if is_long() { ("10000", 7200) } else { ("100", 55) };
    let token = Token::fresh();
    let mut program = Program::start(&["cycles", cycles], &token);
    let run = async { (program.line("memory ").await, program.end().await) };
    let (memory, ended) = tokio::time::timeout(Duration::from_secs(guard), run).await.unwrap();
    assert!(ended.status.success(), "{:?} {}", ended.stdout, ended.stderr);
    let [before, after] = &ended.stdout[..] else { panic!("{:?}", ended.stdout) };
    assert_eq!(before, after);
    println!("{cycles} cycles of two procs: {after}; resident after each tenth of them, in KiB: {memory}");
    let memory: Vec<u64> = memory.split(' ').map(|kib| kib.parse().unwrap()).collect();
    let (first, half, last) = (memory[0], memory[memory.len() / 2], memory[memory.len() - 1]);
    assert!(last < first + GROWTH_MAX_KIB, "in all: {memory:?}");
    assert!(last < half + LATE_GROWTH_MAX_KIB, "in the second half: {memory:?}");
    gone(&token).await;
}
