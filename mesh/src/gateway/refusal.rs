//! Gateways that did not agree with this one: for a while they are not dialled again, however much is posted to them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::door::DoorError;
use crate::ident::Uid;
use crate::link::LinkError;
use crate::transport::TransportError;

/// How long a gateway that was refused, or has refused, is not dialled again. What separates the two is the programs or
/// their settings, and these do not change by themselves.
const REST: Duration = Duration::from_secs(1);

/// How many refusals are remembered; beyond them, the gateways are dialled again.
const REFUSALS_MAX: usize = 1024;

/// The refusals of late, by gateway.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    recent: BTreeMap<Uid, (Instant, String)>,
}

impl Refusals {
    /// Remembers why there was no agreement with a gateway.
    pub(super) fn note(&mut self, gateway: Uid, reason: &str) {
        self.recent.retain(|_, (at, _)| at.elapsed() < REST);
        if self.recent.len() < REFUSALS_MAX {
            self.recent.insert(gateway, (Instant::now(), reason.to_owned()));
        }
    }

    /// Why a gateway is not to be dialled now.
    pub(super) fn of(&self, gateway: Uid) -> Option<&str> {
        self.recent.get(&gateway).filter(|(at, _)| at.elapsed() < REST).map(|(_, reason)| reason.as_str())
    }
}

/// Whether another dial would come to the same end: the two sides do not agree, or the addresses and files do not.
pub(super) fn is_final(error: &DoorError) -> bool {
    match error {
        DoorError::Handshake { source, .. } => matches!(
            source,
            LinkError::Mismatch { .. } | LinkError::Refused { .. } | LinkError::Certificate { .. }
        ),
        DoorError::Transport(error) => matches!(
            error,
            TransportError::OtherUser { .. }
                | TransportError::WrongKind { .. }
                | TransportError::PublicDial { .. }
                | TransportError::Certificates { .. }
                | TransportError::Untrusted { .. }
        ),
    }
}

/// An error with its cause, which is what says why.
pub(super) fn with_cause(error: &dyn std::error::Error) -> String {
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
