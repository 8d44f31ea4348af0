//! What a mesh value owns (`MESH-1`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::actor::Scope;
use crate::ident::{ActorId, MeshId};
use crate::outbox::Outbox;
use crate::request::Cast;
use crate::resource::{Resource, Stop};

/// Ends a mesh when it is dropped: posts the verb and does not wait.
pub(super) struct Owned<R: Resource> {
    outbox: Arc<Outbox>,
    owner: ActorId,
    agents: Cast<R::Agent>,
    id: MeshId,
    done: AtomicBool,
}

impl<R: Resource> Owned<R> {
    pub(super) fn new(scope: Scope<'_>, agents: Cast<R::Agent>, id: MeshId) -> Owned<R> {
        Owned {
            outbox: scope.outbox.clone(),
            owner: scope.sender.clone(),
            agents,
            id,
            done: AtomicBool::new(false),
        }
    }

    /// Nothing is left to end.
    pub(super) fn disarm(&self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

impl<R: Resource> Drop for Owned<R> {
    fn drop(&mut self) {
        if self.done.load(Ordering::Relaxed) {
            return;
        }
        let scope =
            Scope { outbox: &self.outbox, sender: &self.owner, deadline: None, chain: None, is_actor: false };
        let verb = Stop::<R>::new(self.id.uid, "its owner let it go".to_owned());
        // Agents that cannot be reached are gone, and what they managed with them.
        let _ = super::create::post(scope, &self.agents, verb);
    }
}
