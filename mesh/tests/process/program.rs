//! A program of its own: this binary in a role, watched and killed from outside.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::proc_fs::TOKEN;

/// A role that runs. Dropped, it is killed.
pub(crate) struct Program {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stderr: ChildStderr,
    scratch: Scratch,
}

/// What a program came to.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

/// A directory of its own for temporary files, so that what is left behind is seen.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn fresh() -> Scratch {
        let path = std::env::temp_dir().join(format!("mt-{:x}", getrandom::u32().unwrap()));
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What is in it.
    pub(crate) fn entries(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Program {
    /// Starts this binary in a role, with `token` in its environment, as the leader of a process group.
    pub(crate) fn start(role_and_args: &[&str], token: &str) -> Program {
        Program::start_with(role_and_args, token, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(role_and_args: &[&str], token: &str, env: &[(&str, &str)]) -> Program {
        let command = Command::new(std::env::current_exe().unwrap());
        Program::run(command, role_and_args, token, env)
    }

    /// The same, where SIGINT was ignored before it started.
    pub(crate) fn start_ignoring_interrupts(role_and_args: &[&str], token: &str) -> Program {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
        Program::run(command, role_and_args, token, &[])
    }

    fn run(mut command: Command, role_and_args: &[&str], token: &str, env: &[(&str, &str)]) -> Program {
        let scratch = Scratch::fresh();
        let mut process = command
            .arg("role")
            .args(role_and_args)
            .envs(env.iter().copied())
            .process_group(0)
            .env(TOKEN, token)
            .env("TMPDIR", scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let stderr = process.stderr.take().unwrap();
        Program { process, lines, stderr, scratch }
    }

    /// Waits for a line of its stdout that starts with `prefix`; what follows in it.
    pub(crate) async fn line(&mut self, prefix: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
            seen.push(line);
        }
        let mut stderr = String::new();
        let _ = self.stderr.read_to_string(&mut stderr).await;
        panic!("the program ended without `{prefix}`: {seen:?}\n{stderr}")
    }

    /// The files it and its children have made and not removed.
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// Kills it by SIGKILL, and reaps it.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Waits for its end, and reads what it still says.
    pub(crate) async fn end(mut self) -> Ended {
        let mut stderr = Vec::new();
        let read = async {
            let mut stdout = Vec::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                stdout.push(line);
            }
            stdout
        };
        let (stdout, _) = tokio::join!(read, self.stderr.read_to_end(&mut stderr));
        let status = self.process.wait().await.unwrap();
        Ended { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }
}
