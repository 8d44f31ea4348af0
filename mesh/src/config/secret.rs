//! The shared secret: a setting that nothing prints.

use std::fmt;
use std::sync::Arc;

use super::value::Setting;

/// The shortest secret, in bytes: a shorter one could be guessed from one overheard proof.
pub const SECRET_LEN_MIN: usize = 16;

/// The longest secret, in bytes.
pub const SECRET_LEN_MAX: usize = 1024;

/// What is shown instead of a secret. It is never taken for one.
pub(super) const HIDDEN: &str = "(hidden)";

/// What the gateways of a private network prove to each other that they know; by default there is none. `Debug` does
/// not show it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(Option<Arc<str>>);

impl Secret {
    /// A secret of [`SECRET_LEN_MIN`] to [`SECRET_LEN_MAX`] bytes; `None` if `text` is not one.
    pub fn new(text: &str) -> Option<Secret> {
        let fits = (SECRET_LEN_MIN..=SECRET_LEN_MAX).contains(&text.len());
        (fits && text.trim() == text && text != HIDDEN).then(|| Secret(Some(text.into())))
    }

    /// Its bytes, if there is one.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref().map(str::as_bytes)
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show())
    }
}

impl Setting for Secret {
    const FORM: &'static str =
        "a text of 16 to 1024 bytes without `#` and without spaces around it, or `none`";
    const IS_HIDDEN: bool = true;

    fn parse(text: &str) -> Option<Secret> {
        if text == "none" { Some(Secret(None)) } else { Secret::new(text) }
    }

    /// The secret itself: for the children alone.
    fn print(&self) -> String {
        self.0.as_deref().unwrap_or("none").to_owned()
    }

    fn show(&self) -> String {
        if self.is_set() { HIDDEN.to_owned() } else { "none".to_owned() }
    }
}
