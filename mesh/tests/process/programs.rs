//! Programs written with mesh, as roles of this binary.

use std::process::ExitCode;

use mesh::prelude::*;
use mesh::{HostMesh, ProcessAllocator, Root, RootOptions};

use crate::actors::{Farewell, Victim};

/// The arguments of the role, after its name.
fn args() -> Vec<String> {
    std::env::args().skip(3).collect()
}

/// Plays a role by its name.
pub(crate) fn play(role: &str, args: &[String]) -> ExitCode {
    match role {
        "family" => family::main(),
        "family-of-hosts" => family_of_hosts::main(),
        "unhandled-panic" => unhandled_panic::main(),
        "unhandled-exit" => unhandled_exit::main(),
        "host" => host::main(),
        "attached" => attached::main(),
        "farewell" => farewell::main(),
        "stubborn" => stubborn::main(),
        "last-lines" => last_lines::main(),
        "events" => events::main(),
        "traces" => traces::main(),
        "cycles" => cycles::main(),
        "pulse" => crate::silence::pulse::main(),
        "phase" => phase::main(),
        "byte" => byte(),
        "root-without-init" => root_without_init(),
        _ => panic!("no such role: {role} {args:?}"),
    }
}

async fn victims(cx: &Client, workers: usize) -> mesh::Result<(ProcMesh, ActorMesh<Victim>)> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = workers)).await?;
    let victims = procs.spawn(cx, "victims", Victim::spec()).await?;
    Ok((procs, victims))
}

/// Runs a script in four procs, and stays.
mod family {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let (_procs, victims) = victims(cx, 4).await?;
        victims.shell(args().remove(0)).call(cx).await?;
        println!("up");
        std::future::pending().await
    }
}

/// The same in two hosts with two procs each.
mod family_of_hosts {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await?;
        let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await?;
        let victims = procs.spawn(cx, "victims", Victim::spec()).await?;
        victims.shell(args().remove(0)).call(cx).await?;
        println!("up");
        std::future::pending().await
    }
}

mod unhandled_panic {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let (_procs, victims) = victims(cx, 2).await?;
        victims.rank(0).panic("nobody expects it".to_owned()).send(cx)?;
        std::future::pending().await
    }
}

mod unhandled_exit {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let (_procs, victims) = victims(cx, 2).await?;
        victims.rank(0).exit(3, vec!["last words".to_owned()]).send(cx)?;
        std::future::pending().await
    }
}

/// A host behind a door.
mod host {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let _listening = cx.serve(&args().remove(0).parse()?).await?;
        println!("serving");
        std::future::pending().await
    }
}

/// Says so when its main is dropped.
struct SaysDropped;

impl Drop for SaysDropped {
    fn drop(&mut self) {
        println!("main is dropped");
    }
}

/// A client that has procs on a host it is attached to, and says which.
mod attached {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let hosts = HostMesh::attach(cx, &[args().remove(0).parse()?]).await?;
        let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await?;
        let victims = procs.spawn(cx, "victims", Victim::spec()).await?;
        let pids: Vec<String> =
            victims.pid().call(cx).await?.into_iter().map(|pid| pid.to_string()).collect();
        println!("up {}", pids.join(" "));
        std::future::pending().await
    }
}

/// Its procs say goodbye when they are stopped in order.
mod farewell {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
        let _farewells = procs.spawn(cx, "farewells", Farewell::spec()).await?;
        let _says = SaysDropped;
        println!("up");
        std::future::pending().await
    }
}

/// Its procs neither drain nor end at SIGTERM.
mod stubborn {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let (_procs, victims) = victims(cx, 2).await?;
        let (port, mut running) = cx.open_port::<usize>()?;
        victims.block(true, port).cast(cx)?;
        running.receive().await?;
        running.receive().await?;
        let _says = SaysDropped;
        println!("up");
        std::future::pending().await
    }
}

/// Its procs print right before its end.
mod last_lines {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let (_procs, victims) = victims(cx, 4).await?;
        for n in 0..100 {
            victims.say(format!("line {n}")).cast(cx)?;
        }
        Ok(())
    }
}

/// Shows what its procs note, through a subscriber of its own.
mod events {
    use super::*;
    use crate::logs::Speaker;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).without_time().with_ansi(false).init();
        let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
        let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await?;
        speakers.note().call(cx).await?;
        procs.control().flush_logs(cx).await?;
        Ok(())
    }
}

