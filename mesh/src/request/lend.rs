//! References to ports beside bytes that they were encoded into, which go in other messages.

use std::sync::{Arc, Weak};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::addr::PortAddr;
use crate::call::CallErrorKind;
use crate::outbox::{Held, Helds};
use crate::port::{Holder, Lends, Naming, encoded, encoded_since};

/// Says who will have ports that travel, by rank.
pub(crate) type HolderNames = Arc<dyn Fn(u32) -> Holder + Send + Sync>;

/// What references to ports were encoded from, beside bytes with them that travel in other messages and are decoded later:
/// the ports are lent to whoever has the bytes.
#[derive(Clone, Default)]
pub struct Ports(Vec<Source>);

#[derive(Clone)]
enum Source {
    Encoded(Arc<Encoded>),
    Held(Arc<Held>),
}

/// One that was encoded; dropped, it goes no further.
struct Encoded {
    from: Arc<dyn Lends>,
    naming: Option<HolderNames>,
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.from.claimed();
    }
}

impl Lends for Encoded {
    fn port(&self) -> Option<PortAddr> {
        self.from.port()
    }

    fn encoded(&self) {
        self.from.encoded();
    }

    fn claimed(&self) {
        self.from.claimed();
    }

    fn lend(&self, holders: usize, naming: Naming) -> Option<u64> {
        let named = self.naming.clone().map(|naming| Box::new(move |slot| naming(slot)) as Naming);
        self.from.lend(holders, named.unwrap_or(naming))
    }

    fn take_back(&self, number: u64, slot: u32, why: CallErrorKind) {
        self.from.take_back(number, slot, why);
    }
}

impl Ports {
    /// Those of the references that were encoded since `count`; by `naming` it is known who will have them.
    pub(crate) fn encoded_since(count: u64, naming: Option<HolderNames>) -> Ports {
        let encoded = |from| Source::Encoded(Arc::new(Encoded { from, naming: naming.clone() }));
        Ports(encoded_since(count).into_iter().map(encoded).collect())
    }

    /// What holds the references that are decoded from the bytes.
    pub(crate) fn helds(&self) -> Option<Helds> {
        let held = |source: &Source| match source {
            Source::Held(held) => Some(held.clone()),
            Source::Encoded(_) => None,
        };
        (!self.0.is_empty()).then(|| self.0.iter().filter_map(held).collect())
    }

    /// What was made from the bytes has ended.
    pub(crate) fn let_go(&self, why: &CallErrorKind) {
        for source in &self.0 {
            if let Source::Held(held) = source {
                held.let_go(why.clone());
            }
        }
    }
}

/// They are no part of what the bytes say.
impl PartialEq for Ports {
    fn eq(&self, _: &Ports) -> bool {
        true
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ports({})", self.0.len())
    }
}

/// Only which they are is written: they are lent with the message.
impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ports: Vec<PortAddr> = Vec::new();
        for source in &self.0 {
            let port = match source {
                Source::Encoded(from) => {
                    let weak: Weak<Encoded> = Arc::downgrade(from);
                    encoded(weak);
                    from.port()
                }
                Source::Held(held) => {
                    held.passed_on();
                    held.port()
                }
            };
            ports.extend(port);
        }
        ports.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ports, D::Error> {
        let ports: Vec<PortAddr> = Deserialize::deserialize(deserializer)?;
        Ok(Ports(ports.iter().filter_map(Held::decoded).map(Source::Held).collect()))
    }
}
