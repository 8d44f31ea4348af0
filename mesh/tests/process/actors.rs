//! The actors of the tests. Every child is this binary, so all of them can be spawned by name.

use std::collections::BTreeSet;
use std::process::Command;

use mesh::CallError;
use mesh::prelude::*;

/// Does what harms a process.
pub(crate) struct Victim;

#[actor]
impl Victim {
    #[new]
    pub(crate) fn new() -> Self {
        Victim
    }

    /// Its process.
    #[handler]
    pub(crate) fn pid(&self) -> u32 {
        std::process::id()
    }

    /// The process that has started its own.
    #[handler]
    pub(crate) fn parent(&self) -> u32 {
        std::os::unix::process::parent_id()
    }

    /// A variable of its environment.
    #[handler]
    pub(crate) fn variable(&self, name: String) -> Option<String> {
        std::env::var_os(name).map(|value| value.into_string().unwrap())
    }

    /// The names of all of them, in order.
    #[handler]
    pub(crate) fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::env::vars_os().map(|(name, _)| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Its working directory.
    #[handler]
    pub(crate) fn directory(&self) -> String {
        std::env::current_dir().unwrap().to_string_lossy().into_owned()
    }

    /// The processors that the thread it runs on may use.
    #[handler]
    pub(crate) fn processors(&self) -> String {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned()
    }

    /// What its descriptors lead to.
    #[handler]
    pub(crate) fn descriptors(&self) -> Vec<String> {
        let entries = std::fs::read_dir("/proc/self/fd").unwrap();
        let link = |entry: std::fs::DirEntry| std::fs::read_link(entry.path()).ok();
        entries.filter_map(|entry| Some(link(entry.unwrap())?.to_string_lossy().into_owned())).collect()
    }

    /// Says that it runs, then never answers.
    #[handler]
    pub(crate) async fn hang(&self, cx: &Context<Self>, running: PortRef<usize>) {
        running.post(cx, cx.rank()).unwrap();
        std::future::pending().await
    }

    /// As `hang` at one rank; the others answer with their rank.
    #[handler]
    pub(crate) async fn hang_at(&self, cx: &Context<Self>, rank: usize, running: PortRef<usize>) -> usize {
        if cx.rank() == rank {
            running.post(cx, rank).unwrap();
            std::future::pending().await
        }
        cx.rank()
    }

    /// Holds its thread for ever; first says so, and `deaf` makes its process ignore SIGTERM.
    #[handler]
    pub(crate) async fn block(&self, cx: &Context<Self>, deaf: bool, running: PortRef<usize>) {
        let terminate = tokio::signal::unix::SignalKind::terminate();
        let _ignored = deaf.then(|| tokio::signal::unix::signal(terminate).unwrap());
        running.post(cx, cx.rank()).unwrap();
        // What was woken by the post and is bound to this thread goes first.
        tokio::task::yield_now().await;
        loop {
            std::thread::park();
        }
    }

    /// Ends its process in the middle of a call.
    #[handler]
    pub(crate) fn exit(&self, code: i32, last_words: Vec<String>) {
        for line in last_words {
            eprintln!("{line}");
        }
        std::process::exit(code);
    }

    /// Panics.
    #[handler]
    pub(crate) fn panic(&self, text: String) {
        panic!("{text}");
    }

    /// Runs a shell script to its end.
    #[handler]
    pub(crate) fn shell(&self, script: String) -> bool {
        Command::new("sh").args(["-c", &script]).status().unwrap().success()
    }

    /// How long its own calls may take by default.
    #[handler]
    pub(crate) async fn call_timeout(&self, cx: &Context<Self>) -> std::time::Duration {
        let deadline = cx.spawn(Idle).wait().call(cx).await;
        match deadline.map_err(|error| error.kind) {
            Err(mesh::CallErrorKind::Deadline { after }) => after,
            other => panic!("{other:?}"),
        }
    }

    /// Prints a line.
    #[handler]
    pub(crate) fn say(&self, line: String) {
        println!("{line}");
    }
}

/// Never answers.
pub(crate) struct Idle;

#[actor]
impl Idle {
    #[handler]
    async fn wait(&self) {
        std::future::pending().await
    }
}

/// Calls another.
pub(crate) struct Neighbour;

#[actor]
impl Neighbour {
    #[new]
    pub(crate) fn new() -> Self {
        Neighbour
    }

