//! The proof of the shared secret, a challenge and its answer (`PEER-3`).
//!
//! ```text
//! dials                                  accepts
//! preface, Challenge(nonce D) ──►  ◄── preface, Challenge(nonce A)      at the same time
//! Proof(D's) ──►                                                        who dials proves first
//!                                  ◄── Proof(A's)                       only to one who has proved
//! hello ──►                        ◄── hello                            at the same time
//! ```
//!
//! A proof is HMAC-SHA256 (RFC 2104) under the secret, over the protocol's number, the role of who proves, its nonce and
//! the other side's. The nonces keep it from being used again, the roles from being sent back to who made it. It shows
//! who is there at the beginning of a connection; it neither encrypts nor signs what follows: for that there is TLS.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The length of a nonce, in bytes.
pub const NONCE_LEN: usize = 32;

/// The length of a proof, in bytes.
pub const PROOF_LEN: usize = 32;

/// What every proof begins with, so that no other use of the secret makes one.
const PURPOSE: &[u8] = b"mesh link proof\0";

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that has dialled.
    Dials,
    /// The one that was dialled.
    Accepts,
}

impl Role {
    /// The other side's.
    #[must_use]
    pub fn other(self) -> Role {
        match self {
            Role::Dials => Role::Accepts,
            Role::Accepts => Role::Dials,
        }
    }
}

/// What one proof is about, as seen from the side that proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The protocol that both sides speak.
    pub protocol: u32,
    /// Who proves.
    pub role: Role,
    /// The nonce of who proves.
    pub own: [u8; NONCE_LEN],
    /// The nonce of who is to be convinced.
    pub theirs: [u8; NONCE_LEN],
}

impl Statement {
    /// The proof that who states it knows `secret`.
    pub fn prove(&self, secret: &[u8]) -> [u8; PROOF_LEN] {
        self.mac(secret).finalize().into_bytes().into()
    }

    /// Whether `proof` is the one that [`prove`](Statement::prove) gives; takes as long for every wrong one.
    pub fn is_proved_by(&self, proof: &[u8], secret: &[u8]) -> bool {
        self.mac(secret).verify_slice(proof).is_ok()
    }

    fn mac(&self, secret: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
        mac.update(PURPOSE);
        mac.update(&self.protocol.to_le_bytes());
        mac.update(&[match self.role {
            Role::Dials => 1,
            Role::Accepts => 2,
        }]);
        mac.update(&self.own);
        mac.update(&self.theirs);
        mac
    }
}

#[cfg(test)]
mod tests;
