//! `bootstrap`: orders, output, ends, and that nothing is left behind (`PROC-1`, `PROC-2`, `PROC-4`).

use std::time::Duration;

use mesh::bootstrap::{
    BootstrapCommand, DRAIN_AFTER_EXIT_MS, Exit, LaunchError, LaunchOrder, Launched, ORDERS_LEN_MAX,
    OsLauncher, ProcLauncher, UNINITIALISED_EXIT_CODE,
};
use mesh::log::{LogSink, MemoryLog, StreamKind};
use mesh::supervision::ExitStatus;
use rustix::process::{Pid, Signal};
use tokio::process::Command;

use crate::proc_fs::{Token, describe, eventually, gone, leads_a_session, state, with_token};
use crate::program::Program;
use crate::roles::order;
use crate::world::stop;

crate::tests![
    orders_arrive,
    large_orders_arrive,
    all_output_is_read_before_the_exit_is_reported,
    exit_code_is_reported_once_with_the_stderr_tail,
    signal_is_reported,
    terminate_and_kill_are_reported,
    kill_ends_a_stopped_child,
    missing_program_and_directory_are_named,
    program_without_init_is_not_run_again,
    child_without_init_refuses,
    wrapper_passes_orders_on,
    end_of_the_child_ends_its_group,
    pipe_held_outside_the_group_delays_the_exit_by_the_bound,
    dropped_launcher_kills,
    last_handle_kills,
    dropped_runtime_kills,
    dropped_launch_kills,
    killed_parent_leaves_nothing,
    killed_parent_leaves_nothing_behind_a_wrapper,
    killed_parent_leaves_nothing_in_a_pid_namespace,
    killed_parent_of_a_stopped_child_leaves_nothing,
    disarmed_child_ends_by_itself,
    grandchild_that_left_the_group_may_stay,
    hundred_launches_leave_no_descriptor,
];

async fn launch(order: LaunchOrder) -> (OsLauncher, Launched) {
    let launcher = OsLauncher::new();
    let launched = launcher.launch(order).await.unwrap();
    (launcher, launched)
}

/// Runs a child to its end.
async fn run(behaviour: &str) -> (Exit, MemoryLog) {
    let (logs, log) = LogSink::memory();
    let (_launcher, launched) = launch(order(behaviour, "none", logs)).await;
    (launched.control.exited().await, log)
}

fn texts(log: &MemoryLog, stream: StreamKind) -> Vec<String> {
    log.lines().into_iter().filter(|line| line.stream == stream).map(|line| line.text).collect()
}

fn code(code: i32) -> ExitStatus {
    ExitStatus::Code(code)
}

fn signal(signal: Signal) -> ExitStatus {
    ExitStatus::Signal { signal: signal.as_raw(), core_dumped: false }
}

/// Starts a child that stays, and waits until it is up.
async fn launch_and_wait(behaviour: &str, token: &str) -> (OsLauncher, Launched) {
    let (logs, log) = LogSink::memory();
    let (launcher, launched) = launch(order(behaviour, token, logs)).await;
    assert!(eventually(|| log.lines().iter().any(|line| line.text == "up")).await, "{:?}", log.lines());
    (launcher, launched)
}

async fn orders_arrive() {
    let (exit, log) = run("report").await;
    assert_eq!(exit.status, code(0), "{exit:?}");
    let want = [
        "orders for Proc workers/3 incarnation 4",
        "config [(\"key\", \"value\")] seed Some(5) token [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]",
        "diverted false",
        "stdin 0",
        "inherited marker none",
        "inherited stdin 0",
        "leads its group true",
    ];
    assert_eq!(texts(&log, StreamKind::Stdout), want);
    assert_eq!(log.lines()[0].to_string(), format!("[workers/3] {}", want[0]));
}

/// More than a pipe holds.
async fn large_orders_arrive() {
    let behaviour = format!("length {}", "x".repeat(ORDERS_LEN_MAX - 1024));
    let (exit, log) = run(&behaviour).await;
    assert_eq!(exit.status, code(0), "{exit:?}");
    assert_eq!(texts(&log, StreamKind::Stdout), [format!("payload of {} bytes", behaviour.len())]);
    let order = order(&"x".repeat(ORDERS_LEN_MAX), "none", LogSink::none());
    let refused = OsLauncher::new().launch(order).await.expect_err("beyond the bound");
    assert!(matches!(refused, LaunchError::Orders(_)), "{refused:?}");
}

