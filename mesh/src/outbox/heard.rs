//! Which failures of procs were heard already, where two may tell of the same one: the host that has seen it, and the watch
//! that sees the host lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ident::Uid;
use crate::supervision::{Failure, Subject, SupervisionEvent};

/// Is told of a rank that comes back.
type Returns = Arc<dyn Fn(u32) + Send + Sync>;

/// A watched mesh.
struct Watched {
    /// The ranks whose failure was heard.
    heard: BTreeSet<u32>,
    returns: Returns,
}

/// The watched meshes. Bounded by what is watched.
#[derive(Default)]
pub(super) struct Heard(Mutex<BTreeMap<Uid, Watched>>);

impl Heard {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uid, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a failure is to be told on: it is not of a proc of a watched mesh that has been heard of.
    pub(super) fn is_news(&self, failure: &Failure) -> bool {
        let (Subject::Proc(_), Some(mesh), [rank]) = (&failure.subject, &failure.mesh, &failure.ranks[..])
        else {
            return true;
        };
        self.lock().get_mut(&mesh.uid).is_none_or(|watched| watched.heard.insert(*rank))
    }

    /// A proc comes back: its next failure is another.
    pub(super) fn forget(&self, event: &SupervisionEvent) {
        if let (Subject::Proc(_), Some(mesh), [rank]) = (&event.subject, &event.mesh, &event.ranks[..]) {
            let returns = self.lock().get_mut(&mesh.uid).map(|watched| {
                watched.heard.remove(rank);
                watched.returns.clone()
            });
            if let Some(returns) = returns {
                returns(*rank);
            }
        }
    }
}

/// Has the failure of each proc of a mesh heard once. Dropped, it ends.
pub(crate) struct HearsOnce {
    heard: Arc<Heard>,
    mesh: Uid,
}

impl HearsOnce {
    pub(super) fn of(heard: &Arc<Heard>, mesh: Uid, returns: Returns) -> HearsOnce {
        heard.lock().insert(mesh, Watched { heard: BTreeSet::new(), returns });
        HearsOnce { heard: heard.clone(), mesh }
    }
}

impl Drop for HearsOnce {
    fn drop(&mut self) {
        self.heard.lock().remove(&self.mesh);
    }
}

#[cfg(test)]
mod tests;
