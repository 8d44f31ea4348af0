//! Calling the compiler: as cargo does, but without cargo, and with its cost measured.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// Tells this program, called as the compiler, where to write how.
const RECORD: &str = "EXPANSION_RECORD";

/// What one call of the compiler costs, in seconds.
#[derive(Clone, Copy)]
pub struct Cost {
    pub wall: f64,
    /// User and system time.
    pub cpu: f64,
    /// The compiler's own account: macros expanded and names resolved.
    pub expansion: f64,
    pub type_check: f64,
    pub borrow_check: f64,
}

impl Cost {
    /// The lower of each.
    pub fn min(self, other: Cost) -> Cost {
        Cost {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            expansion: self.expansion.min(other.expansion),
            type_check: self.type_check.min(other.type_check),
            borrow_check: self.borrow_check.min(other.borrow_check),
        }
    }
}

/// How cargo calls the compiler for one crate.
pub struct Call {
    folder: PathBuf,
    /// Program first.
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Call {
    /// Calls the compiler twice: once to measure, once for its own account of the passes.
    #[expect(clippy::disallowed_methods, reason = "nothing is simulated here: it is the machine's own time")]
    pub fn run(&self) -> Cost {
        let before = cpu_of_children();
        let started = Instant::now();
        let status = self.command().stderr(Stdio::null()).status().expect("the compiler can be called");
        let wall = started.elapsed().as_secs_f64();
        let cpu = cpu_of_children() - before;
        assert!(status.success(), "the crate compiles, as it did under cargo");

        // An unstable option, on the stable compiler: for the account only.
        let account = self
            .command()
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["-Ztime-passes", "-Ztime-passes-format=json"])
            .output()
            .expect("the compiler can be called");
        let account = [account.stdout, account.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat();
        Cost {
            wall,
            cpu,
            expansion: pass(&account, "macro_expand_crate"),
            type_check: pass(&account, "type_check_crate"),
            borrow_check: pass(&account, "MIR_borrow_checking"),
        }
    }

    /// How many instructions the compiler executes: valgrind counts them, so that nothing else on the machine matters.
    pub fn instructions(&self) -> u64 {
        let count = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
        let mut command = Command::new("valgrind");
        command.args(count).args(&self.arguments);
        let output = self.in_place(command).output().expect("valgrind is installed");
        let account = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{account}");
        // "I refs:", with more spaces in older versions; without the simulated cache there are no others.
        let refs = account.lines().find_map(|line| line.split_once("refs:")).map_or("", |(_, count)| count);
        refs.trim().replace(',', "").parse().expect("cachegrind says how many")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.arguments[0]);
        command.args(&self.arguments[1..]);
        self.in_place(command)
    }

    fn in_place(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    fn read(file: &Path) -> Call {
        let text = std::fs::read_to_string(file).expect("cargo called the compiler through this program");
        let mut call = Call { folder: PathBuf::new(), arguments: Vec::new(), environment: Vec::new() };
        for line in text.lines() {
            match line.split_once('\t') {
                Some(("in", folder)) => call.folder = folder.into(),
                Some(("argument", argument)) => call.arguments.push(argument.to_owned()),
                Some((key, value)) => call.environment.push((key.to_owned(), value.to_owned())),
                None => {}
            }
        }
        call
    }

    fn to_text(&self) -> String {
        let mut text = format!("in\t{}\n", self.folder.display());
        for argument in &self.arguments {
            text.push_str(&format!("argument\t{argument}\n"));
        }
        for (key, value) in &self.environment {
            text.push_str(&format!("{key}\t{value}\n"));
        }
        text
    }
}

/// Has cargo check a package, dependencies first, and gives the last call of the compiler.
pub fn check(workspace: &Path, package: &str) -> Call {
    let record = workspace.join(format!("{package}.call"));
    let program = std::env::current_exe().expect("a program has a file");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["check", "--quiet", "--package", package, "--target-dir"])
        .arg(workspace.join("target"))
        .current_dir(workspace)
        .env("RUSTC_WORKSPACE_WRAPPER", program)
        .env(RECORD, &record)
        // A check from nothing: what an incremental one saves depends on the edit.
        .env("CARGO_INCREMENTAL", "0")
        .status()
        .expect("cargo is installed");
    assert!(status.success(), "{package} compiles");
    Call::read(&record)
}

/// In the compiler's place: writes down how it is called, and calls it.
pub fn record_if_called_by_cargo() -> Option<ExitCode> {
    let record = std::env::var_os(RECORD)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let status =
        Command::new(&arguments[0]).args(&arguments[1..]).status().expect("the compiler can be called");
    // Cargo also asks for the version and the targets; that is no crate of a workspace.
    if std::env::var_os("CARGO_PRIMARY_PACKAGE").is_some() {
        let environment =
            std::env::vars().filter(|(key, value)| key.starts_with("CARGO") && !value.contains('\n'));
        let folder = std::env::current_dir().expect("a process has a folder");
        let call = Call { folder, arguments, environment: environment.collect() };
        std::fs::write(record, call.to_text()).expect("a file can be written");
    }
    Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Seconds of the processor that all ended children took.
fn cpu_of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask for its own usage");
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
}

/// Seconds of one pass in the compiler's account: `… {"pass":"NAME","time":0.1,…`.
fn pass(account: &str, name: &str) -> f64 {
    let seconds = |line: &str| {
        let rest = line.split_once(&format!("\"pass\":\"{name}\""))?.1.split_once("\"time\":")?.1;
        rest.split([',', '}']).next()?.trim().parse::<f64>().ok()
    };
    account.lines().find_map(seconds).unwrap_or(f64::NAN)
}
