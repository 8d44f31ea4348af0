//! How a setting of each type is written, read and kept in its range. Knows no key.

use std::sync::Arc;
use std::time::Duration;

/// A type that a setting can have.
pub trait Setting: Clone + Ord + Sized {
    /// What a person would write, for the message about what they wrote.
    const FORM: &'static str;

    /// Whether it is in nothing that is shown to people.
    const IS_HIDDEN: bool = false;

    /// Reads what a person wrote.
    fn parse(text: &str) -> Option<Self>;

    /// Writes it so that [`parse`](Setting::parse) reads it back.
    fn print(&self) -> String;

    /// Writes it for people to see.
    fn show(&self) -> String {
        self.print()
    }

    /// The nearest value that no setting of this type may exceed.
    fn bounded(self) -> Self {
        self
    }
}

/// The longest duration a setting can have: a deadline this far ahead still fits every clock.
const DURATION_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The units of a duration, the largest that [`print`](Setting::print) uses first; the last two are only read.
const UNITS: [(&str, u64); 6] = [
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];

impl Setting for Duration {
    const FORM: &'static str = "a duration such as `5s`, `250ms` or `1m`, up to a year";

    fn parse(text: &str) -> Option<Duration> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let (_, unit_ns) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        let total = number.parse::<u64>().ok()?.checked_mul(*unit_ns)?;
        Some(Duration::from_nanos(total))
    }

    fn print(&self) -> String {
        let total_ns = self.as_nanos();
        let (unit, unit_ns) = UNITS
            .into_iter()
            .find(|(_, unit_ns)| total_ns.is_multiple_of(u128::from(*unit_ns)))
            .expect("every duration is a whole number of nanoseconds");
        format!("{}{unit}", total_ns / u128::from(unit_ns))
    }

    fn bounded(self) -> Duration {
        self.min(DURATION_MAX)
    }
}

impl Setting for bool {
    const FORM: &'static str = "`true` or `false`";

    fn parse(text: &str) -> Option<bool> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

/// Whole numbers; underscores may group their digits, as in Rust.
macro_rules! whole_number {
    ($($type:ty),*) => { $(
        impl Setting for $type {
            const FORM: &'static str = "a whole number such as `1024`";

            fn parse(text: &str) -> Option<$type> {
                text.replace('_', "").parse().ok()
            }

            fn print(&self) -> String {
                self.to_string()
            }
        }
    )* };
}
whole_number!(u32, u64, usize);

impl Setting for Arc<str> {
    const FORM: &'static str = "a text";

    fn parse(text: &str) -> Option<Arc<str>> {
        Some(text.into())
    }

    fn print(&self) -> String {
        self.as_ref().to_owned()
    }
}

impl Setting for Option<Arc<str>> {
    const FORM: &'static str = "a path, or `none`";

    fn parse(text: &str) -> Option<Option<Arc<str>>> {
        if text == "none" { Some(None) } else { Some(Some(text.into())) }
    }

    fn print(&self) -> String {
        self.as_deref().unwrap_or("none").to_owned()
    }
}

impl Setting for Option<u64> {
    const FORM: &'static str = "a whole number such as `42`, or `none`";

    fn parse(text: &str) -> Option<Option<u64>> {
        if text == "none" { Some(None) } else { u64::parse(text).map(Some) }
    }

    fn print(&self) -> String {
        self.map_or_else(|| "none".to_owned(), |number| number.print())
    }
}

/// Where the cgroups of children are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CgroupParent {
    /// Nowhere: none are made.
    #[default]
    None,
    /// Below the one that the process is in.
    Own,
    /// Below this directory.
    At(Arc<str>),
}

impl Setting for CgroupParent {
    const FORM: &'static str = "`none`, `own`, or the absolute path of a cgroup v2 directory";

    fn parse(text: &str) -> Option<CgroupParent> {
        match text {
            "none" => Some(CgroupParent::None),
            "own" => Some(CgroupParent::Own),
            path => path.starts_with('/').then(|| CgroupParent::At(path.into())),
        }
    }

    fn print(&self) -> String {
        match self {
            CgroupParent::None => "none".to_owned(),
            CgroupParent::Own => "own".to_owned(),
            CgroupParent::At(path) => path.to_string(),
        }
    }
}