async fn all_output_is_read_before_the_exit_is_reported() {
    const LINES: usize = 20_000;
    let (exit, log) = run(&format!("lines {LINES}")).await;
    assert_eq!(exit.status, code(0), "{exit:?}");
    let lines = texts(&log, StreamKind::Stdout);
    assert_eq!(lines.len(), LINES);
    assert!(lines.iter().enumerate().all(|(number, line)| *line == format!("line {number}")));
}

async fn exit_code_is_reported_once_with_the_stderr_tail() {
    let (logs, log) = LogSink::memory();
    let (_launcher, launched) = launch(order("exit 7", "none", logs)).await;
    let other = launched.control.clone();
    let (one, two) = tokio::join!(launched.control.exited(), other.exited());
    assert_eq!(one, two);
    assert_eq!(launched.control.try_exited(), Some(one.clone()));
    assert_eq!(one.status, code(7));
    let mut lines: Vec<String> = (0..30).map(|number| format!("complaint {number}")).collect();
    lines.push("unfinished".into());
    assert_eq!(texts(&log, StreamKind::Stderr), lines);
    assert_eq!(one.stderr_tail, lines[lines.len() - 20..]);
    let pid = Pid::from_raw(launched.pid.unwrap().try_into().unwrap()).unwrap();
    assert_eq!(state(pid), None, "it is reaped");
    launched.control.terminate();
    launched.control.kill();
}

async fn signal_is_reported() {
    for number in [Signal::USR1, Signal::KILL] {
        let (exit, _) = run(&format!("signal {}", number.as_raw())).await;
        assert_eq!(exit.status, signal(number));
    }
}

async fn terminate_and_kill_are_reported() {
    let (_launcher, launched) = launch_and_wait("sleep", "none").await;
    assert_eq!(launched.control.try_exited(), None);
    launched.control.terminate();
    assert_eq!(launched.control.exited().await.status, signal(Signal::TERM));
    let (_launcher, launched) = launch_and_wait("sleep", "none").await;
    launched.control.kill();
    assert_eq!(launched.control.exited().await.status, signal(Signal::KILL));
}

async fn kill_ends_a_stopped_child() {
    let (_launcher, launched) = launch_and_wait("sleep", "none").await;
    stop(launched.pid.unwrap()).await;
    launched.control.kill();
    assert_eq!(launched.control.exited().await.status, signal(Signal::KILL));
}

async fn missing_program_and_directory_are_named() {
    let launcher = OsLauncher::with_command(BootstrapCommand::new("/nowhere/at/all"));
    let mut order = order("sleep", "none", LogSink::none());
    order.command = None;
    let error = launcher.launch(order.clone()).await.expect_err("there is none");
    assert!(
        matches!(&error, LaunchError::ProgramNotFound { program } if program.ends_with("at/all")),
        "{error:?}"
    );
    let mut command = BootstrapCommand::current_exe().unwrap();
    command.cwd = Some("/nowhere/to/be".into());
    order.command = Some(command);
    let error = launcher.launch(order.clone()).await.expect_err("there is none");
    assert!(matches!(&error, LaunchError::DirectoryNotFound { .. }), "{error:?}");
    order.command = Some(BootstrapCommand::new("/"));
    let error = launcher.launch(order).await.expect_err("a directory is no program");
    assert!(matches!(&error, LaunchError::Spawn { .. }), "{error:?}");
}

/// `BOOT-4`: the tests themselves have run `init`, so a second program is asked.
async fn program_without_init_is_not_run_again() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["role", "uninitialised"])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("#[mesh::main]")).count(), 2, "{text}");
}

async fn child_without_init_refuses() {
    let mut order = order("sleep", "none", LogSink::none());
    order.command.as_mut().unwrap().args = vec!["role".into(), "uninitialised".into()];
    let (_launcher, launched) = launch(order).await;
    let exit = launched.control.exited().await;
    assert_eq!(exit.status, code(UNINITIALISED_EXIT_CODE));
    assert!(exit.stderr_tail.concat().contains("mesh::init()"), "{exit:?}");
}

