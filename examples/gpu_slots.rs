//! An agent of one's own: it manages the GPUs of its machine as named slots, with the verbs that mesh manages its own procs with.
//!
//! `cargo run --example gpu_slots`

use std::time::Duration;

use mesh::ident::Uid;
use mesh::prelude::*;
use mesh::resource::{
    CreateOrUpdate, GetState, List, Progress, ResourceKey, ResourceTable, SpecConflict, Stop, StreamState,
    WaitRankStatus,
};
use mesh::value::StatusClass;
use serde::{Deserialize, Serialize};

/// GPUs that belong together: the kind of resource.
pub struct Slot;

/// What is wanted of a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotSpec {
    gpus: usize,
}

/// What is seen of a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotState {
    devices: Vec<usize>,
}

/// Manages the GPUs of one machine.
pub struct GpuAgent {
    slots: ResourceTable<Slot>,
    /// Who has the device.
    devices: Vec<Option<ResourceKey>>,
}

#[actor(resource(Slot = self.slots))]
impl GpuAgent {
    #[new]
    fn new(gpus: usize) -> Self {
        GpuAgent { slots: ResourceTable::default(), devices: vec![None; gpus] }
    }

    /// How many GPUs belong to nobody.
    #[handler]
    pub fn free(&self) -> usize {
        self.devices.iter().filter(|device| device.is_none()).count()
    }
}

impl GpuAgent {
    fn of(&self, key: ResourceKey) -> Vec<usize> {
        (0..self.devices.len()).filter(|device| self.devices[*device] == Some(key)).collect()
    }

    /// Gives a slot more devices, or takes some away.
    fn resize(&mut self, key: ResourceKey, gpus: usize) -> Result<SlotState, String> {
        let free = self.devices.iter().filter(|owner| owner.is_none() || **owner == Some(key)).count();
        if gpus > free {
            return Err(format!("{gpus} GPUs are wanted and {free} are free"));
        }
        for device in self.of(key).into_iter().skip(gpus) {
            self.devices[device] = None;
        }
        let missing = gpus - self.of(key).len();
        for owner in self.devices.iter_mut().filter(|owner| owner.is_none()).take(missing) {
            *owner = Some(key);
        }
        Ok(SlotState { devices: self.of(key) })
    }
}

impl mesh::Resource for Slot {
    type Agent = GpuAgent;
    type Spec = SlotSpec;
    type State = SlotState;
    const NAME: &'static str = "gpu_slot";

    async fn create(
        agent: &mut GpuAgent,
        _: &Context<GpuAgent>,
        key: ResourceKey,
        spec: &SlotSpec,
    ) -> Result<Progress<SlotState>, String> {
        agent.resize(key, spec.gpus).map(Progress::Done)
    }

    async fn update(
        agent: &mut GpuAgent,
        _: &Context<GpuAgent>,
        key: ResourceKey,
        spec: &SlotSpec,
    ) -> Result<SlotState, SpecConflict> {
        agent.resize(key, spec.gpus).map_err(|_| SpecConflict)
    }

    async fn stop(
        agent: &mut GpuAgent,
        _: &Context<GpuAgent>,
        key: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        agent.resize(key, 0)?;
        Ok(Progress::Done(()))
    }
}

/// Asks every agent for a slot; asking twice is asking once.
fn want(
    cx: &Client,
    agents: &ActorMesh<GpuAgent>,
    id: Uid,
    name: &'static str,
    gpus: usize,
) -> mesh::Result<()> {
    let wanted = CreateOrUpdate::<Slot>::new(id, name.into(), SlotSpec { gpus });
    Ok(agents.message(wanted).cast(cx)?)
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let machines = this_host(cx).await?.spawn_procs(cx, extent!(machines = 2)).await?;
    let agents = machines.spawn(cx, "gpus", GpuAgent::spec(4)).await?;

    let (trainer, huge) = (Uid(1), Uid(2));
    want(cx, &agents, trainer, "trainer", 2)?;
    want(cx, &agents, trainer, "trainer", 2)?;
    // Answered when every slot has the status, or can no longer have it.
    agents.message(WaitRankStatus::<Slot>::new(trainer, StatusClass::Running)).call(cx).await?;
    for (point, slot) in agents.message(GetState::<Slot>::new(trainer)).call(cx).await?.iter() {
        let devices = slot.state.as_ref().map_or(&[][..], |state| &state.devices);
        println!("{point}: {} {} on {devices:?}", slot.label, slot.status);
    }
    println!("free: {}", agents.free().call(cx).await?);

    // From now on, what is seen of the slot on all machines: at each change, and merged on its way.
    let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(10))?;
    agents.message(StreamState::<Slot>::new(trainer, 0, 0, out)).cast(cx)?;

    want(cx, &agents, trainer, "trainer", 3)?;
    want(cx, &agents, huge, "huge", 9)?;
    for slot in agents.rank(0).message(List::<Slot>::new()).call(cx).await? {
        println!("{}: {}", slot.label, slot.status);
    }
    println!("free: {}", agents.free().call(cx).await?);

    agents.slice(1..2).message(Stop::<Slot>::new(trainer, "it is not needed here".into())).cast(cx)?;
    println!("free: {}", agents.free().call(cx).await?);

    agents.slice(0..1).message(Stop::<Slot>::new(trainer, "nor here".into())).cast(cx)?;
    let mut last = states.receive().await?;
    while let Ok(now) = states.receive().await {
        last = now; // until it has ended everywhere
    }
    for (machines, slot) in last.runs() {
        println!("machines {machines:?}: {} {}", slot.details.label, slot.status);
    }
    Ok(())
}
