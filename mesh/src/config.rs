//! Settings: typed keys, layered, in one value.
//!
//! Every key is declared once, in `config/keys.rs`. A [`Config`] holds the value of each and the [`Layer`] it came from;
//! the highest layer wins: test, environment, runtime, file, inherited from the client, default. This module does not
//! know what a setting does. It is the only place that reads the environment for settings.
//!
//! A configuration file, named by `MESH_CONFIG`, has one `key = value` to a line and comments after `#`; what a `Config`
//! prints is such a file. In the environment the key `call_timeout` is `MESH_CALL_TIMEOUT`.
//!
//! ```
//! use mesh::config::{CALL_TIMEOUT, Config};
//! use std::time::Duration;
//!
//! let config = Config::default().with(CALL_TIMEOUT, Duration::from_secs(5));
//! assert_eq!(config.get(CALL_TIMEOUT), Duration::from_secs(5));
//! assert!(config.to_string().contains("call_timeout = 5s  # runtime"));
//! ```
//!
//! Invariants
//! - `CONFIG-1` a value of a lower layer never replaces one of a higher layer, in whatever order they are set.
//! - `CONFIG-2` an unknown key or a bad value is an error, never ignored.
//! - `CONFIG-3` a `Config` is a value: there is no global one, and changing a clone changes nothing else.
//! - `CONFIG-4` the shared secret is in nothing that is printed: not in a dump, not in `Debug`, not in an error.

mod keys;
mod layers;
mod secret;
mod value;

pub use keys::*;
pub use layers::{CONFIG_FILE, Config, ConfigError, Key, Layer, MARK_PREFIX, Place};
pub use secret::{SECRET_LEN_MAX, SECRET_LEN_MIN, Secret};
pub use value::{CgroupParent, Setting};

#[cfg(test)]
mod tests;
