//! Rules about the types of arguments and replies: owned, concrete, written out.

use syn::visit::{self, Visit};
use syn::{Lifetime, Type};

use crate::errors::Errors;
use crate::tokens::{last_segment, text, type_arguments, ungroup};

/// A type that can be a field of a message. `what` is "handler argument" and the like.
pub(super) fn owned(ty: &Type, what: &str, errors: &mut Errors) {
    if let Type::Reference(reference) = ungroup(ty)
        && !is_static(reference.lifetime.as_ref())
    {
        errors.at(
            ty,
            format!(
                "a {what} must be owned: it outlives the caller's stack frame\n= help: use `{}` instead of `{}`",
                owned_form(ty),
                text(ty)
            ),
        );
        return;
    }
    Owned { what, errors }.visit_type(ty);
}

struct Owned<'a> {
    what: &'a str,
    errors: &'a mut Errors,
}

impl<'a> Visit<'a> for Owned<'_> {
    fn visit_type(&mut self, ty: &'a Type) {
        let what = self.what;
        match ty {
            Type::Reference(reference) if !is_static(reference.lifetime.as_ref()) => {
                let form = owned_form(ty);
                self.errors
                    .at(ty, format!("a {what} must not contain borrows\n= help: use `{form}` instead"));
            }
            Type::ImplTrait(_) => self.errors.at(
                ty,
                format!(
                    "a {what} must be one concrete type, because it becomes part of a message; `impl Trait` is not\n\
                     = help: name a concrete type, or make the actor generic: `impl<T: RemoteArg> Actor<T>`"
                ),
            ),
            // Rustc reports it, in the user's own function.
            Type::Infer(_) => self.errors.left_to_rustc(),
            Type::Path(path) if is_rc(path) => self.errors.at(
                ty,
                format!("a {what} moves between threads, and an `Rc` cannot\n= help: use `Arc` instead of `Rc`"),
            ),
            // The borrows in the signature of a function pointer are not in the value.
            Type::FnPtr(_) => {}
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {}

    fn visit_bound_lifetimes(&mut self, _: &'a syn::BoundLifetimes) {}

    fn visit_lifetime(&mut self, lifetime: &'a Lifetime) {
        if !is_static(Some(lifetime)) {
            let what = self.what;
            self.errors.at(
                lifetime,
                format!("a {what} must be `'static`: it is stored in a message\n= help: use an owned type"),
            );
        }
    }
}

/// By name: whatever else is not `Send` is reported by its bounds.
fn is_rc(path: &syn::TypePath) -> bool {
    path.path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "Rc" && type_arguments(segment).len() == 1)
}

fn is_static(lifetime: Option<&Lifetime>) -> bool {
    lifetime.is_some_and(|lifetime| lifetime.ident == "static")
}

/// The owned type a reference probably stands for.
fn owned_form(ty: &Type) -> String {
    let Type::Reference(reference) = ungroup(ty) else { return text(ty) };
    match ungroup(&reference.elem) {
        Type::Path(path) if path.path.is_ident("str") => "String".to_string(),
        Type::Path(path) if path.path.is_ident("Path") => "PathBuf".to_string(),
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        other => text(other),
    }
}

/// `Context<..>` by value or behind `&mut`: what is wrong with it.
pub(super) fn misshapen_context(ty: &Type) -> Option<&'static str> {
    let is_context = |ty: &Type| {
        last_segment(ty).is_some_and(|segment| segment.ident == "Context" && !segment.arguments.is_empty())
    };
    match ungroup(ty) {
        Type::Reference(reference) => (reference.mutability.is_some() && is_context(&reference.elem))
            .then_some("a context is borrowed immutably"),
        other => is_context(other).then_some("a context is borrowed"),
    }
}
