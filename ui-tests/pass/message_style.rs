//! Message style: shared messages, hand-written handlers, derives, behaviors.

#![deny(warnings)]

use mesh::prelude::*;
use mesh::{Handler, Message};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
#[message(reply = String)]
pub struct Describe {
    pub verbose: bool,
}

#[derive(Serialize, Deserialize, Message)]
#[message(reply = Result<u64, String>, name = "bump_it")]
pub struct Bump(pub u64);

mesh::behavior!(
    /// Whoever can be described and bumped.
    pub Probed: Describe, Bump
);
mesh::behavior!(Described: Describe);

#[derive(Serialize, Deserialize, mesh::Actor, mesh::RemoteSpawn)]
#[actor(handles(Describe, Bump), name = "probe")]
pub struct Probe {
    host: String,
    n: u64,
}

impl Handler<Describe> for Probe {
    async fn handle(&mut self, cx: &Context<Self>, message: Describe) -> String {
        if message.verbose { format!("{} {} at {}", self.host, self.n, cx.rank()) } else { self.host.clone() }
    }
}

impl Handler<Bump> for Probe {
    async fn handle(&mut self, _: &Context<Self>, Bump(by): Bump) -> Result<u64, String> {
        self.n = self.n.checked_add(by).ok_or("too much")?;
        Ok(self.n)
    }
}

/// Another actor that is described, in method style beside message style.
pub struct Wall;

#[actor(handles(Describe))]
impl Wall {
    #[handler]
    pub fn height(&self) -> u32 {
        3
    }
}

impl Handler<Describe> for Wall {
    async fn handle(&mut self, _: &Context<Self>, _: Describe) -> String {
        "a wall".into()
    }
}

/// A constructor by derive, beside `#[actor]`.
#[derive(Serialize, Deserialize, mesh::RemoteSpawn)]
pub struct Door {
    open: bool,
}

#[actor]
impl Door {
    #[handler]
    pub fn is_open(&self) -> bool {
        self.open
    }
}

#[derive(Serialize, Deserialize, mesh::Actor, mesh::RemoteSpawn)]
#[serde(bound = "T: RemoteArg")]
#[actor(handles(Describe))]
pub struct Boxed<T: RemoteArg + std::fmt::Debug>(T);

impl<T: RemoteArg + std::fmt::Debug> Handler<Describe> for Boxed<T> {
    async fn handle(&mut self, _: &Context<Self>, _: Describe) -> String {
        format!("{:?}", self.0)
    }
}

mesh::register!(Boxed<u8>);

async fn described(cx: &Client, who: ActorRef<Described>) -> mesh::Result<String> {
    Ok(who.message(Describe { verbose: false }).call(cx).await?)
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 2)).await?;
    let probes = procs.spawn(cx, "probes", Probe { host: "h".into(), n: 1 }).await?;
    let texts = probes.message(Describe { verbose: true }).call(cx).await?;
    assert_eq!(texts.values(), ["h 1 at 0", "h 1 at 1"]);
    assert_eq!(probes.rank(1).message(Bump(2)).try_call(cx).await?, 3);
    assert!(probes.rank(1).message(Bump(u64::MAX)).try_call(cx).await.is_err());
    assert_eq!(Probe::type_name(), "probe");

    let wall = cx.spawn(Wall);
    assert_eq!(wall.height().call(cx).await?, 3);
    assert_eq!(described(cx, Described::of(&wall)).await?, "a wall");
    assert_eq!(described(cx, Described::of(&probes.rank(0))).await?, "h");

    let all: ActorMeshRef<Probed> = Probed::of(&probes);
    let texts = all.message(Describe { verbose: false }).call(cx).await?;
    assert_eq!(texts.values(), ["h", "h"]);
    let one: ActorRef<Probed> = all.rank(1);
    assert_eq!(one.message(Bump(1)).try_call(cx).await?, 4);

    let doors = procs.spawn(cx, "doors", Door { open: true }).await?;
    assert_eq!(doors.is_open().call(cx).await?.values(), [true, true]);
    let boxed = procs.spawn(cx, "boxed", Boxed(7u8)).await?;
    assert_eq!(boxed.rank(0).message(Describe { verbose: false }).call(cx).await?, "7");

    // Wherever a spec is taken, the value is one.
    let probe = || Probe { host: "h".into(), n: 1 };
    let alone = procs.gspawn(cx, 1, "alone", probe()).await?;
    let only = procs.ensure(cx, 0, "only", probe()).await?;
    let here = cx.spawn_spec(probe());
    assert_eq!(alone.message(Bump(1)).try_call(cx).await?, 2);
    assert_eq!(only.message(Bump(1)).try_call(cx).await?, 2);
    assert_eq!(here.message(Bump(1)).try_call(cx).await?, 2);
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