    /// The process of `other`, asked from here, after its own.
    #[handler]
    pub(crate) async fn pids(
        &self,
        cx: &Context<Self>,
        other: ActorRef<Victim>,
    ) -> Result<(u32, u32), CallError> {
        Ok((std::process::id(), other.pid().call(cx).await?))
    }

    /// The error of a call that never gets an answer.
    #[handler]
    pub(crate) async fn wait_on(
        &self,
        cx: &Context<Self>,
        other: ActorRef<Victim>,
        running: PortRef<usize>,
    ) -> String {
        match other.hang(running).call(cx).await {
            Ok(()) => "it answered".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

/// Owns a mesh of [`Victim`]s, and tells of their failures.
pub(crate) struct Owner {
    procs: mesh::ProcMeshRef,
    owned: Option<ActorMesh<Victim>>,
    told: PortRef<Failure>,
}

#[actor]
impl Owner {
    #[new]
    pub(crate) fn new(procs: mesh::ProcMeshRef, told: PortRef<Failure>) -> Self {
        Owner { procs, owned: None, told }
    }

    /// Spawns what it owns.
    #[handler]
    pub(crate) async fn spawn(&mut self, cx: &Context<Self>) -> Result<ActorMeshRef<Victim>, String> {
        let procs = self.procs.clone();
        let owned = procs.spawn(cx, "owned", Victim::spec()).await.map_err(|error| error.to_string())?;
        let view = owned.control().to_ref();
        self.owned = Some(owned);
        Ok(view)
    }

    /// Whether it lives.
    #[handler]
    pub(crate) fn lives(&self) -> bool {
        self.owned.is_some()
    }

    #[on_failure]
    async fn failed(&mut self, cx: &Context<Self>, failure: Failure) -> Directive {
        let escalate =
            matches!(failure.root_cause(), mesh::Cause::Panic { message, .. } if message.contains("grave"));
        self.told.post(cx, failure).unwrap();
        if escalate { Directive::Escalate } else { Directive::Handled }
    }
}

/// Owns procs.
#[derive(Default)]
pub(crate) struct Landlord {
    owned: Vec<(ProcMesh, ActorMesh<Victim>)>,
}

#[actor]
impl Landlord {
    #[new]
    pub(crate) fn new() -> Self {
        Landlord::default()
    }

    /// Its process.
    #[handler]
    pub(crate) fn pid(&self) -> u32 {
        std::process::id()
    }

    /// Spawns procs on its host; their processes.
    #[handler]
    pub(crate) async fn rent(&mut self, cx: &Context<Self>, procs: usize) -> Result<Vec<u32>, String> {
        let host = this_host(cx).await.map_err(|error| error.to_string())?;
        let procs = host.spawn_procs(cx, extent!(rooms = procs)).await.map_err(|error| error.to_string())?;
        let victims = procs.spawn(cx, "tenants", Victim::spec()).await.map_err(|error| error.to_string())?;
        let pids = victims.pid().call(cx).await.map_err(|error| error.to_string())?;
        self.owned.push((procs, victims));
        Ok(pids.into_values())
    }

    /// Forgets what it owns without letting it go.
    #[handler]
    pub(crate) fn forget_all(&mut self) {
        self.owned.drain(..).for_each(std::mem::forget);
    }
}

/// Owns procs on a host of others, and tells of their failures.
pub(crate) struct Lodger {
    owned: Vec<ProcMesh>,
    told: PortRef<Failure>,
}

#[actor]
impl Lodger {
    pub(crate) fn new(told: PortRef<Failure>) -> Self {
        Lodger { owned: Vec::new(), told }
    }

    /// Spawns procs there.
    #[handler(local)]
    pub(crate) async fn move_in(
        &mut self,
        cx: &Context<Self>,
        hosts: mesh::HostMeshRef,
        rooms: usize,
    ) -> Result<(), String> {
        let procs = hosts.spawn_procs(cx, extent!(rooms = rooms)).await.map_err(|error| error.to_string())?;
        self.owned.push(procs);
        Ok(())
    }

    /// How many meshes it owns.
    #[handler]
    pub(crate) fn owned(&self) -> usize {
        self.owned.len()
    }

    #[on_failure]
    async fn failed(&mut self, cx: &Context<Self>, failure: Failure) -> Directive {
        self.told.post(cx, failure).unwrap();
        Directive::Handled
    }
}

/// Says when it stops.
pub(crate) struct Farewell;

#[actor]
impl Farewell {
    #[new]
    pub(crate) fn new() -> Self {
        Farewell
    }

    #[on_stop]
    async fn goodbye(&mut self) {
        println!("goodbye");
    }
}

/// Unites the processes of which replies speak, and those that have united them. No one is told of it but by the handler
/// that names it.
#[derive(Default)]
pub(crate) struct Mergers;

impl Reducer<BTreeSet<u32>> for Mergers {
    fn reduce(&self, mut left: BTreeSet<u32>, mut right: BTreeSet<u32>) -> BTreeSet<u32> {
        left.append(&mut right);
        left.insert(std::process::id());
        left
    }
}

/// Answers with what its own reducer merges.
pub(crate) struct Voter;

#[actor]
impl Voter {
    #[new]
    pub(crate) fn new() -> Self {
        Voter
    }

    /// Nothing but what those who merge add to it.
    #[handler(reduce = Mergers)]
    pub(crate) fn vote(&self) -> BTreeSet<u32> {
        BTreeSet::new()
    }
}

/// Goes where it is sent.
pub(crate) struct Guest;

#[actor]
impl Guest {
    #[new]
    pub(crate) fn new() -> Self {
        Guest
    }

    /// Attaches to the host at an address.
    #[handler]
    pub(crate) async fn attach(&self, cx: &Context<Self>, address: String) -> Result<(), String> {
        let address = address.parse().map_err(|error| format!("{error}"))?;
        match mesh::HostMesh::attach(cx, &[address]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(with_causes(&error)),
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Holds ports.
pub(crate) struct Holder {
    kept: Vec<PortRef<u64>>,
    ports: Option<mesh::port::Port<PortRef<u64>>>,
}

#[actor]
impl Holder {
    #[new]
    pub(crate) fn new(out: Option<PortRef<u64>>) -> Self {
        Holder { kept: out.into_iter().collect(), ports: None }
    }

    #[handler]
    pub(crate) fn hold(&mut self, out: PortRef<u64>) {
        self.kept.push(out);
    }

    /// Posts its rank to all it holds.
    #[handler]
    pub(crate) fn post(&self, cx: &Context<Self>) {
        for out in &self.kept {
            out.post(cx, cx.rank() as u64).unwrap();
        }
    }

    #[handler]
    pub(crate) fn let_go(&mut self) {
        self.kept.clear();
    }

    /// Gives all it holds to who asks.
    #[handler]
    pub(crate) fn give_back(&mut self) -> Vec<PortRef<u64>> {
        std::mem::take(&mut self.kept)
    }

    /// Takes what others give back.
    #[handler]
    pub(crate) async fn fetch(&mut self, cx: &Context<Self>, from: mesh::ActorMeshRef<Holder>) {
        self.kept = from.give_back().call(cx).await.unwrap().into_iter().flatten().collect();
    }

    /// Opens a port for ports, whose items it does not look at.
    #[handler]
    pub(crate) fn open(&mut self, cx: &Context<Self>) -> PortRef<PortRef<u64>> {
        let (to, ports) = cx.open_port().unwrap();
        self.ports = Some(ports);
        to
    }

    /// Gives all it holds to a port.
    #[handler]
    pub(crate) fn post_all(&mut self, cx: &Context<Self>, to: PortRef<PortRef<u64>>) {
        for out in std::mem::take(&mut self.kept) {
            to.post(cx, out).unwrap();
        }
    }

    /// Gives all it holds to others, who have it when this returns.
    #[handler]
    pub(crate) async fn hand_on(&mut self, cx: &Context<Self>, to: mesh::ActorMeshRef<Holder>) {
        for out in std::mem::take(&mut self.kept) {
            to.hold(out).call(cx).await.unwrap();
        }
    }
}

/// Writes digits down.
pub(crate) struct Ledger {
    written: u64,
}

#[actor]
impl Ledger {
    #[new]
    pub(crate) fn new() -> Self {
        Ledger { written: 0 }
    }

    #[handler]
    pub(crate) fn append(&mut self, digit: u64) -> u64 {
        self.written = 10 * self.written + digit;
        self.written
    }
}
