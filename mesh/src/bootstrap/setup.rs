//! What one child gets beside what it inherits.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The surroundings of a child: environment, working directory, processors, and a command around it.
///
/// A child inherits the environment of the process that starts it (its host), unless [`clean_env`](ProcSetup::clean_env)
/// says that it gets only what is declared here; and no descriptor but stdin, stdout and stderr, which are pipes to its
/// host. A proc within the process of its host, as in `#[mesh::test]`, has no surroundings of its own: none of this holds
/// for it.
///
/// ```
/// use mesh::ProcSetup;
///
/// let first_node = ProcSetup::default()
///     .env("CUDA_VISIBLE_DEVICES", "0")
///     .cpus(0..8)
///     .wrapper(["numactl", "--membind=0"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcSetup {
    /// Variables of its environment; the last of a name counts.
    pub env: Vec<(OsString, OsString)>,
    /// Whether its environment has nothing else.
    pub clean_env: bool,
    /// Its working directory; `None` for that of its host.
    pub cwd: Option<PathBuf>,
    /// The numbers of the processors that its threads may run on; `None` for those of its host.
    pub cpus: Option<Vec<u32>>,
    /// What is put before its program: a program and its arguments, such as `numactl --membind=0`. It has to pass on
    /// stdin, stdout, stderr and the environment, and to end with what it runs.
    pub wrapper: Vec<OsString>,
}

impl ProcSetup {
    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> ProcSetup {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Leaves out what its host has in its environment. `PATH` too: a program is then found by a path, or in a `PATH` that
    /// is set here.
    #[must_use]
    pub fn clean_env(mut self) -> ProcSetup {
        self.clean_env = true;
        self
    }

    /// Sets its working directory.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> ProcSetup {
        self.cwd = Some(cwd.into());
        self
    }

    /// Binds its threads to processors, by their numbers on its host (Linux). One that its host does not have, or may
    /// not use, is an error of the spawn.
    #[must_use]
    pub fn cpus(mut self, cpus: impl IntoIterator<Item = u32>) -> ProcSetup {
        self.cpus = Some(cpus.into_iter().collect());
        self
    }

    /// Puts a command before its program.
    #[must_use]
    pub fn wrapper(mut self, command: impl IntoIterator<Item = impl Into<OsString>>) -> ProcSetup {
        self.wrapper = command.into_iter().map(Into::into).collect();
        self
    }

    /// This one, with what `other` says on top: its variables come last, its other parts win where it has them.
    #[must_use]
    pub fn with(mut self, other: &ProcSetup) -> ProcSetup {
        self.env.extend(other.env.iter().cloned());
        self.clean_env |= other.clean_env;
        self.cwd = other.cwd.clone().or(self.cwd);
        self.cpus = other.cpus.clone().or(self.cpus);
        if !other.wrapper.is_empty() {
            self.wrapper.clone_from(&other.wrapper);
        }
        self
    }
}
