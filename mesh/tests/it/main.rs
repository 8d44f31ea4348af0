//! Integration tests of mesh through its public API: one binary, in memory, on paused time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]
#![expect(unreachable_pub, reason = "actors are written as users write them")]

mod accumulating;
mod annotations;
mod bounded;
mod calls;
mod casts;
mod conservation;
mod decoders;
mod direct;
mod endings;
mod ensure;
mod fairness;
mod fates;
mod flow;
mod inspecting;
mod large;
mod lending;
mod links;
mod local;
mod loss;
mod meshes;
mod ports;
mod relays;
mod resources;
mod respawn;
mod restarts;
mod silence;
mod sim;
mod spawning;
mod style;
mod support;
mod tidy;
#[cfg(feature = "tls")]
mod tls;
mod watching;
