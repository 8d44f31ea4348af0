//! The deserializer that makes values up and writes down what it is asked for. Knows no policy: `trace` chooses.

use std::any::type_name;
use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::identity;
use super::trace::{Runs, Trace, VALUES};

const WHOLE: [u8; VALUES] = [1, 0, 2, 3, 7, 16, 64, 127, 12, 24, 31, 100];
const REAL: [f32; VALUES] = [1.0, 0.0, -1.0, 0.5, 2.0, 10.0, 90.0, 100.0, -0.5, 0.1, 1e3, 1e6];
const CHAR: [char; VALUES] = ['a', 'A', '0', ' ', '/', '+', '-', '_', 'Z', '.', ':', '@'];
const TEXT: [&str; VALUES] = [
    "a",
    "1",
    "",
    "127.0.0.1",
    "1.0.0",
    "http://a.b/",
    "/",
    "00000000-0000-4000-8000-000000000000",
    "2024-01-01T00:00:00Z",
    "2024-01-01",
    "00:00:00",
    "2024-01-01T00:00:00",
];
const BYTES: [&[u8]; VALUES] = [
    &[1],
    &[],
    &[1; 16],
    &[1; 32],
    &[1; 8],
    &[1; 4],
    &[1; 64],
    &[1; 12],
    &[1; 20],
    &[1; 24],
    &[1; 33],
    &[1; 48],
];

/// A value was refused. Why is in the trace.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a made-up value was refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Refused {
        Refused
    }
}

/// Deserialises one made-up value, and writes its type to `out`.
pub(super) struct Probe<'t> {
    trace: &'t mut Trace,
    out: &'t mut String,
}

impl<'t> Probe<'t> {
    pub(super) fn new(trace: &'t mut Trace, out: &'t mut String) -> Probe<'t> {
        Probe { trace, out }
    }

    /// Drives `seed`, one level deeper; its type is in the text, whether or not it was built.
    fn drive<'de, S: DeserializeSeed<'de>>(
        trace: &mut Trace,
        seed: S,
    ) -> (String, Result<S::Value, Refused>) {
        let mut out = String::new();
        if !trace.descend() {
            return (out, Err(Refused));
        }
        let value = seed.deserialize(Probe::new(trace, &mut out));
        trace.ascend();
        if value.is_err() {
            trace.refused_by(type_name::<S::Value>());
        }
        identity::write(type_name::<S::Value>(), &mut out);
        (out, value)
    }

    fn unnamed_tuple<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let mut elements = Elements::new(self.trace, len, None);
        let value = visitor.visit_seq(&mut elements);
        self.out.push_str(&elements.in_parentheses());
        value
    }

    /// Builds a struct of any kind: `body` gives its shape, and the value.
    fn named<V>(
        self,
        name: &'static str,
        body: impl FnOnce(&mut Trace) -> (String, Result<V, Refused>),
    ) -> Result<V, Refused> {
        let (printed, chosen) = self.trace.open(type_name::<V>(), name, None);
        self.out.push_str(&printed);
        if chosen.is_none() {
            return Err(Refused);
        }
        let (shape, value) = body(self.trace);
        self.trace.close(shape, value.is_ok());
        value
    }
}

/// One method for each primitive: what it is called, what the visitor is given.
macro_rules! primitives {
    ($( $method:ident $name:literal => $visit:ident($value:expr); )*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.out.push_str($name);
            let value: fn(usize) -> _ = $value;
            visitor.$visit(value(self.trace.value()))
        }
    )* };
}

