//! Assertions on the user's own types, so that a missing bound is one error, on the type that lacks it.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Type, parse_quote};

use super::scope::Paths;
use crate::model::{Actor, Handler};
use crate::tokens::{ends, last_segment, respan, type_arguments, ungroup};

/// Containers of serde's whose bounds are those of their parameters, with the number of parameters.
const CONTAINERS: &[(&str, usize)] = &[
    ("Vec", 1),
    ("Option", 1),
    ("Box", 1),
    ("VecDeque", 1),
    ("Result", 2),
    ("HashMap", 2),
    ("BTreeMap", 2),
    ("HashSet", 1),
    ("BTreeSet", 1),
];

/// A function that is never called and only compiles if every argument and the reply can travel.
pub(super) fn of_handler(handler: &Handler, paths: &Paths) -> TokenStream {
    let arg = if handler.is_local() { Fits::LocalArg } else { Fits::RemoteArg };
    // What stays in the process needs no look into containers: `Box<dyn Fn()>` is an argument, `dyn Fn()` is none.
    let parts = |ty| if handler.is_local() { vec![ty] } else { leaves(ty) };
    let args = handler.function.values().flat_map(|value| parts(&value.ty));
    let generic = !handler.generics.params.is_empty();
    let args = args.map(|ty| assertion(paths, arg, ty, generic));
    let replies = match handler.stream_item() {
        Some(item) => leaves(item).into_iter().map(|ty| (Fits::StreamItem, ty)).collect(),
        None if handler.is_local() => vec![(Fits::LocalReply, &handler.reply)],
        None => leaves(&handler.reply).into_iter().map(|ty| (Fits::RemoteReply, ty)).collect(),
    };
    let replies = replies.into_iter().map(|(bound, ty)| assertion(paths, bound, ty, generic));
    let reduce = handler.options.reduce.as_ref().map(|reducer| reduces(paths, reducer, &handler.reply));
    let (parameters, _, clause) = handler.generics.split_for_impl();
    quote! {
        fn check #parameters () #clause {
            #(#args)*
            #(#replies)*
            #reduce
        }
    }
}

/// What is asserted of a type.
#[derive(Clone, Copy)]
pub(crate) enum Fits {
    RemoteArg,
    RemoteReply,
    StreamItem,
    LocalArg,
    LocalReply,
    /// An actor with a stable name.
    Actor,
}

/// `let _ = <T as Argument>::FITS;`, all of it at the place of `T`.
///
/// rustc 1.95 blames the type and later ones the path; both are now the user's type. (`Span::join` is not stable, so the
/// first token and the last one carry the two ends.) Where the type may mention a parameter, the bound is that of a
/// function, so that rustc's advice names a trait that the user can write.
pub(crate) fn assertion(paths: &Paths, fits: Fits, ty: &Type, generic: bool) -> TokenStream {
    let item = match (fits, generic) {
        (Fits::RemoteArg, true) => return assert_call(paths, "RemoteArg", ty),
        (Fits::RemoteReply, true) => return assert_call(paths, "RemoteReply", ty),
        (Fits::RemoteArg, false) => quote!(RemoteArgument),
        (Fits::RemoteReply, false) => quote!(ReplyValue),
        (Fits::StreamItem, _) => quote!(StreamItem),
        (Fits::Actor, _) => quote!(NamedActor),
        (Fits::LocalArg, _) => quote!(LocalArgument),
        (Fits::LocalReply, _) => quote!(LocalReply),
    };
    assert_item(paths, quote!(#item>::FITS), ty)
}

/// The function stands here, since an error about its bound shows it.
fn assert_call(paths: &Paths, bound: &str, ty: &Type) -> TokenStream {
    let ty = ty.to_token_stream();
    let (first, last) = ends(&ty);
    let (p, bound) = (&paths.private, format_ident!("{bound}"));
    let function = respan(quote!(fn fits<__T: #p::#bound>() {}), first);
    let head = respan(quote!(fits::<), first);
    let tail = respan(quote!(>), last);
    quote!({ #function let _ = #head #ty #tail; })
}

/// What each impl of the actor takes for granted: that its parameters are `'static`, that it handles the messages of its
/// list, and that its resources are some.
pub(super) fn of_actor(actor: &Actor, paths: &Paths) -> Option<TokenStream> {
    let options = &actor.options;
    let parameters = actor.generics.type_params().map(|parameter| {
        let ident = &parameter.ident;
        assert_item(paths, quote!(Lasting > ::FITS), &parse_quote!(#ident))
    });
    let handles = options.handles.iter().map(|message| handles(paths, &actor.ty, message));
    let kinds = options
        .resources
        .iter()
        .map(|resource| assert_item(paths, quote!(Resource > ::NAME), &resource.kind));
    let asserted: Vec<_> = parameters.chain(handles).chain(kinds).collect();
    let (parameters, _, clause) = actor.generics.split_for_impl();
    (!asserted.is_empty()).then(|| quote!(fn check #parameters () #clause { #(#asserted)* }))
}

/// That the actor handles a message of its list, and that it can come from anywhere.
fn handles(paths: &Paths, actor: &Type, message: &Type) -> TokenStream {
    let (first, last) = ends(&message.to_token_stream());
    let p = &paths.private;
    let head = respan(quote!(<#actor as #p::Handles<), first);
    let tail = respan(quote!(>>::FITS), last);
    quote!(let _ = #head #message #tail;)
}

/// Lets gateways merge the replies of a handler with its reducer. What a generic actor says is merged by the caller: there
/// is no list of its instances.
pub(super) fn merge_of_handler(handler: &Handler, paths: &Paths) -> Option<TokenStream> {
    let reducer = handler.options.reduce.as_ref().filter(|_| handler.generics.params.is_empty())?;
    let (p, reply) = (&paths.private, &handler.reply);
    Some(quote! {
        #p::inventory::submit! {{
            use #p::CallerMerges as _;
            #p::Mergeable::<#reply, #reducer>::ENTRY
        }}
    })
}

/// The same for a reducer and the replies it is to merge.
fn reduces(paths: &Paths, reducer: &Type, reply: &Type) -> TokenStream {
    assert_item(paths, quote!(Reducer<#reply>>::reduce), reducer)
}

fn assert_item(paths: &Paths, item: TokenStream, ty: &Type) -> TokenStream {
    let ty = ty.to_token_stream();
    let (first, last) = ends(&ty);
    let p = &paths.private;
    let head = respan(quote!(<), first);
    let tail = respan(quote!(as #p::#item), last);
    quote!(let _ = #head #ty #tail;)
}

/// The types to assert on: looks through containers, so that `Result<String, io::Error>` points at `io::Error`.
pub(super) fn leaves(ty: &Type) -> Vec<&Type> {
    let ty = ungroup(ty);
    if let Type::Tuple(tuple) = ty
        && !tuple.elems.is_empty()
    {
        return tuple.elems.iter().flat_map(leaves).collect();
    }
    let Some(segment) = last_segment(ty) else { return vec![ty] };
    let parameters = type_arguments(segment);
    let is_container =
        CONTAINERS.iter().any(|(name, count)| segment.ident == *name && parameters.len() == *count);
    if is_container && parameters.iter().all(|parameter| is_sized(parameter)) {
        parameters.into_iter().flat_map(leaves).collect()
    } else {
        vec![ty]
    }
}

/// `Box<str>` can travel although `str` cannot.
fn is_sized(ty: &Type) -> bool {
    match ungroup(ty) {
        Type::Slice(_) | Type::TraitObject(_) => false,
        Type::Path(path) => !path.path.is_ident("str"),
        _ => true,
    }
}