/// Asks for notes outside of a span, in one, and through another actor.
mod traces {
    use super::*;
    use crate::logs::Speaker;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).without_time().with_ansi(false).init();
        let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
        let speakers = procs.spawn(cx, "speakers", Speaker::spec()).await?;
        let said = |trace: Option<String>| trace.unwrap_or_else(|| "none".to_owned());
        speakers.rank(1).note().call(cx).await?;
        let (direct, through) = tracing::info_span!("asking").in_scope(|| {
            println!("client: {}", said(cx.trace().map(|trace| trace.to_string())));
            let through = speakers.rank(1).have_noted(speakers.rank(0)).call(cx);
            (speakers.rank(0).note().call(cx), through)
        });
        direct.await?;
        println!("there: {}", said(through.await?));
        procs.control().flush_logs(cx).await?;
        Ok(())
    }
}

/// Spawns and stops procs again and again, and says what it holds after the first few times and at the end.
mod cycles {
    use std::time::Duration;

    use super::*;

    /// A thread or a pipe of the last cycle may take a moment to go.
    const SETTLE: Duration = Duration::from_secs(10);

    /// How often it looks at its memory on the way.
    const SAMPLES: u32 = 10;

    fn count(dir: &str) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    /// How much memory this process has, in KiB.
    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn held() -> String {
        let pid = std::process::id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok();
        let sockets: usize = std::fs::read_dir(std::env::temp_dir())
            .unwrap()
            .map(|dir| count(&dir.unwrap().path().to_string_lossy()))
            .sum();
        format!(
            "descriptors {} threads {} children {} sockets {sockets}",
            count("/proc/self/fd"),
            count("/proc/self/task"),
            children.map_or(0, |children| children.split_whitespace().count()),
        )
    }

    async fn cycle(cx: &Client) -> mesh::Result<()> {
        let (procs, victims) = victims(cx, 2).await?;
        victims.pid().call(cx).await?;
        procs.control().stop(cx).await?;
        Ok(())
    }

    #[mesh::main(worker_threads = 2)]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        for _ in 0..3 {
            cycle(cx).await?;
        }
        let settled = tokio::time::timeout(SETTLE, async {
            let mut last = String::new();
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let now = std::mem::replace(&mut last, held());
                if now == last {
                    return last;
                }
            }
        });
        let before = settled.await?;
        let cycles = args().remove(0).parse::<u32>()?;
        let mut memory = vec![resident_kib()];
        for n in 1..=cycles {
            cycle(cx).await?;
            if n.is_multiple_of(cycles / SAMPLES) {
                memory.push(resident_kib());
            }
        }
        let _ = tokio::time::timeout(SETTLE, async {
            while held() != before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let memory: Vec<String> = memory.iter().map(u64::to_string).collect();
        println!("memory {}\n{before}\n{}", memory.join(" "), held());
        Ok(())
    }
}

/// Says one byte, and ends with its stdin.
fn byte() -> ExitCode {
    use std::io::{Read, Write};
    print!("!");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
    ExitCode::SUCCESS
}

/// Says in which phase its procs are, and stays in it.
mod phase {
    use super::*;

    fn has_children() -> bool {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let children = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
        tasks.flatten().any(|task| children(task).is_ok_and(|children| !children.is_empty()))
    }

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let phase = args().remove(0);
        if phase == "starting" {
            let host = this_host(cx).await?;
            let spawn = host.spawn_procs(cx, extent!(workers = 4));
            let say = async {
                while !has_children() {
                    tokio::task::yield_now().await;
                }
                println!("{phase}");
                std::future::pending::<()>().await;
            };
            let (_procs, ()) = tokio::join!(spawn, say);
        }
        let (procs, victims) = victims(cx, 4).await?;
        let (port, mut running) = cx.open_port::<usize>()?;
        match phase.as_str() {
            "idle" => {}
            "call" => {
                let _call = victims.rank(0).hang(port).call(cx);
                running.receive().await?;
                println!("{phase}");
                std::future::pending::<()>().await;
            }
            "cast" | "stopping" => {
                victims.hang(port).cast(cx)?;
                for _ in 0..4 {
                    running.receive().await?;
                }
            }
            other => panic!("no such phase: {other}"),
        }
        println!("{phase}");
        if phase == "stopping" {
            procs.control().stop(cx).await?;
        }
        std::future::pending().await
    }
}

/// A program that forgot `init`: as a child it ends at once, as a program it can spawn nothing that runs itself.
fn root_without_init() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let root = Root::start(RootOptions::default()).await.unwrap();
        let cx = root.client();
        match this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await {
            Ok(procs) => println!("it has {}", procs.extent()),
            Err(error) => println!("{error}"),
        }
        root.shutdown().await;
    });
    ExitCode::SUCCESS
}
