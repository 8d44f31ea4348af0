//! What a program says of types whose structure does not tell all.

/// A type and what is said of it: an entry of the link-time registry, made by [`identity!`](crate::identity).
#[derive(Debug)]
pub struct Identity {
    type_name: fn() -> &'static str,
    text: &'static str,
}

inventory::collect!(Identity);

impl Identity {
    /// Says `text` of `T`.
    pub const fn of<T: ?Sized>(text: &'static str) -> Identity {
        Identity { type_name: std::any::type_name::<T>, text }
    }
}

/// What is said of the type of this name, in the order of the texts: that of the registry is the linker's.
fn said_of(type_name: &str) -> Vec<&'static str> {
    let identities = inventory::iter::<Identity>.into_iter();
    let mut texts: Vec<_> =
        identities.filter(|known| (known.type_name)() == type_name).map(|known| known.text).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Writes what is said of a type behind its structure.
pub(super) fn write(type_name: &str, out: &mut String) {
    for text in said_of(type_name) {
        out.push_str(&format!("{text:?}"));
    }
}

/// As [`write`], for what is in an option: its type is known from that of the option alone.
pub(super) fn write_inner(option: &str, out: &mut String) {
    if let Some(inner) = option.strip_prefix("core::option::Option<").and_then(|rest| rest.strip_suffix('>'))
    {
        write(inner, out);
    }
}

/// What stands for a type that shows no structure: what is said of it, or else its path.
pub(super) fn instead_of_structure(type_name: &str) -> String {
    match said_of(type_name).is_empty() {
        true => format!("?<{type_name}>"),
        false => "?".to_owned(),
    }
}

/// Says of a type what its structure does not: `mesh::identity!(geo::Shape = "geo.Shape 2")`, anywhere in a crate that is linked.
///
/// Two builds compare types by their structure (see [`schema`](mod@crate::schema)), and these texts with it: where they differ,
/// the peers refuse one another. It is for a type, of any crate, whose `Deserialize` shows no structure, and for one whose
/// values have come to mean something else under the same structure: write a new text when that happens. Without a text, a
/// type that shows no structure is compared by its path. A text may be a constant, such as
/// `concat!("acme ", env!("CARGO_PKG_VERSION"))` for a type of one's own.
///
/// The type is that of an argument or a reply, or one in it: a field, an element, what is in an option. A struct of a single
/// unnamed field stands for what it wraps: say it of the struct.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// /// Degrees, and Fahrenheit since last week.
/// #[derive(Serialize, Deserialize)]
/// pub struct Reading { degrees: f64 }
///
/// mesh::identity!(Reading = "acme.Reading, Fahrenheit");
///
/// assert_eq!(
///     mesh::schema::schema_of::<Vec<Reading>>(),
///     "[Reading\"acme.Reading, Fahrenheit\"];Reading={degrees:f64}",
/// );
/// ```
#[macro_export]
macro_rules! identity {
    ($($type:ty = $text:expr),+ $(,)?) => {
        $($crate::__private::inventory::submit! { $crate::__private::Identity::of::<$type>($text) })+
    };
}