impl<'de> de::Deserializer<'de> for Probe<'_> {
    type Error = Refused;

    primitives! {
        deserialize_bool "bool" => visit_bool(|i| i % 2 == 1);
        deserialize_i8 "i8" => visit_i8(|i| WHOLE[i].cast_signed());
        deserialize_i16 "i16" => visit_i16(|i| WHOLE[i].into());
        deserialize_i32 "i32" => visit_i32(|i| WHOLE[i].into());
        deserialize_i64 "i64" => visit_i64(|i| WHOLE[i].into());
        deserialize_i128 "i128" => visit_i128(|i| WHOLE[i].into());
        deserialize_u8 "u8" => visit_u8(|i| WHOLE[i]);
        deserialize_u16 "u16" => visit_u16(|i| WHOLE[i].into());
        deserialize_u32 "u32" => visit_u32(|i| WHOLE[i].into());
        deserialize_u64 "u64" => visit_u64(|i| WHOLE[i].into());
        deserialize_u128 "u128" => visit_u128(|i| WHOLE[i].into());
        deserialize_f32 "f32" => visit_f32(|i| REAL[i]);
        deserialize_f64 "f64" => visit_f64(|i| REAL[i].into());
        deserialize_char "char" => visit_char(|i| CHAR[i]);
        deserialize_str "str" => visit_borrowed_str(|i| TEXT[i]);
        deserialize_string "str" => visit_string(|i| TEXT[i].to_owned());
        deserialize_bytes "bytes" => visit_borrowed_bytes(|i| BYTES[i]);
        deserialize_byte_buf "bytes" => visit_byte_buf(|i| BYTES[i].to_vec());
        deserialize_identifier "identifier" => visit_u64(|i| WHOLE[i].into());
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    /// A type that asks the data what it is has no structure of its own, and does not fit our encoding either.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.out.push_str("()");
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Probe { trace, out } = self;
        let container = trace.open_container(type_name::<V::Value>());
        out.push_str(if container.again { "^" } else { "Option<" });
        let value =
            if container.filled { visitor.visit_some(Probe::new(trace, out)) } else { visitor.visit_none() };
        if container.filled {
            identity::write_inner(type_name::<V::Value>(), out);
        }
        if !container.again {
            out.push('>');
        }
        trace.close_container();
        value
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let container = self.trace.open_container(type_name::<V::Value>());
        let mut elements = Elements::new(self.trace, usize::from(container.filled), None);
        let value = visitor.visit_seq(&mut elements);
        let inner = elements.runs.join();
        self.out.push_str(&if container.again { "^".to_owned() } else { format!("[{inner}]") });
        self.trace.close_container();
        value
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let container = self.trace.open_container(type_name::<V::Value>());
        let mut entry = Entry { trace: self.trace, left: container.filled, text: String::new() };
        let value = visitor.visit_map(&mut entry);
        let inner = entry.text;
        self.out.push_str(&if container.again { "^".to_owned() } else { format!("{{{inner}}}") });
        self.trace.close_container();
        value
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        self.unnamed_tuple(len, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(name, |_| ("()".to_owned(), visitor.visit_unit()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(name, |trace| {
            let mut inner = String::new();
            let value = visitor.visit_newtype_struct(Probe::new(trace, &mut inner));
            (format!("({inner})"), value)
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(name, |trace| {
            let mut elements = Elements::new(trace, len, Some(&[]));
            let value = visitor.visit_seq(&mut elements);
            (elements.in_parentheses(), value)
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.named(name, |trace| {
            let mut elements = Elements::new(trace, fields.len(), Some(fields));
            let value = visitor.visit_seq(&mut elements);
            (elements.in_braces(), value)
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let (printed, chosen) = self.trace.open(type_name::<V::Value>(), name, Some(variants));
        self.out.push_str(&printed);
        let index = chosen.ok_or(Refused)?;
        let mut shape = String::new();
        let value = visitor.visit_enum(Chosen { trace: self.trace, index, shape: &mut shape });
        self.trace.close(shape, value.is_ok());
        value
    }
}

/// The elements of a sequence or tuple, or the fields of a struct.
struct Elements<'t> {
    trace: &'t mut Trace,
    next: usize,
    len: usize,
    /// The names of the fields, for those of a named type.
    fields: Option<&'static [&'static str]>,
    runs: Runs,
}

impl<'t> Elements<'t> {
    fn new(trace: &'t mut Trace, len: usize, fields: Option<&'static [&'static str]>) -> Elements<'t> {
        Elements { trace, next: 0, len, fields, runs: Runs::default() }
    }

    fn in_parentheses(&self) -> String {
        format!("({})", self.runs.join())
    }

    fn in_braces(&self) -> String {
        format!("{{{}}}", self.runs.join())
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if self.next == self.len {
            return Ok(None);
        }
        let name = self.fields.and_then(|fields| fields.get(self.next));
        if self.fields.is_some() {
            self.trace.field(self.next);
        }
        self.next += 1;
        let (text, value) = Probe::drive(self.trace, seed);
        self.runs.push(name.map_or_else(|| text.clone(), |name| format!("{name}:{text}")));
        value.map(Some)
    }
}

/// The one entry of a made-up map.
struct Entry<'t> {
    trace: &'t mut Trace,
    left: bool,
    text: String,
}

impl<'de> de::MapAccess<'de> for Entry<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if !std::mem::take(&mut self.left) {
            return Ok(None);
        }
        let (text, key) = Probe::drive(self.trace, seed);
        self.text.push_str(&text);
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let (text, value) = Probe::drive(self.trace, seed);
        self.text.push(':');
        self.text.push_str(&text);
        value
    }
}

/// The variant of an enum that is being built.
struct Chosen<'t> {
    trace: &'t mut Trace,
    index: usize,
    shape: &'t mut String,
}

impl<'de> de::EnumAccess<'de> for Chosen<'_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refused> {
        let index = u32::try_from(self.index).map_err(|_| Refused)?;
        let variant = seed.deserialize(index.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Chosen<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        let (text, value) = Probe::drive(self.trace, seed);
        *self.shape = format!("({text})");
        value
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refused> {
        let mut elements = Elements::new(self.trace, len, Some(&[]));
        let value = visitor.visit_seq(&mut elements);
        *self.shape = elements.in_parentheses();
        value
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let mut elements = Elements::new(self.trace, fields.len(), Some(fields));
        let value = visitor.visit_seq(&mut elements);
        *self.shape = elements.in_braces();
        value
    }
}
