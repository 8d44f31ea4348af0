//! `#[actor(name = "…", crate = path, handles(…), resource(…), mailbox(…), restart(…), parts(…))]`, and `#[actor(part = …)]` on a further block.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, Type, parenthesized};

use super::duration;
use super::options::{each_option, nearest};
use crate::errors::Errors;

const OPTIONS: &[&str] = &["name", "crate", "handles", "resource", "mailbox", "restart", "parts", "part"];
const MAILBOX_OPTIONS: &[&str] = &["capacity", "full"];
const RESTART_OPTIONS: &[&str] = &["max", "within", "backoff"];
const POLICIES: &[(&str, &str)] = &[("wait", "Wait"), ("reject", "Reject"), ("drop_oldest", "DropOldest")];

/// The options of `#[actor]`.
#[derive(Default)]
pub(crate) struct ActorOptions {
    /// The stable type name; by default the module path and the identifier.
    pub(crate) name: Option<LitStr>,
    /// Where the runtime lives; by default `::mesh`.
    pub(crate) krate: Option<Path>,
    /// Messages with a hand-written `Handler` that are exported too.
    pub(crate) handles: Vec<Type>,
    /// Kinds of resources the actor manages.
    pub(crate) resources: Vec<ResourcePlace>,
    /// What was said about the mailbox.
    pub(crate) mailbox: Option<Mailbox>,
    /// How often it is made anew when it fails.
    pub(crate) restart: Option<Restart>,
    /// The names of its further blocks.
    pub(crate) parts: Vec<Ident>,
    /// The name of this block, if it is a further one.
    pub(crate) part: Option<Ident>,
}

/// `Kind = self.table`.
pub(crate) struct ResourcePlace {
    pub(crate) kind: Type,
    pub(crate) place: Expr,
}

/// `mailbox(capacity = N, full = "…")`; what is absent is the runtime's default.
#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) capacity: Option<Expr>,
    /// The variant of `FullPolicy`.
    pub(crate) full: Option<Ident>,
}

/// `restart(max = N, within = "…", backoff = "…")`; what is absent is the runtime's default.
pub(crate) struct Restart {
    /// Where it is said.
    pub(crate) span: Span,
    pub(crate) max: Option<LitInt>,
    pub(crate) within: Option<Duration>,
    pub(crate) backoff: Option<Duration>,
}

impl ActorOptions {
    /// Reads the tokens between the parentheses of the attribute.
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> ActorOptions {
        let mut options = ActorOptions::default();
        each_option("#[actor(..)]", OPTIONS, tokens, errors, |key, input, errors| {
            match key {
                "name" => options.name = Some(wire_name(input)?),
                "crate" => options.krate = Some(path(input)?),
                "handles" => options.handles.extend(list(input)?),
                "resource" => options.resources.extend(resources(input)?),
                "parts" => options.parts.extend(names(input)?),
                "part" => {
                    input.parse::<Token![=]>()?;
                    options.part = Some(input.parse()?);
                }
                "restart" => options.restart = Some(restart(input, errors)?),
                _ => options.mailbox = Some(mailbox(input, errors)?),
            }
            Ok(())
        });
        options
    }
}

/// `= "a.name"`, not empty.
pub(crate) fn wire_name(input: ParseStream<'_>) -> syn::Result<LitStr> {
    input.parse::<Token![=]>()?;
    let name: LitStr = input.parse()?;
    if name.value().trim().is_empty() {
        return Err(syn::Error::new(name.span(), "a name must not be empty"));
    }
    Ok(name)
}

/// `= some::path`.
pub(crate) fn path(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style)
}

fn list(input: ParseStream<'_>) -> syn::Result<Punctuated<Type, Token![,]>> {
    let content;
    parenthesized!(content in input);
    Punctuated::parse_terminated(&content)
}

fn names(input: ParseStream<'_>) -> syn::Result<Punctuated<Ident, Token![,]>> {
    let content;
    parenthesized!(content in input);
    Punctuated::parse_terminated(&content)
}

fn resources(input: ParseStream<'_>) -> syn::Result<Punctuated<ResourcePlace, Token![,]>> {
    let content;
    parenthesized!(content in input);
    let place = |input: ParseStream<'_>| {
        let kind = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(ResourcePlace { kind, place: input.parse()? })
    };
    Punctuated::parse_terminated_with(&content, place)
}

fn mailbox(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Mailbox> {
    let content;
    parenthesized!(content in input);
    let mut mailbox = Mailbox::default();
    each_option("mailbox(..)", MAILBOX_OPTIONS, content.parse()?, errors, |key, input, _| {
        input.parse::<Token![=]>()?;
        match key {
            "capacity" => mailbox.capacity = Some(capacity(input)?),
            _ => mailbox.full = Some(full_policy(&input.parse()?)?),
        }
        Ok(())
    });
    Ok(mailbox)
}

fn capacity(input: ParseStream<'_>) -> syn::Result<Expr> {
    let capacity: Expr = input.parse()?;
    if let Expr::Lit(literal) = &capacity {
        let syn::Lit::Int(number) = &literal.lit else {
            return Err(syn::Error::new_spanned(literal, "a capacity is a whole number of messages"));
        };
        if number.base10_parse::<u64>().is_ok_and(|number| number == 0) {
            return Err(syn::Error::new_spanned(
                number,
                "a mailbox holds at least one message\n= help: write `capacity = 1` or more",
            ));
        }
    }
    Ok(capacity)
}

fn full_policy(written: &LitStr) -> syn::Result<Ident> {
    let value = written.value();
    if let Some((_, variant)) = POLICIES.iter().find(|(word, _)| *word == value) {
        return Ok(Ident::new(variant, written.span()));
    }
    let words: Vec<&str> = POLICIES.iter().map(|(word, _)| *word).collect();
    let hint =
        nearest(&value, &words).map_or(String::new(), |near| format!("\n= help: did you mean \"{near}\"?"));
    Err(syn::Error::new(
        written.span(),
        format!(
            "unknown policy \"{value}\" for a full mailbox{hint}\n\
             = note: available policies: \"wait\", \"reject\", \"drop_oldest\""
        ),
    ))
}

fn restart(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Restart> {
    let content;
    let parentheses = parenthesized!(content in input);
    let mut restart = Restart { span: parentheses.span.join(), max: None, within: None, backoff: None };
    each_option("restart(..)", RESTART_OPTIONS, content.parse()?, errors, |key, input, _| {
        input.parse::<Token![=]>()?;
        match key {
            "max" => restart.max = Some(times(input)?),
            "within" => {
                restart.within = Some(duration::parse(&input.parse()?, "no time has no failures in it")?)
            }
            _ => {
                let zero = "without a pause, what fails at once takes all the time there is";
                restart.backoff = Some(duration::parse(&input.parse()?, zero)?);
            }
        }
        Ok(())
    });
    Ok(restart)
}

fn times(input: ParseStream<'_>) -> syn::Result<LitInt> {
    let literal: syn::Lit = input.parse()?;
    let number = match &literal {
        syn::Lit::Int(number) => number.base10_parse::<u16>().ok().map(|times| (times, number.clone())),
        _ => None,
    };
    match number {
        Some((0, number)) => Err(syn::Error::new(
            number.span(),
            "an actor that is never restarted has no policy\n= help: write `max = 1` or more",
        )),
        Some((_, number)) => Ok(LitInt::new(number.base10_digits(), number.span())),
        None => Err(syn::Error::new_spanned(literal, "`max` is a whole number of restarts, up to 65535")),
    }
}
