//! Rules that handlers, constructors and hooks share.

use syn::{GenericParam, Safety};

use crate::errors::Errors;
use crate::model::{Function, Parameter};
use crate::tokens::text;

/// No `unsafe`, `const`, `extern` or `...`.
pub(super) fn qualifiers(function: &Function, what: &str, errors: &mut Errors) {
    let sig = &function.sig;
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(
            token,
            format!(
                "a {what} cannot be `unsafe`: the runtime calls it with whatever a peer sent\n\
                 = help: make the function safe and validate its arguments"
            ),
        );
    }
    if let Some(token) = &sig.constness {
        errors.at(token, format!("a {what} cannot be `const`: it runs when a message comes in"));
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format!("a {what} cannot be `extern`: the runtime calls it by the Rust ABI"));
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, format!("a {what} cannot be variadic: every argument has its name and type"));
    }
}

/// No parameters of its own; `advice` depends on the kind of parameter and on the function.
pub(super) fn not_generic(
    function: &Function,
    advice: impl Fn(&GenericParam) -> String,
    what: &str,
    errors: &mut Errors,
) {
    for parameter in &function.sig.generics.params {
        errors.at(parameter, advice(parameter));
    }
    if let Some(clause) = &function.sig.generics.where_clause {
        errors.at(
            clause,
            format!(
                "a {what} cannot have its own `where` clause\n= help: move the bounds to the `impl` block"
            ),
        );
    }
}

/// A plain name, since it becomes the name of a field; true when it has one.
pub(super) fn plain_name(parameter: &Parameter, what: &str, errors: &mut Errors) -> bool {
    if !parameter.has_plain_name() {
        errors.at(
            &parameter.written.pat,
            format!(
                "a {what} argument needs a plain name: it becomes a field of the generated message\n\
                 = help: write `arg: {}` and destructure in the body",
                text(&parameter.written.ty)
            ),
        );
    }
    parameter.has_plain_name()
}

/// No `#[cfg]` on single arguments.
pub(super) fn no_cfg(parameter: &Parameter, what: &str, errors: &mut Errors) {
    let conditional = |path: &syn::Path| path.is_ident("cfg") || path.is_ident("cfg_attr");
    if let Some(cfg) = parameter.written.attrs.iter().find(|attribute| conditional(attribute.path())) {
        errors.at(
            cfg,
            format!(
                "{what} arguments cannot be `#[cfg]`ed: peers would disagree on the message\n\
                 = help: put `#[cfg]` on the whole {what}"
            ),
        );
    }
}

/// At most [`super::ARGUMENTS_MAX`] of them.
pub(super) fn argument_count(function: &Function, count: usize, what: &str, errors: &mut Errors) {
    let max = super::ARGUMENTS_MAX;
    if count > max {
        errors.at(
            function.ident(),
            format!(
                "{what} `{}` has {count} arguments; the limit is {max}\n= help: group them in a struct",
                function.ident()
            ),
        );
    }
}
