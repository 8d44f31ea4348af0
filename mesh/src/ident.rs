//! Who: identities of gateways, procs, actors, meshes and ports.
//!
//! An identity is a random (or derived, or numbered from a random beginning) 64-bit [`Uid`] with a [`Label`] for people. It does **not** know where
//! anything is: see `addr` for that.
//!
//! Invariants
//! - `IDENT-1` labels never take part in equality, order or hashing.
//! - `IDENT-2` the proc of a mesh's rank, and the actor of a mesh on a proc, are pure functions of the mesh and the
//!   rank: a reference exists before anyone has answered.
//! - `IDENT-3` incarnation 0 in a reference means "whichever runs now"; an observed identity is never 0.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A 64-bit identity, random for what is made once, derived for the members of a mesh.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uid(pub u64);

/// A map by identities. They are random, derived by a mix, or one after the other: as they are they are spread well
/// enough over the places of a table, and those that follow each other stay neighbours there. Only the seven highest bits,
/// by which `std`'s table tells its places apart before it looks at them, are mixed.
#[expect(clippy::disallowed_types, reason = "its hasher is fixed, so its order is too")]
pub type UidMap<V> = std::collections::HashMap<Uid, V, BuildHasherDefault<UidHasher>>;

/// The hasher of a [`UidMap`].
#[derive(Clone, Copy, Debug, Default)]
pub struct UidHasher(u64);

impl Hasher for UidHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, uid: u64) {
        const HIGHEST: u32 = 57;
        self.0 =
            (uid & ((1 << HIGHEST) - 1)) | (uid.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> HIGHEST << HIGHEST);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Uid {
    /// Derives the identity of the `index`-th member of `self`. A pure function.
    pub const fn member(self, index: u64) -> Uid {
        Uid(mix(self.0 ^ mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a over the bytes of `name`: the stable identity of a type or handler name
/// (Fowler, Noll and Vo; 64-bit parameters of RFC 9923).
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// Combines two hashes, in order.
pub const fn name_mix(hash: u64, other: u64) -> u64 {
    mix(hash.rotate_left(5) ^ other)
}

/// A name for people: shown everywhere, compared nowhere (`IDENT-1`).
///
/// Any text is taken; what is not printable ASCII, or is a slash, becomes `_`, and it is cut at 63 bytes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Label(Arc<str>);

impl Label {
    /// Makes a label of any text.
    pub fn new(text: &str) -> Label {
        let fits = |c: char| c.is_ascii_graphic() && c != '/';
        if !text.is_empty() && text.len() <= LABEL_LEN_MAX && text.chars().all(fits) {
            return Label(text.into());
        }
        let clean: String = text.chars().map(|c| if fits(c) { c } else { '_' }).take(LABEL_LEN_MAX).collect();
        Label(if clean.is_empty() { "unnamed".into() } else { clean.into() })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest label in bytes, as for a DNS label (RFC 1035).
const LABEL_LEN_MAX: usize = 63;

impl From<String> for Label {
    fn from(text: String) -> Label {
        Label::new(&text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> String {
        label.0.as_ref().to_owned()
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Label {
        Label::new(text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Implements equality, order and hashing of a type by the given key, so that labels stay out of it.
macro_rules! compare_by {
    ($type:ty, $this:ident => $key:expr) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                let key = |$this: &Self| $key;
                key(self) == key(other)
            }
        }
        impl Eq for $type {}
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                let key = |$this: &Self| $key;
                key(self).cmp(&key(other))
            }
        }
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                let $this = self;
                $key.hash(state);
            }
        }
    };
}

/// One gateway: the routing point of one root value or OS process, in one life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GatewayId {
    /// Who.
    pub uid: Uid,
    /// Which life: random at each start, so that a restarted peer at one address is a new peer.
    pub incarnation: u64,
}

impl fmt::Display for GatewayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gateway-{}#{:x}", self.uid, self.incarnation & 0xffff)
    }
}

impl fmt::Debug for GatewayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One proc: an actor runtime. Printed as `workers/3` for rank 3 of the proc mesh `workers`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProcId {
    /// Who.
    pub uid: Uid,
    /// The name of the proc, or of its mesh.
    pub label: Label,
    /// The rank in its mesh, for the printed form; `None` outside a mesh.
    pub rank: Option<u32>,
}

impl ProcId {
    /// The proc of `rank` in the proc mesh `mesh` (`IDENT-2`).
    pub fn of_mesh(mesh: &MeshId, rank: u32) -> ProcId {
        ProcId { uid: mesh.uid.member(rank.into()), label: mesh.label.clone(), rank: Some(rank) }
    }

    /// A proc outside any mesh.
    pub fn single(uid: Uid, label: Label) -> ProcId {
        ProcId { uid, label, rank: None }
    }
}

compare_by!(ProcId, this => this.uid);

impl fmt::Display for ProcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rank {
            Some(rank) => write!(f, "{}/{rank}", self.label),
            None => write!(f, "{}", self.label),
        }
    }
}

impl fmt::Debug for ProcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}({})", self.uid)
    }
}

/// One actor. The actor of a mesh on a proc has the mesh's uid (`IDENT-2`). Printed as `counters@workers/3`.
#[derive(Clone, Serialize, Deserialize)]
pub struct ActorId {
    /// The proc it runs in.
    pub proc: ProcId,
    /// Who, within the proc.
    pub uid: Uid,
    /// The name of the actor, or of its mesh.
    pub label: Label,
    /// Which life of it: raised by a restart; 0 in a reference means any (`IDENT-3`).
    pub incarnation: u32,
}

impl ActorId {
    /// A reference to whichever incarnation of this actor runs.
    pub fn new(proc: ProcId, uid: Uid, label: Label) -> ActorId {
        ActorId { proc, uid, label, incarnation: 0 }
    }
}

compare_by!(ActorId, this => (this.proc.uid, this.uid, this.incarnation));

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.label, self.proc)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}({}#{})", self.uid, self.incarnation)
    }
}

/// One mesh: of hosts, procs or actors. Every spawn makes a fresh one, so equal names never collide.
#[derive(Clone, Serialize, Deserialize)]
pub struct MeshId {
    /// Who.
    pub uid: Uid,
    /// The name it was spawned with.
    pub label: Label,
}

compare_by!(MeshId, this => this.uid);

impl fmt::Display for MeshId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.label)
    }
}

impl fmt::Debug for MeshId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}({})", self.uid)
    }
}

#[cfg(test)]
mod tests;
