//! What `tokio::task` is.

/// The budget of a task.
pub mod coop {
    /// It is not spent here: what a worker does then is what it does after its turns.
    pub fn has_budget_remaining() -> bool {
        true
    }
}

/// Which task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(());

/// Threads of the model are no tasks.
pub fn try_id() -> Option<Id> {
    None
}
