//! What keeps a proc from taking new actors: those that have failed in it (`SUP-5`).

use crate::resource::ResourceKey;

/// How many failed actors are told apart; with more, the proc stays poisoned whatever is made anew.
const FAILED_MAX: usize = 4096;

/// The actors that have failed and were not made anew, the first of them first.
#[derive(Default)]
pub(super) struct Poison {
    failed: Vec<(ResourceKey, String)>,
    more: Option<String>,
}

impl Poison {
    /// An actor has failed.
    pub(super) fn add(&mut self, key: ResourceKey, reason: String) {
        if self.failed.len() < FAILED_MAX {
            self.failed.push((key, reason));
        } else {
            self.more.get_or_insert(reason);
        }
    }

    /// It is made anew.
    pub(super) fn remove(&mut self, key: ResourceKey) {
        self.failed.retain(|(failed, _)| *failed != key);
    }

    /// Why nothing new is taken.
    pub(super) fn cause(&self) -> Option<&str> {
        self.failed.first().map(|(_, reason)| reason).or(self.more.as_ref()).map(String::as_str)
    }
}
