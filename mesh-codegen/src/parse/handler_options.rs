//! `#[handler(local, name = "…", timeout = "5s", reduce = R, message = Ident)]`.

use std::time::Duration;

use proc_macro2::Ident;
use syn::{Attribute, LitStr, Meta, Token, Type};

use super::actor_options::wire_name;
use super::duration;
use super::options::each_option;
use crate::errors::Errors;

const OPTIONS: &[&str] = &["local", "name", "timeout", "reduce", "message"];

/// The options of `#[handler]`.
#[derive(Default)]
pub(crate) struct HandlerOptions {
    /// Only callable through a handle of the same process; lifts the demand for serde.
    pub(crate) local: bool,
    /// The name on the wire; by default the name of the function.
    pub(crate) name: Option<LitStr>,
    /// How long a caller waits that says nothing else.
    pub(crate) timeout: Option<Duration>,
    /// The reducer that merges the replies of a mesh.
    pub(crate) reduce: Option<Type>,
    /// The name of the generated message.
    pub(crate) message: Option<Ident>,
}

impl HandlerOptions {
    /// Reads the attribute; on a mistake the options that are right still count.
    pub(crate) fn read(attribute: &Attribute, errors: &mut Errors) -> HandlerOptions {
        let mut options = HandlerOptions::default();
        let list = match &attribute.meta {
            Meta::Path(_) => return options,
            Meta::List(list) => list,
            Meta::NameValue(value) => {
                errors.at(value, "write `#[handler]` or `#[handler(option, ..)]`");
                return options;
            }
        };
        each_option("#[handler(..)]", OPTIONS, list.tokens.clone(), errors, |key, input, _| {
            match key {
                "local" => options.local = true,
                "name" => options.name = Some(wire_name(input)?),
                "timeout" => {
                    input.parse::<Token![=]>()?;
                    let zero = "a timeout of zero would fail every call";
                    options.timeout = Some(duration::parse(&input.parse()?, zero)?);
                }
                "reduce" => {
                    input.parse::<Token![=]>()?;
                    options.reduce = Some(input.parse()?);
                }
                _ => {
                    input.parse::<Token![=]>()?;
                    options.message = Some(input.parse()?);
                }
            }
            Ok(())
        });
        options
    }
}
