//! Rules about the block as a whole.

use quote::ToTokens;
use syn::{Expr, GenericParam, Generics, TypeParam, WherePredicate};

use crate::errors::Errors;
use crate::model::Actor;
use crate::tokens::{last_segment, text};

/// Rules about its parameters: where they are broken, there is no actor to generate anything for.
pub(crate) fn parameters(actor: &Actor, errors: &mut Errors) -> bool {
    let before = errors.len();
    for parameter in &actor.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => errors.at(
                lifetime,
                "an actor cannot borrow: it lives on its own task, for as long as it likes\n\
                 = help: own the data, or share it through an `Arc`",
            ),
            GenericParam::Type(ty) if is_unbounded(ty, &actor.generics) => errors.at(
                ty,
                format!(
                    "a parameter of an actor moves between threads, and its values may be sent\n\
                     = help: write `{0}: RemoteArg`, or `{0}: Send + 'static` if it is in no message",
                    ty.ident
                ),
            ),
            _ => {}
        }
    }
    errors.len() == before
}

/// Whether nothing is said of a parameter, where it is declared or in the `where` clause.
pub(crate) fn is_unbounded(parameter: &TypeParam, generics: &Generics) -> bool {
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let mut bounded = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => last_segment(&predicate.bounded_ty),
        _ => None,
    });
    parameter.bounds.is_empty() && !bounded.any(|segment| segment.ident == parameter.ident)
}

/// Rules about the block; what breaks them leaves the model.
pub(super) fn check(actor: &mut Actor, errors: &mut Errors) {
    actor.options.resources.retain(|resource| {
        let sound = is_field_of_self(&resource.place);
        if !sound {
            errors.at(
                &resource.place,
                format!(
                    "a resource table is a field of the actor\n= help: write `resource({} = self.table)`",
                    text(&resource.kind)
                ),
            );
        }
        sound
    });
}

/// `self.a.b`: the first word is `self` and something follows.
fn is_field_of_self(place: &Expr) -> bool {
    let first = place.to_token_stream().into_iter().next();
    matches!(place, Expr::Field(_)) && first.is_some_and(|token| token.to_string() == "self")
}
