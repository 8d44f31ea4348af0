//! What this binary does when it is not the test runner.

use std::io::{Read, Write};
use std::process::{Command, ExitCode};

use mesh::addr::{ChannelAddr, Location};
use mesh::bootstrap::{
    BootstrapCommand, ChildKind, LaunchOrder, Lifeline, Orders, OsLauncher, ProcLauncher, ProcSetup,
    diverted, mark_init, refuse_uninitialised_child,
};
use mesh::config::CgroupParent;
use mesh::ident::{GatewayId, ProcId, Uid};
use mesh::log::LogSink;
use rustix::process::Signal;

use crate::proc_fs::{TOKEN, leads_a_group};
use crate::programs;

/// Orders whose payload is what the child is to do.
pub(crate) fn orders(behaviour: &str) -> Orders {
    Orders {
        kind: ChildKind::Proc,
        proc: ProcId { uid: Uid(7), label: "workers".into(), rank: Some(3) },
        parent: ChannelAddr::Unix("/nowhere".into()),
        parent_location: Location { gateway: GatewayId { uid: Uid(1), incarnation: 2 }, door: None },
        token: [9; 16],
        incarnation: 4,
        seed: Some(5),
        config: vec![("key".into(), "value".into())],
        mesh_label: "workers".into(),
        owner: None,
        cpus: None,
        cgroup: None,
        mesh: None,
        returns: false,
        guardian: None,
        life: 0,
        payload: behaviour.as_bytes().to_vec(),
    }
}

/// Set for a child that does what the payload of its orders says, and is no proc of a mesh.
const OBEYS_PAYLOAD: &str = "MESH_MARK_TEST_PAYLOAD";

/// Whether this process is such a child, if it is one at all.
pub(crate) fn obeys_payload() -> bool {
    std::env::var_os(OBEYS_PAYLOAD).is_some()
}

/// A launch of this binary as a child that does `behaviour`, with `token` in its environment.
pub(crate) fn order(behaviour: &str, token: &str, logs: LogSink) -> LaunchOrder {
    let mut command = BootstrapCommand::current_exe().unwrap();
    command.env = vec![(TOKEN.into(), token.into()), (OBEYS_PAYLOAD.into(), "1".into())];
    LaunchOrder {
        orders: orders(behaviour),
        command: Some(command),
        setup: ProcSetup::default(),
        cgroup: CgroupParent::None,
        logs,
        label: "workers/3".into(),
        stderr_tail_lines: 20,
    }
}

/// A child: does what its orders say.
pub(crate) fn child(orders: &Orders, lifeline: &Lifeline) -> ExitCode {
    let text = String::from_utf8(orders.payload.clone()).unwrap();
    let (behaviour, rest) = text.split_once(' ').unwrap_or((&text, ""));
    match behaviour {
        "exit" => {
            for number in 0..30 {
                eprintln!("complaint {number}");
            }
            eprint!("unfinished");
            lifeline.disarm();
            return ExitCode::from(rest.parse::<u8>().unwrap());
        }
        "report" => report(orders),
        "length" => println!("payload of {} bytes", orders.payload.len()),
        "lines" => (0..rest.parse::<u32>().unwrap()).for_each(|number| println!("line {number}")),
        "signal" => {
            let signal = Signal::from_named_raw(rest.parse().unwrap()).unwrap();
            rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
            park()
        }
        "sleep" => {
            println!("up");
            park()
        }
        // Writes a file a while after its parent has ended.
        "disarm" => {
            lifeline.disarm();
            let parent = rustix::process::getppid();
            println!("up");
            while rustix::process::getppid() == parent {
                std::thread::yield_now();
            }
            shell("sleep 0.2");
            std::fs::write(rest, "done").unwrap();
        }
        // Starts what `rest` says with the shell, then stays.
        "shell" => {
            shell(rest);
            println!("up");
            park()
        }
        // Starts what `rest` says with the shell, then ends.
        "leave" => shell(rest),
        other => panic!("no such behaviour: {other}"),
    }
    ExitCode::SUCCESS
}

/// Says what it sees of the bootstrap.
fn report(orders: &Orders) {
    println!("orders for {:?} {} incarnation {}", orders.kind, orders.proc, orders.incarnation);
    println!("config {:?} seed {:?} token {:?}", orders.config, orders.seed, orders.token);
    println!("diverted {}", diverted());
    println!("stdin {}", std::io::stdin().read_to_end(&mut Vec::new()).unwrap());
    std::io::stdout().flush().unwrap();
    shell("echo inherited marker ${MESH_MARK_BOOTSTRAP-none}; echo inherited stdin $(wc -c)");
    println!("leads its group {}", leads_a_group(rustix::process::getpid()));
}

fn shell(script: &str) {
    assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

/// A role without orders.
pub(crate) fn play(role: &str, args: &[String]) -> ExitCode {
    match (role, args) {
        // A program that reaches a runtime without `init`, as a child or not.
        ("uninitialised", []) => {
            refuse_uninitialised_child();
            block_on(async {
                let mut order = order("sleep", "none", LogSink::none());
                let with_command = OsLauncher::new().launch(order.clone()).await.map(|_| ()).unwrap_err();
                order.command = None;
                let without = OsLauncher::new().launch(order).await.map(|_| ()).unwrap_err();
                println!("{with_command}\n{without}");
            });
        }
        // The parent that will be killed: starts one child, which prints `up`.
        ("parent", [token, behaviour]) => {
            mark_init();
            block_on(park_with(order(behaviour, token, LogSink::console())));
        }
        // The same, with a shell between it and its child.
        ("parent-wrapped", [token, behaviour]) => {
            mark_init();
            let mut order = order(behaviour, token, LogSink::console());
            let command = order.command.as_mut().unwrap();
            let me = std::mem::replace(&mut command.program, "sh".into());
            command.args = vec!["-c".into(), "\"$0\"; exit $?".into(), me.into()];
            block_on(park_with(order));
        }
        // The same, as the first process of a pid namespace.
        ("parent-unshared", [token, behaviour]) => {
            mark_init();
            let mut order = order(behaviour, token, LogSink::console());
            let command = order.command.as_mut().unwrap();
            let me = std::mem::replace(&mut command.program, "unshare".into());
            command.args = vec!["--pid".into(), "--fork".into(), me.into()];
            block_on(park_with(order));
        }
        _ => return programs::play(role, args),
    }
    ExitCode::SUCCESS
}

async fn park_with(order: LaunchOrder) {
    let launcher = OsLauncher::new();
    let launched = launcher.launch(order).await.unwrap();
    println!("started {}", launched.pid.unwrap());
    println!("{:?}", launched.control.exited().await);
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}
