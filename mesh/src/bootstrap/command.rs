//! Which program becomes the child.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::marker::{MARKER, MARKER_VALUE};
use super::setup::ProcSetup;

/// The file of a program, also when it was replaced since (Linux).
const KEPT_EXE: &str = "/proc/self/exe";

/// What to execute as a child: this program by default, or another one (a wrapper, a container runtime) which ends up
/// running one that calls `mesh::init()` with the same stdin and environment.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct BootstrapCommand {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments, without the program's own name.
    pub args: Vec<OsString>,
    /// Variables set in its environment, beside what it inherits.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory; `None` for the one of this process.
    pub cwd: Option<PathBuf>,
}

impl BootstrapCommand {
    /// Runs `program` without arguments.
    pub fn new(program: impl Into<PathBuf>) -> BootstrapCommand {
        BootstrapCommand { program: program.into(), args: Vec::new(), env: Vec::new(), cwd: None }
    }

    /// Runs this program again, without arguments. If its file was replaced since it started, it is still this
    /// build that runs (Linux).
    ///
    /// # Errors
    /// When the system does not say which file this program is.
    pub fn current_exe() -> io::Result<BootstrapCommand> {
        let path = std::env::current_exe()?;
        let kept = Path::new(KEPT_EXE);
        let program = if cfg!(target_os = "linux") && !path.exists() { kept.to_owned() } else { path };
        Ok(BootstrapCommand::new(program))
    }

    /// Whether it runs this program again.
    pub(super) fn is_current_exe(&self) -> bool {
        std::env::current_exe()
            .and_then(|me| Ok(me.canonicalize()? == self.program.canonicalize()?))
            .unwrap_or(self.program == Path::new(KEPT_EXE))
    }

    /// Without `pre_exec`, which would make a slow `fork` of what is a `posix_spawn`.
    pub(super) fn to_std(&self, setup: &ProcSetup) -> Command {
        use std::os::unix::process::CommandExt;

        let mut words = setup.wrapper.iter().map(OsString::as_os_str);
        let mut command = Command::new(words.next().unwrap_or(self.program.as_os_str()));
        command.args(words);
        if !setup.wrapper.is_empty() {
            // Read by the wrapper, whose own program `self` would be.
            let kept = self.program == Path::new(KEPT_EXE);
            let program = kept.then(|| PathBuf::from(format!("/proc/{}/exe", std::process::id())));
            command.arg(program.as_ref().unwrap_or(&self.program));
        }
        if setup.clean_env {
            command.env_clear();
        }
        command
            .args(&self.args)
            // The secret comes with the orders: what a child starts is not to find it in its environment.
            .env_remove("MESH_SECRET")
            .env_remove("MESH_SECRET_FILE")
            .envs(self.env.iter().chain(&setup.env).map(|(key, value)| (key, value)))
            .env(MARKER, MARKER_VALUE)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(cwd) = setup.cwd.as_ref().or(self.cwd.as_ref()) {
            command.current_dir(cwd);
        }
        command
    }
}
