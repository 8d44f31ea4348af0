//! Replaces `Self` in the types of arguments and replies: a message stands outside the `impl` block.

use syn::visit_mut::{self, VisitMut};
use syn::{ExprPath, Type, parse_quote};

/// `ty` with the actor's type for every `Self`.
pub(super) fn replace(ty: &Type, actor: &Type) -> Type {
    let mut ty = ty.clone();
    Replace { actor }.visit_type_mut(&mut ty);
    ty
}

struct Replace<'a> {
    actor: &'a Type,
}

impl Replace<'_> {
    /// `Self::N` as `<Actor>::N`.
    fn qualified(&self, path: &syn::Path) -> (syn::QSelf, syn::Path) {
        let (actor, rest) = (self.actor, path.segments.iter().skip(1));
        let ty: syn::TypePath = parse_quote!(<#actor>::#(#rest)::*);
        match ty.qself {
            Some(qself) => (qself, ty.path),
            None => unreachable!("the type was written with `<..>`"),
        }
    }
}

fn begins_with_self(path: &syn::Path) -> bool {
    path.segments.len() > 1 && path.segments.first().is_some_and(|first| first.ident == "Self")
}

impl VisitMut for Replace<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && path.qself.is_none()
        {
            if path.path.is_ident("Self") {
                *ty = self.actor.clone();
                return;
            }
            if begins_with_self(&path.path) {
                let (qself, rest) = self.qualified(&path.path);
                (path.qself, path.path) = (Some(qself), rest);
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.qself.is_none() && begins_with_self(&path.path) {
            let (qself, rest) = self.qualified(&path.path);
            (path.qself, path.path) = (Some(qself), rest);
        }
        visit_mut::visit_expr_path_mut(self, path);
    }
}