async fn wrapper_passes_orders_on() {
    let (logs, log) = LogSink::memory();
    let mut order = order("report", "none", logs);
    let command = order.command.as_mut().unwrap();
    let me = std::mem::replace(&mut command.program, "sh".into());
    command.args = vec!["-c".into(), "echo wrapped; \"$0\"; exit 9".into(), me.into()];
    let (_launcher, launched) = launch(order).await;
    assert_eq!(launched.control.exited().await.status, code(9));
    let lines = texts(&log, StreamKind::Stdout);
    assert_eq!((lines[0].as_str(), lines.len()), ("wrapped", 8), "{lines:?}");
    assert_eq!(lines[7], "leads its group false");
}

async fn end_of_the_child_ends_its_group() {
    let token = Token::fresh();
    let (_launcher, launched) = launch(order("leave (sleep 600 &)", &token, LogSink::none())).await;
    let exit = launched.control.exited().await;
    assert_eq!(exit.status, code(0), "{exit:?}");
    gone(&token).await;

    let (_launcher, launched) = launch_and_wait("shell (sleep 600 &)", &token).await;
    // The shell has said something, and may not have started the other yet.
    assert!(eventually(|| with_token(&token).len() == 2).await, "{:?}", describe(&with_token(&token)));
    let pid = Pid::from_raw(launched.pid.unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    assert_eq!(launched.control.exited().await.status, signal(Signal::KILL));
    gone(&token).await;
}

async fn pipe_held_outside_the_group_delays_the_exit_by_the_bound() {
    let token = Token::fresh();
    // The shell goes once the other has left the group, which then holds stderr only.
    let script = "leave (setsid sh -c 'echo away; exec sleep 600 1>&2' &) | read away";
    let (_launcher, launched) = launch(order(script, &token, LogSink::none())).await;
    let bound = Duration::from_millis(10 * DRAIN_AFTER_EXIT_MS);
    let exit =
        tokio::time::timeout(bound, launched.control.exited()).await.expect("it does not wait for the pipe");
    assert_eq!(exit.status, code(0), "{exit:?}");
    assert_eq!(with_token(&token).len(), 1, "{:?}", describe(&with_token(&token)));
}

async fn dropped_launcher_kills() {
    let token = Token::fresh();
    let (launcher, first) = launch_and_wait("shell (sleep 600 &)", &token).await;
    let second = launcher.launch(order("sleep", &token, LogSink::none())).await.unwrap();
    drop(launcher);
    for launched in [first, second] {
        assert_eq!(launched.control.exited().await.status, signal(Signal::KILL));
    }
    gone(&token).await;
}

async fn last_handle_kills() {
    let token = Token::fresh();
    let (_launcher, launched) = launch_and_wait("shell (sleep 600 &)", &token).await;
    drop(launched);
    gone(&token).await;
}

async fn dropped_runtime_kills() {
    let token = Token::fresh();
    let (_launcher, launched) = std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(launch_and_wait("shell (sleep 600 &)", &token))
        };
        scope.spawn(run).join().unwrap()
    });
    assert_eq!(launched.control.exited().await, Exit::unknown());
    gone(&token).await;
    let pid = Pid::from_raw(launched.pid.unwrap().try_into().unwrap()).unwrap();
    assert!(eventually(|| state(pid).is_none()).await, "it is not reaped");
}

async fn dropped_launch_kills() {
    let token = Token::fresh();
    let launcher = OsLauncher::new();
    // A program that does not look at its lifeline.
    let mut order_sleep = order("", &token, LogSink::none());
    let command = order_sleep.command.as_mut().unwrap();
    (command.program, command.args) = ("sleep".into(), vec!["600".into()]);
    for _ in 0..10 {
        tokio::select! {
            biased;
            _ = launcher.launch(order_sleep.clone()) => {}
            () = tokio::task::yield_now() => {}
        }
    }
    // One after the other through one thread: when this one is up, the others were started and given up.
    let (logs, log) = LogSink::memory();
    let last = launcher.launch(order("sleep", "none", logs)).await.unwrap();
    assert!(eventually(|| log.lines().iter().any(|line| line.text == "up")).await);
    gone(&token).await;
    drop(last);
}

/// A parent in a process of its own, killed by SIGKILL as the test wants.
struct Parent {
    program: Program,
    child: u32,
}

