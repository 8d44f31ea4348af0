//! The shape of a remote peer: an actor that counts, served by one process to another.

use serde::{Deserialize, Serialize};

/// 64 bytes.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub struct Small(pub [u64; 8]);

pub const SMALL: Small = Small([0x0123_4567_89ab_cdef; 8]);

pub const CONFIG: bincode::config::Configuration<bincode::config::LittleEndian, bincode::config::Fixint> =
    bincode::config::standard().with_fixed_int_encoding();

/// A connection to the actor in the other process.
pub trait Peer: Sized + Send + Sync + 'static {
    /// How many large messages to keep in flight.
    const WINDOW: usize = 1;

    /// Serves the actor at `at` (`tcp` or a socket path); `ready` gets what `connect` needs.
    fn serve(at: String, ready: impl FnOnce(String) + Send) -> impl Future<Output = ()> + Send;
    fn connect(to: String) -> impl Future<Output = Self> + Send;

    fn tell(&self, m: Small) -> impl Future<Output = ()> + Send;
    fn big(&self, body: &bytes::Bytes) -> impl Future<Output = ()> + Send;
    /// How many messages the actor has handled.
    fn ask(&self, m: Small) -> impl Future<Output = u64> + Send;

    fn run(threads: usize, work: impl Future<Output = ()> + Send + 'static) {
        let rt = crate::measure::runtime(threads);
        rt.block_on(rt.spawn(work)).unwrap();
    }
}
