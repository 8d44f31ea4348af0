//! Every setting there is: name, type, default, the least value allowed, whether children inherit it.

use std::sync::Arc;
use std::time::Duration;

use super::layers::{Entry, Key, Slot};
use super::secret::Secret;
use super::value::{CgroupParent, Setting};

/// Declares the keys: a const [`Key`] and a slot of [`Values`] for each, and the table of them all.
macro_rules! keys {
    ($(
        $(#[doc = $doc:literal])+
        $reach:ident $name:ident $key:ident: $type:ty = $default:expr $(, from $least:expr)?;
    )*) => {
        /// The value of every key, and the layer each came from.
        #[derive(Clone)]
        pub(super) struct Values {
            $( $name: Slot<$type>, )*
        }

        impl Default for Values {
            fn default() -> Values {
                Values { $( $name: Slot::new($default, least!($($least)?)), )* }
            }
        }

        $(
            $(#[doc = $doc])+
            #[doc = concat!("\n\nIn a file `", stringify!($name), "`, in the environment `MESH_", stringify!($key), "`; by default `", stringify!($default), "`.")]
            pub const $key: Key<$type> =
                Key { read: |values| &values.$name, write: |values| &mut values.$name };
        )*

        /// All keys, in the order they are printed.
        pub(super) const ENTRIES: &[Entry] = &[ $( Entry {
            name: stringify!($name),
            env: concat!("MESH_", stringify!($key)),
            doc: concat!($($doc),+),
            inherited: inherited!($reach),
            form: <$type as Setting>::FORM,
            is_hidden: <$type as Setting>::IS_HIDDEN,
            set: |values, layer, text| values.$name.set_text(layer, text),
            print: |values| values.$name.print(),
            show: |values| values.$name.show(),
            layer: |values| values.$name.layer(),
        }, )* ];
    };
}

macro_rules! inherited {
    (inherited) => {
        true
    };
    (own) => {
        false
    };
}

macro_rules! least {
    () => {
        None
    };
    ($least:expr) => {
        Some($least)
    };
}

keys! {
    /// How long a call waits for its reply, where neither the call nor the handler says.
    inherited call_timeout CALL_TIMEOUT: Duration = Duration::from_secs(60);
    /// How many messages an actor's mailbox holds.
    inherited mailbox_capacity MAILBOX_CAPACITY: usize = 1024, from 1;
    /// How many calls and waiting sends may queue for a place in one full mailbox.
    inherited mailbox_waiters_max MAILBOX_WAITERS_MAX: usize = 65_536;
    /// How many ports one proc may have open.
    inherited ports_max PORTS_MAX: usize = 1_000_000, from 1;
    /// How long a spawn waits without any news: a child's first message, or the next rank of a barrier.
    inherited spawn_timeout SPAWN_TIMEOUT: Duration = Duration::from_secs(30);
    /// Whether a proc in which an actor has failed refuses new ones, until that one is made anew.
    inherited failure_poisons FAILURE_POISONS: bool = true;
    /// How long a stopping proc may take to handle what its actors have queued.
    inherited stop_drain_timeout STOP_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a process may take to end after SIGTERM, before SIGKILL.
    inherited stop_term_timeout STOP_TERM_TIMEOUT: Duration = Duration::from_secs(2);
    /// Whether Ctrl-C or SIGTERM ends a program of `#[mesh::main]` in order, and a second one at once. Not inherited:
    /// children end when they are told.
    own stop_on_signal STOP_ON_SIGNAL: bool = true;
    /// How long a peer may take to introduce itself on a new connection.
    inherited handshake_timeout HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a link whose connection was lost waits for the next one, before what it holds goes back to its senders.
    inherited link_give_up LINK_GIVE_UP: Duration = Duration::from_secs(10);
    /// How long a peer may be silent while its connection is there before it counts as unreachable; 0 for any time. A peer
    /// that is well is heard every second, however busy it is; less than `3s` takes some that are well for dead. A child
    /// endures any silence of its parent, whose end it sees. In one process it holds where it is set.
    inherited link_silence LINK_SILENCE: Duration = Duration::from_secs(5);
    /// How many messages a link holds that its peer has not acknowledged; calls and waiting sends may take as many again.
    inherited link_window_messages LINK_WINDOW_MESSAGES: usize = 65_536, from 1;
    /// How many bytes a link holds that its peer has not acknowledged; calls and waiting sends may take as many again.
    inherited link_window_bytes LINK_WINDOW_BYTES: usize = 67_108_864, from 1;
    /// How many links a gateway lets peers open that are not its children.
    inherited links_max LINKS_MAX: usize = 16_384, from 1;
    /// Over how many links a process sends a cast; where there are more, the hosts behind them send it on to each other.
    /// A host whose door the others do not reach misses the first of these, and gets the next ones straight.
    inherited cast_fanout CAST_FANOUT: usize = 16, from 1;
    /// How long to wait for the exit status of a process whose link was lost.
    inherited exit_status_wait EXIT_STATUS_WAIT: Duration = Duration::from_secs(2);
    /// The seed of everything random but secrets; `none` takes one from the operating system. Not inherited: two
    /// procs of one seed would make the same identities.
    own seed SEED: Option<u64> = None;
    /// Whether what child processes print is shown on the client's console.
    inherited log_console LOG_CONSOLE: bool = true;
    /// How long a line of a child waits for lines of other ranks that are like it but for their numbers, to be shown
    /// with them as one; 0 shows each by itself.
    own log_fold LOG_FOLD: Duration = Duration::ZERO;
    /// The directory where the output of each proc is written to files of its own as well; empty for none.
    own log_dir LOG_DIR: Arc<str> = Arc::from("");
    /// Up to which level children hand on their events of `tracing`: `off`, `error`, `warn`, `info`, `debug`, `trace`;
    /// `auto` takes the level of the client's own subscriber when they are started. A child that sets a subscriber of
    /// its own needs `off`, since a process has one.
    inherited trace_level TRACE_LEVEL: Arc<str> = Arc::from("auto");
    /// Whether the `tracing` span in which something is sent travels with it; the handler then runs in a span `handler` with
    /// the fields `trace_id` and `parent_id`.
    inherited trace_spans TRACE_SPANS: bool = false;
    /// How long a handler may hold a thread before the watchdog of its process names it in a warning; 0 for never.
    inherited blocked_after BLOCKED_AFTER: Duration = Duration::from_secs(1);
    /// How many of a process's last stderr lines are kept for the report of its end.
    inherited stderr_tail_lines STDERR_TAIL_LINES: usize = 20;
    /// How many worker threads a child process has; 0 is one for each core.
    inherited child_worker_threads CHILD_WORKER_THREADS: usize = 0;
    /// Where a cgroup (v2) is made for each child, so that all its descendants can be killed with it: `own` for below the
    /// cgroup of the process that starts it, or the path of a directory; with `none` there are process groups alone.
    inherited cgroup CGROUP: CgroupParent = CgroupParent::None;
    /// What gateways on a network prove to each other that they know. Children get it with their orders, on their
    /// standard input.
    inherited secret SECRET: Secret = Secret::default();
    /// The file that the secret is read from, where the secret itself is not set as high or higher.
    own secret_file SECRET_FILE: Option<Arc<str>> = None;
    /// The file with this machine's certificate for `tls:` addresses, and those between it and the authority, as PEM.
    inherited tls_cert TLS_CERT: Option<Arc<str>> = None;
    /// The file with the key of that certificate, as PEM.
    inherited tls_key TLS_KEY: Option<Arc<str>> = None;
    /// The file with the certificates of the authorities that the other side's must come from, as PEM.
    inherited tls_ca TLS_CA: Option<Arc<str>> = None;
    /// Whether TCP may leave this machine although neither a secret nor certificates say who is on the other side.
    inherited tcp_allow_public TCP_ALLOW_PUBLIC: bool = false;
}
