//! Syntax: the annotated block and the options of the attributes. No rule of mesh's is checked here.

mod actor_options;
mod block;
mod duration;
mod fallback;
mod handler_options;
mod options;

pub(crate) use actor_options::{ActorOptions, Mailbox, ResourcePlace, Restart, path, wire_name};
pub(crate) use block::{Block, BlockItem, Method};
pub(crate) use fallback::fallback;
pub(crate) use handler_options::HandlerOptions;
pub(crate) use options::each_option;
