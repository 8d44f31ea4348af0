//! The annotated `impl` block, with the bodies of its functions unread (GEN-2).

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Generics, LitStr, Signature, Token, Type, Visibility, braced};

/// An inherent `impl` block.
pub(crate) struct Block {
    pub(crate) attrs: Vec<Attribute>,
    /// Rustc says what is wrong with it.
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) impl_token: Token![impl],
    pub(crate) generics: Generics,
    pub(crate) self_ty: Type,
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) items: Vec<BlockItem>,
}

/// One item of the block.
pub(crate) enum BlockItem {
    Method(Box<Method>),
    /// A constant, a type, a macro call: passed through.
    Other(TokenStream),
}

/// A function; its body is one token, a group or a semicolon.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: TokenTree,
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Block> {
        let attrs = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        let impl_token = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let self_ty: Type = input.parse()?;
        if input.peek(Token![for]) {
            return Err(syn::Error::new_spanned(
                &self_ty,
                "`#[actor]` goes on the actor's own `impl` block, not on an implementation of a trait\n\
                 = help: for a hand-written `impl Handler<M> for X`, list `M` in `#[actor(handles(M))]` \
                 on X's own impl block",
            ));
        }
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(content.parse()?);
        }
        Ok(Block { attrs, unsafety, impl_token, generics, self_ty, inner_attrs, items })
    }
}

impl Parse for BlockItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<BlockItem> {
        if starts_function(input)? {
            return Ok(BlockItem::Method(Box::new(input.parse()?)));
        }
        let mut tokens = TokenStream::new();
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let last = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            token.to_tokens(&mut tokens);
            if last {
                break;
            }
        }
        Ok(BlockItem::Other(tokens))
    }
}

/// Looks past attributes, visibility and qualifiers for `fn`.
fn starts_function(input: ParseStream<'_>) -> syn::Result<bool> {
    let ahead = input.fork();
    ahead.call(Attribute::parse_outer)?;
    ahead.parse::<Visibility>()?;
    loop {
        if ahead.peek(Token![fn]) {
            return Ok(true);
        }
        let qualifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr);
        if !qualifier {
            return Ok(false);
        }
        ahead.parse::<TokenTree>()?;
    }
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> syn::Result<Method> {
        Ok(Method {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, out: &mut TokenStream) {
        let Block { attrs, unsafety, impl_token, generics, self_ty, inner_attrs, items } = self;
        let (parameters, _, clause) = generics.split_for_impl();
        out.extend(quote! {
            #(#attrs)* #unsafety #impl_token #parameters #self_ty #clause { #(#inner_attrs)* #(#items)* }
        });
    }
}

impl ToTokens for BlockItem {
    fn to_tokens(&self, out: &mut TokenStream) {
        match self {
            BlockItem::Method(method) => method.to_tokens(out),
            BlockItem::Other(tokens) => tokens.to_tokens(out),
        }
    }
}

impl ToTokens for Method {
    fn to_tokens(&self, out: &mut TokenStream) {
        let Method { attrs, vis, sig, body } = self;
        out.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}
