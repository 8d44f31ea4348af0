//! The shape of a peer: something in another process that counts what it is sent.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// 64 bytes.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub struct Small(pub [u64; 8]);

pub const SMALL: Small = Small([0x0123_4567_89ab_cdef; 8]);

pub const CONFIG: bincode::config::Configuration<bincode::config::LittleEndian, bincode::config::Fixint> =
    bincode::config::standard().with_fixed_int_encoding();

/// A connection to the counter in the other process.
pub trait Peer: Sized + Send + Sync + 'static {
    /// Serves the counter at `at` (`tcp` or a socket path); `ready` gets what `connect` needs.
    fn serve(at: String, ready: impl FnOnce(String) + Send) -> impl Future<Output = ()> + Send;
    fn connect(to: String) -> impl Future<Output = Self> + Send;

    fn tell(&self, m: Small) -> impl Future<Output = ()> + Send;
    fn big(&self, body: &Bytes) -> impl Future<Output = ()> + Send;
    /// How many messages the counter has taken.
    fn ask(&self, m: Small) -> impl Future<Output = u64> + Send;
}