impl Parent {
    async fn start(role: &str, behaviour: &str, token: &str) -> Parent {
        let mut program = Program::start(&[role, token, behaviour], "none");
        let child = program.line("started ").await.parse().unwrap();
        program.line("[workers/3] up").await;
        Parent { program, child }
    }

    async fn kill(mut self) {
        self.program.kill().await;
    }
}

/// The family of the child: a grandchild, and one that was forked twice and ignores SIGHUP.
const FAMILY: &str = "shell sleep 600 & (nohup sleep 600 >/dev/null 2>&1 &) ; (sh -c 'sleep 600; true' &)";
/// The child, the two sleeps, and the shell with its sleep.
const FAMILY_LEN: usize = 5;

async fn family_is_up(token: &str, len: usize) {
    assert!(eventually(|| with_token(token).len() == len).await, "{:?}", describe(&with_token(token)));
}

async fn killed_parent_leaves_nothing() {
    let token = Token::fresh();
    let parent = Parent::start("parent", FAMILY, &token).await;
    family_is_up(&token, FAMILY_LEN).await;
    parent.kill().await;
    gone(&token).await;
}

/// The child does not lead the group then, but it is in the one that was made for it.
async fn killed_parent_leaves_nothing_behind_a_wrapper() {
    let token = Token::fresh();
    let parent = Parent::start("parent-wrapped", FAMILY, &token).await;
    family_is_up(&token, FAMILY_LEN + 1).await;
    parent.kill().await;
    gone(&token).await;
}

/// The child is the first process there: the numbers of groups mean nothing, and it cannot kill itself.
async fn killed_parent_leaves_nothing_in_a_pid_namespace() {
    let allowed = Command::new("unshare").args(["--pid", "--fork", "true"]).output().await;
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("PROC-1 in a pid namespace: not proved, this kernel or user has none");
        return;
    }
    let token = Token::fresh();
    let parent = Parent::start("parent-unshared", FAMILY, &token).await;
    family_is_up(&token, FAMILY_LEN + 1).await;
    parent.kill().await;
    gone(&token).await;
}

async fn killed_parent_of_a_stopped_child_leaves_nothing() {
    let token = Token::fresh();
    let parent = Parent::start("parent", FAMILY, &token).await;
    family_is_up(&token, FAMILY_LEN).await;
    stop(parent.child).await;
    parent.kill().await;
    gone(&token).await;
}

/// Its parent is killed while it is about to end: it has time to.
async fn disarmed_child_ends_by_itself() {
    let token = Token::fresh();
    let file = std::env::temp_dir().join(format!("mesh-test-{}", &*token));
    let parent = Parent::start("parent", &format!("disarm {}", file.display()), &token).await;
    parent.kill().await;
    gone(&token).await;
    std::fs::remove_file(&file).expect("the child wrote it after the end of its parent");
}

/// The weaker guarantee: without cgroups, one that left the group is out of reach; all others are gone.
async fn grandchild_that_left_the_group_may_stay() {
    let token = Token::fresh();
    let parent = Parent::start("parent", "shell setsid sleep 600 & sleep 600 &", &token).await;
    family_is_up(&token, 3).await;
    assert!(eventually(|| with_token(&token).iter().any(leads_a_session)).await);
    parent.kill().await;
    let others_gone = || with_token(&token).iter().all(leads_a_session);
    assert!(eventually(others_gone).await, "{:?}", describe(&with_token(&token)));
    let stayed = !with_token(&token).is_empty();
    println!(
        "PROC-1 here, for a grandchild that left its group: {}",
        if stayed { "it stays" } else { "it ends" }
    );
}

async fn hundred_launches_leave_no_descriptor() {
    const AT_ONCE: usize = 10;
    let launcher = OsLauncher::new();
    let round = async || {
        let mut running = Vec::new();
        for _ in 0..AT_ONCE {
            running.push(launcher.launch(order("exit 0", "none", LogSink::none())).await.unwrap());
        }
        for launched in running {
            assert_eq!(launched.control.exited().await.status, code(0));
        }
    };
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    round().await;
    // The last pipe is closed just after the exit is reported.
    let mut before = open();
    eventually(|| {
        let last = std::mem::replace(&mut before, open());
        last == before
    })
    .await;
    for _ in 0..10 {
        round().await;
    }
    assert!(eventually(|| open() <= before).await, "{before} before, {} now", open());
}
