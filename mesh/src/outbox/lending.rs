//! References to ports that go with a message whose road is known: they are lent to those who get it.

use std::sync::Arc;

use crate::call::CallErrorKind;
use crate::port::{Holder, Lends, encoded_since};
use crate::wire::envelope::Lent;

/// The ports that are lent with one message.
#[derive(Default)]
pub(crate) struct Lending(Vec<(Arc<dyn Lends>, Lent)>);

impl Lending {
    /// Of the references that were encoded since `count`, to so many holders.
    pub(crate) fn of<N>(count: u64, holders: usize, naming: N) -> Lending
    where
        N: Fn(u32) -> Holder + Clone + Send + 'static,
    {
        let mut lending = Lending::default();
        for from in encoded_since(count) {
            // More of the same port are held together by whoever gets the message.
            if !lending.0.iter().any(|(other, _)| Arc::ptr_eq(other, &from)) {
                let Some(port) = from.port() else { continue };
                let Some(number) = from.lend(holders, Box::new(naming.clone())) else { continue };
                lending.0.push((from.clone(), Lent { port, number }));
            }
            from.claimed();
        }
        lending
    }

    /// What the message says of them.
    pub(crate) fn header(&self) -> Option<Arc<[Lent]>> {
        (!self.0.is_empty()).then(|| self.0.iter().map(|(_, lent)| lent.clone()).collect())
    }

    /// A holder has not got the message.
    pub(crate) fn take_back(&self, slot: u32, why: &CallErrorKind) {
        for (from, lent) in &self.0 {
            from.take_back(lent.number, slot, why.clone());
        }
    }
}

/// The references that were encoded since `count` go nowhere after all.
pub(crate) fn went_nowhere(count: u64) {
    encoded_since(count).iter().for_each(|from| from.claimed());
}
