//! Every rule of the checker: what is written, and the errors it gives, word for word.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// The texts of all `compile_error!` in `tokens`.
fn errors(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut after_name = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if name == "compile_error" => after_name = true,
            TokenTree::Group(group) if after_name => {
                let text: syn::LitStr = syn::parse2(group.stream()).expect("an error is a string");
                found.push(text.value());
                after_name = false;
            }
            TokenTree::Group(group) => found.extend(errors(group.stream())),
            _ => {}
        }
    }
    found
}

#[track_caller]
fn same(tokens: TokenStream, want: &[&str]) {
    assert_eq!(errors(tokens), want);
}

/// The errors of one method in `#[actor] impl A`.
#[track_caller]
fn method(method: TokenStream, want: &[&str]) {
    same(mesh_codegen::actor(quote!(), quote!(impl A { #method })), want);
}

/// The errors of the options of `#[actor]`.
#[track_caller]
fn options(options: TokenStream, want: &[&str]) {
    same(mesh_codegen::actor(options, quote!(impl A {})), want);
}

#[test]
fn actor_goes_on_an_impl_block() {
    let on = |item| mesh_codegen::actor(quote!(), item);
    same(
        on(quote!(
            pub struct Counter {
                n: i64,
            }
        )),
        &["`#[actor]` goes on the `impl` block that holds the handlers, not on the type\n\
           = help: write `#[mesh::actor] impl Counter { #[handler] async fn .. }`"],
    );
    same(
        on(quote!(
            mod m {}
        )),
        &["`#[actor]` goes on an `impl` block, not on a `mod`"],
    );
    same(
        on(quote!(impl Handler<M> for A { #[handler] fn f(&self) {} })),
        &["`#[actor]` goes on the actor's own `impl` block, not on an implementation of a trait\n\
           = help: for a hand-written `impl Handler<M> for X`, list `M` in `#[actor(handles(M))]` on X's own impl block"],
    );
    same(
        on(quote!(impl [u8] { #[handler] fn f(&self) {} })),
        &["an actor is a named type\n\
           = help: write `#[mesh::actor] impl Counter { .. }` for a struct or enum of your own"],
    );
    same(
        on(quote!(
            impl<'a> A<'a> {}
        )),
        &["an actor cannot borrow: it lives on its own task, for as long as it likes\n\
           = help: own the data, or share it through an `Arc`"],
    );
}

#[test]
fn what_is_no_signature_is_explained() {
    let on = |item| mesh_codegen::actor(quote!(), item);
    // Rustc explains these itself: an impl that nothing is unsafe about, a default argument in the user's own function.
    same(on(quote!(unsafe impl A { #[handler] fn f(&self) {} })), &[]);
    same(on(quote!(impl A { #[handler] fn f(&self, by: u8 = 1) {} })), &[]);
}

#[test]
fn parameters_of_an_actor_are_bounded() {
    let on = |item| mesh_codegen::actor(quote!(), item);
    same(
        on(quote!(
            impl<T, U: Send, V> A<T, U, V>
            where
                V: RemoteArg,
            {
                #[handler]
                fn f(&self) {}
            }
        )),
        &["a parameter of an actor moves between threads, and its values may be sent\n\
           = help: write `T: RemoteArg`, or `T: Send + 'static` if it is in no message"],
    );
}

#[test]
fn an_rc_stays_on_its_thread() {
    method(
        quote!(
            #[handler]
            fn f(&self, x: Vec<Rc<u8>>) -> std::rc::Rc<u8> {}
        ),
        &[
            "a handler argument moves between threads, and an `Rc` cannot\n= help: use `Arc` instead of `Rc`",
            "a handler reply moves between threads, and an `Rc` cannot\n= help: use `Arc` instead of `Rc`",
        ],
    );
}

#[test]
fn options_of_actor() {
    options(
        quote!(nmae = "x"),
        &["unknown option `nmae` in `#[actor(..)]`\n= help: did you mean `name`?\n\
           = note: available options: `name`, `crate`, `handles`, `resource`, `mailbox`, `restart`, `parts`, `part`"],
    );
    options(
        quote!(supervise),
        &["unknown option `supervise` in `#[actor(..)]`\n\
           = note: available options: `name`, `crate`, `handles`, `resource`, `mailbox`, `restart`, `parts`, `part`"],
    );
    options(quote!(name = "a", name = "b"), &["option `name` is given twice in `#[actor(..)]`"]);
    options(quote!(name = ""), &["a name must not be empty"]);
    options(
        quote!(mailbox(capacity = 0, full = "droop_oldest", size = 3)),
        &[
            "a mailbox holds at least one message\n= help: write `capacity = 1` or more",
            "unknown policy \"droop_oldest\" for a full mailbox\n= help: did you mean \"drop_oldest\"?\n\
             = note: available policies: \"wait\", \"reject\", \"drop_oldest\"",
            "unknown option `size` in `mailbox(..)`\n= note: available options: `capacity`, `full`",
        ],
    );
    options(
        quote!(restart(max = 0, within = "0s", backof = "1s", backoff = "0ms")),
        &[
            "an actor that is never restarted has no policy\n= help: write `max = 1` or more",
            "no time has no failures in it",
            "unknown option `backof` in `restart(..)`\n= help: did you mean `backoff`?\n\
             = note: available options: `max`, `within`, `backoff`",
            "without a pause, what fails at once takes all the time there is",
        ],
    );
    for max in [quote!("many"), quote!(65536), quote!(1.5)] {
        options(quote!(restart(max = #max)), &["`max` is a whole number of restarts, up to 65535"]);
    }
    options(quote!(mailbox(capacity = "many")), &["a capacity is a whole number of messages"]);
    options(
        quote!(resource(Proc = table)),
        &["a resource table is a field of the actor\n= help: write `resource(Proc = self.table)`"],
    );
    options(quote!(name "a"), &["expected `=`"]);
    options(quote!(name = "a" crate = x), &["expected `,`"]);
}

#[test]
fn options_of_handler() {
    method(
        quote!(
            #[handler(timout = "5s")]
            fn f(&self) {}
        ),
        &["unknown option `timout` in `#[handler(..)]`\n= help: did you mean `timeout`?\n\
           = note: available options: `local`, `name`, `timeout`, `reduce`, `message`"],
    );
    method(
        quote!(
            #[handler = "x"]
            fn f(&self) {}
        ),
        &["write `#[handler]` or `#[handler(option, ..)]`"],
    );
    for text in ["5 parsecs", "s", "-5s", "1.5s", "", "99999999999999999999s", "18446744073709551615h"] {
        method(
            quote!(
                #[handler(timeout = #text)]
                fn f(&self) {}
            ),
            &[&format!(
                "`{text}` is not a duration\n\
                 = help: write a whole number and its unit: \"250ms\", \"5s\", \"2m\" or \"1h\""
            )],
        );
    }
    method(
        quote!(
            #[handler(timeout = "0s")]
            fn f(&self) {}
        ),
        &["a timeout of zero would fail every call"],
    );
    method(
        quote!(
            #[handler(local, reduce = Sum)]
            fn f(&self) -> u64 {
                1
            }
        ),
        &["a local handler is never called on a mesh, so there is nothing to reduce\n\
           = help: remove `local` or `reduce`"],
    );
    method(
        quote!(
            #[handler(reduce = Sum)]
            fn f(&self, #[stream] out: PortRef<u64>) {}
        ),
        &["a streaming handler has no reply to reduce\n= help: fold the items where they are read"],
    );
}

#[test]
fn every_unit_of_time_is_known() {
    for text in ["250ms", "5s", "2m", "1h", " 5 s "] {
        method(
            quote!(
                #[handler(timeout = #text)]
                fn f(&self) {}
            ),
            &[],
        );
    }
}

#[test]
fn roles() {
    method(
        quote!(
            #[handler]
            #[on_start]
            fn f(&self) {}
        ),
        &[
            "a method has one role: keep one of `#[handler]`, `#[new]`, `#[on_start]`, `#[on_stop]`, `#[on_failure]`, `#[on_event]`",
        ],
    );
    method(
        quote!(
            #[new(x)]
            fn f() -> Self {
                A
            }
        ),
        &["`#[new]` takes no options\n= help: write `#[new]`"],
    );
    method(
        quote!(
            fn f(&self, #[stream] x: u8) {}
        ),
        &["`#[stream]` belongs on an argument of a `#[handler]`"],
    );
    method(
        quote!(
            #[new]
            fn f(#[stream] x: PortRef<u8>) -> Self {
                A
            }
        ),
        &["`#[stream]` belongs on an argument of a `#[handler]`"],
    );
}

#[test]
fn self_of_a_handler() {
    method(
        quote!(
            #[handler]
            fn add(by: i64) {}
        ),
        &["handler `add` has no `self`: a handler runs on the actor's state\n\
           = help: add `&mut self` (or `&self` for a read-only handler) as the first parameter\n\
           = help: if this constructs the actor, mark it `#[new]` instead"],
    );
    for receiver in [quote!(self), quote!(mut self), quote!(self: Box<Self>)] {
        method(
            quote!(#[handler] fn add(#receiver) {}),
            &["a handler borrows the actor: it cannot take `self` by value\n\
               = help: use `&mut self`; to end the actor call `cx.stop()`"],
        );
    }
    method(
        quote!(
            #[handler]
            fn add(&'static self) {}
        ),
        &["a handler's `self` cannot have a named lifetime\n= help: write `&mut self`"],
    );
}

#[test]
fn qualifiers_of_a_handler() {
    method(
        quote!(
            #[handler]
            unsafe fn f(&self) {}
        ),
        &["a handler cannot be `unsafe`: the runtime calls it with whatever a peer sent\n\
           = help: make the function safe and validate its arguments"],
    );
    method(
        quote!(
            #[handler]
            const fn f(&self) {}
        ),
        &["a handler cannot be `const`: it runs when a message comes in"],
    );
    method(
        quote!(
            #[handler]
            extern "C" fn f(&self) {}
        ),
        &["a handler cannot be `extern`: the runtime calls it by the Rust ABI"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, rest: ...) {}
        ),
        &["a handler cannot be variadic: every argument has its name and type"],
    );
}

#[test]
fn parameters_of_a_handler() {
    method(
        quote!(
            #[handler]
            fn f<T, const N: usize>(&self, t: T) {}
        ),
        &[
            "a handler cannot be generic: one wire message cannot stand for every `T`\n\
             = help: move the parameter to the actor: `impl<T: mesh::RemoteArg> A<T>`, and `mesh::register!(A<Concrete>)`",
            "a handler cannot have const parameters\n= help: pass `N` as an argument, or move it to the actor type",
        ],
    );
    method(
        quote!(
            #[handler]
            fn f<'a>(&self) {}
        ),
        &["a handler cannot have lifetime parameters: its arguments are stored in a message\n\
           = help: take owned arguments"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self)
            where
                A: Clone,
            {
            }
        ),
        &["a handler cannot have its own `where` clause\n= help: move the bounds to the `impl` block"],
    );
}

#[test]
fn arguments_are_owned() {
    let borrowed = |ty: TokenStream, instead: &str, written: &str| {
        method(
            quote!(#[handler] fn f(&self, x: #ty) {}),
            &[&format!(
                "a handler argument must be owned: it outlives the caller's stack frame\n\
                 = help: use `{instead}` instead of `{written}`"
            )],
        );
    };
    borrowed(quote!(&str), "String", "&str");
    borrowed(quote!(&[u8]), "Vec<u8>", "&[u8]");
    borrowed(quote!(&mut Point), "Point", "&mut Point");
    borrowed(quote!(&Path), "PathBuf", "&Path");
    method(
        quote!(
            #[handler]
            fn f(&self, x: Vec<&str>) {}
        ),
        &["a handler argument must not contain borrows\n= help: use `String` instead"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, x: Cow<'a, str>) {}
        ),
        &["a handler argument must be `'static`: it is stored in a message\n= help: use an owned type"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, x: impl Into<String>) {}
        ),
        &[
            "a handler argument must be one concrete type, because it becomes part of a message; `impl Trait` is not\n\
           = help: name a concrete type, or make the actor generic: `impl<T: RemoteArg> Actor<T>`",
        ],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, x: Vec<_>) {}
        ),
        &[],
    );
    method(
        quote!(
            #[handler]
            fn f(&self) -> &str {
                ""
            }
        ),
        &["a handler reply must be owned: it outlives the caller's stack frame\n\
           = help: use `String` instead of `&str`"],
    );
    method(
        quote!(
            #[handler(local)]
            fn f(&self, a: &'static str, b: fn(&u8) -> &u8, c: Box<dyn Fn(&str)>) {}
        ),
        &[],
    );
}

#[test]
fn arguments_have_names() {
    method(
        quote!(
            #[handler]
            fn f(&self, (a, b): (u8, u8), _: u8) {}
        ),
        &[
            "a handler argument needs a plain name: it becomes a field of the generated message\n\
             = help: write `arg: (u8, u8)` and destructure in the body",
            "a handler argument needs a plain name: it becomes a field of the generated message\n\
             = help: write `arg: u8` and destructure in the body",
        ],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, #[cfg(unix)] x: u8) {}
        ),
        &["handler arguments cannot be `#[cfg]`ed: peers would disagree on the message\n\
           = help: put `#[cfg]` on the whole handler"],
    );
    let arguments = (0..17).map(|n| quote::format_ident!("a{n}"));
    method(
        quote!(#[handler] fn f(&self, #(#arguments: u8),*) {}),
        &["handler `f` has 17 arguments; the limit is 16\n= help: group them in a struct"],
    );
    let arguments = (0..16).map(|n| quote::format_ident!("a{n}"));
    method(quote!(#[handler] fn f(&self, cx: &Context<Self>, #(#arguments: u8),*) {}), &[]);
}

#[test]
fn the_context_is_borrowed() {
    method(
        quote!(
            #[handler]
            fn f(&self, cx: Context<Self>) {}
        ),
        &["a context is borrowed\n= help: write `cx: &Context<Self>`"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, cx: &mut Context<Self>) {}
        ),
        &["a context is borrowed immutably\n= help: write `cx: &Context<Self>`"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, cx: &Cx) {}
        ),
        &["a handler argument must be owned\n\
           = help: if this is the actor's context, spell its type `&Context<Self>`: \
           the macro only sees the tokens, not through a type alias"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, a: &Context<Self>, b: &Context<Self>) {}
        ),
        &["a handler takes at most one `&Context<Self>`"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, env: &SpawnEnv) {}
        ),
        &["only a constructor takes `&SpawnEnv`\n\
           = help: in a handler take `cx: &Context<Self>`, which knows rank and mesh"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, a: u8, context: &mesh::Context<A>) {}
        ),
        &[],
    );
}

#[test]
fn streams() {
    method(
        quote!(
            #[handler]
            fn f(&self, #[stream] out: Vec<u8>) {}
        ),
        &["a `#[stream]` argument is a `PortRef<Item>`\n= help: write `#[stream] out: PortRef<u64>`"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, #[stream] out: PortRef<&str>) {}
        ),
        &["a stream item must be owned: it outlives the caller's stack frame\n\
           = help: use `String` instead of `&str`"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, #[stream] a: PortRef<u8>, #[stream] b: PortRef<u8>) {}
        ),
        &["a handler has at most one `#[stream]` port\n= help: pass further ports as ordinary arguments"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, #[stream] a: PortRef<u8>) -> u8 {
                1
            }
        ),
        &["a streaming handler returns nothing: it posts items to its `#[stream]` port\n\
           = help: remove the return type"],
    );
    method(
        quote!(
            #[handler]
            fn f(&self, #[stream] a: PortRef<u8>) -> () {}
        ),
        &[],
    );
}

#[test]
fn reserved_names() {
    for name in mesh_codegen::HANDLE_METHODS {
        let ident = quote::format_ident!("{name}");
        method(
            quote!(#[handler] fn #ident(&self) {}),
            &[&format!(
                "`{name}` is a method of every actor handle, so a handler with this name could not be called\n\
                 = help: choose another name; `#[handler(name = \"{name}\")]` on the renamed method keeps the name on the wire"
            )],
        );
    }
    for (name, of) in mesh_codegen::TRAIT_METHODS {
        let ident = quote::format_ident!("r#{name}");
        method(
            quote!(#[handler] fn #ident(&self) {}),
            &[&format!(
                "every actor handle has a method `{name}`, of the trait `{of}`, so a handler with this name could not be called\n\
                 = help: choose another name; `#[handler(name = \"{name}\")]` on the renamed method keeps the name on the wire"
            )],
        );
    }
    method(
        quote!(
            #[handler(name = "rank")]
            fn position(&self) {}
        ),
        &[],
    );
}

#[test]
fn spec_is_generated_by_new() {
    method(
        quote!(
            #[new]
            fn new() -> Self {
                A
            }
            #[handler]
            fn spec(&self) {}
        ),
        &["`#[new]` generates the function `A::spec`, so `A` cannot have another one\n\
           = help: rename this one, or remove `#[new]` from `new`"],
    );
    method(
        quote!(
            #[handler]
            fn spec(&self) {}
        ),
        &[],
    );
}

#[test]
fn names_are_used_once() {
    method(
        quote!(
            #[handler]
            fn get(&self) {}
            #[handler(name = "get")]
            fn read(&self) {}
        ),
        &["two handlers named `get`: `get` and `read`\n\
           = help: rename one of them; each handler name is part of the actor's protocol"],
    );
    method(
        quote!(
            #[handler]
            fn a_b(&self) {}
            #[handler]
            fn a__b(&self) {}
        ),
        &["`a_b` and `a__b` would both have the message `AAB`\n\
           = help: give one of them another name: `#[handler(message = SomeName)]`"],
    );
    method(
        quote!(
            #[handler]
            fn api(&self) {}
        ),
        &["the message of `api` would be called `AApi`, like the type of the actor's requests\n\
           = help: give it another name: `#[handler(message = SomeName)]`"],
    );
    method(
        quote!(
            #[new]
            fn a() -> Self {
                A
            }
            #[new]
            fn b() -> Self {
                A
            }
        ),
        &["an actor has one `#[new]` constructor"],
    );
    method(
        quote!(
            #[on_start]
            fn a(&self) {}
            #[on_start]
            fn b(&self) {}
        ),
        &["an actor has one `#[on_start]` method"],
    );
    // The user's own block defines it twice, which rustc reports.
    method(
        quote!(
            #[handler]
            fn a(&self) {}
            #[handler]
            fn a(&self) {}
        ),
        &[],
    );
    method(
        quote!(
            #[cfg(unix)]
            #[handler]
            fn a(&self) {}
            #[cfg(windows)]
            #[handler]
            fn a(&self, x: u8) {}
        ),
        &[],
    );
}

#[test]
fn constructors() {
    method(
        quote!(
            #[new]
            fn new(&self) -> Self {
                A
            }
        ),
        &["a `#[new]` constructor makes the actor, so it has no `self`\n\
           = help: write `#[new] fn new(args..) -> Self`; to run code once the actor is running use `#[on_start]`"],
    );
    method(
        quote!(
            #[new]
            fn new() {}
        ),
        &["a `#[new]` constructor must return `Self` or `Result<Self, E>`\n= help: write `-> Self`"],
    );
    method(
        quote!(
            #[new]
            fn new() -> Option<Self> {
                None
            }
        ),
        &["a `#[new]` constructor must return `Self` or `Result<Self, E>`"],
    );
    method(
        quote!(
            #[new]
            fn new<T>(x: T) -> Self {
                A
            }
        ),
        &["a `#[new]` constructor cannot be generic: its arguments travel to another process\n\
           = help: move the parameter to the actor type"],
    );
    for context in [quote!(&Context<Self>), quote!(Context<Self>)] {
        method(
            quote!(#[new] fn new(cx: #context) -> Self { A }),
            &["the actor has no context yet while it is being constructed\n\
               = help: take `&SpawnEnv` for rank and size, or move the code to `#[on_start]`"],
        );
    }
    method(
        quote!(
            #[new]
            fn new(a: &SpawnEnv, b: &SpawnEnv) -> Self {
                A
            }
        ),
        &["a constructor takes at most one `&SpawnEnv`"],
    );
    method(
        quote!(
            #[new]
            fn new(path: &str) -> Self {
                A
            }
        ),
        &["a constructor argument must be owned: it outlives the caller's stack frame\n\
           = help: use `String` instead of `&str`"],
    );
    for output in [quote!(A), quote!(Result<A, E>), quote!(mesh::Result<Self>), quote!(crate::A)] {
        method(quote!(#[new] async fn new(a: u8, env: &SpawnEnv) -> #output { todo!() }), &[]);
    }
}

#[test]
fn hooks() {
    for name in ["on_start", "on_stop"] {
        let hook = quote::format_ident!("{name}");
        let wrong = format!(
            "`#[{name}]` has the wrong parameters\n= help: write `async fn f(&mut self, cx: &Context<Self>)`"
        );
        method(quote!(#[#hook] fn f() {}), &[&wrong]);
        method(quote!(#[#hook] fn f(self) {}), &[&wrong]);
        method(quote!(#[#hook] fn f(&mut self, x: u8) {}), &[&wrong]);
        method(quote!(#[#hook] fn f(&mut self, a: &Context<Self>, b: &Context<Self>) {}), &[&wrong]);
        method(quote!(#[#hook] fn f(&mut self) -> Result<(), E> { Ok(()) }), &[]);
    }
    let wrong = "`#[on_failure]` has the wrong parameters\n\
                 = help: write `async fn f(&mut self, cx: &Context<Self>, failure: Failure) -> Directive`";
    method(
        quote!(
            #[on_failure]
            fn f(&mut self) -> Directive {
                todo!()
            }
        ),
        &[wrong],
    );
    method(
        quote!(
            #[on_failure]
            fn f(&mut self, f: &Failure) -> Directive {
                todo!()
            }
        ),
        &[wrong],
    );
    method(
        quote!(
            #[on_failure]
            fn f(&mut self, f: Failure) {}
        ),
        &["a `#[on_failure]` method says what becomes of the failure\n\
           = help: write `async fn f(&mut self, cx: &Context<Self>, failure: Failure) -> Directive`"],
    );
    method(
        quote!(
            #[on_event]
            fn f(&mut self) {}
        ),
        &["`#[on_event]` has the wrong parameters\n\
           = help: write `async fn f(&mut self, cx: &Context<Self>, event: SupervisionEvent)`"],
    );
    method(
        quote!(
            #[on_start]
            fn f(&mut self, cx: Context<Self>) {}
        ),
        &["a context is borrowed\n= help: write `cx: &Context<Self>`"],
    );
    method(
        quote!(
            #[on_stop]
            fn f<T>(&mut self) {}
        ),
        &[
            "a `#[on_stop]` method cannot be generic: the runtime calls it\n= help: move the parameter to the actor type",
        ],
    );
}

#[test]
fn misplaced_helpers() {
    let want = "`#[handler]` only works inside an impl block annotated with `#[mesh::actor]`\n\
                = help: add `#[mesh::actor]` above the surrounding `impl`";
    let out = mesh_codegen::misplaced(
        "handler",
        quote!(
            pub fn get(&self) -> u64 {
                self.n
            }
        ),
    );
    assert!(out.to_string().contains("self . n"), "the body stays");
    same(out, &[want]);
    same(
        mesh_codegen::misplaced(
            "handler",
            quote!(
                fn get(&self);
            ),
        ),
        &[want],
    );
}

#[test]
fn main_and_test() {
    let main = |item| mesh_codegen::main(quote!(), item);
    let shape = "= help: write `async fn main(cx: &Client) -> mesh::Result<()>`";
    same(
        main(quote!(
            fn main(cx: &Client) {}
        )),
        &[&format!("the function under `#[mesh::main]` is async\n{shape}")],
    );
    let argument = format!("the function under `#[mesh::main]` takes one argument, the client\n{shape}");
    same(
        main(quote!(
            async fn main() {}
        )),
        &[&argument],
    );
    same(
        main(quote!(
            async fn main(a: u8, b: u8) {}
        )),
        &[&argument],
    );
    same(
        main(quote!(
            async fn run(cx: &Client) {}
        )),
        &["`#[mesh::main]` goes on `fn main`, which starts the program"],
    );
    same(
        main(quote!(
            async unsafe fn main<T>(cx: &Client) {}
        )),
        &[
            "the function under `#[mesh::main]` cannot be generic",
            "the function under `#[mesh::main]` cannot be `unsafe`",
        ],
    );
    same(
        main(quote!(
            struct S;
        )),
        &["`#[mesh::main]` goes on an async function"],
    );
    same(
        mesh_codegen::main(
            quote!(threads = 4),
            quote!(
                async fn main(cx: &Client) {}
            ),
        ),
        &["unknown option `threads` in `#[mesh::main(..)]`\n\
           = note: available options: `worker_threads`, `crate`"],
    );
    same(
        mesh_codegen::test(
            quote!(process),
            quote!(
                async fn t(cx: &Client) {}
            ),
        ),
        &["unknown option `process` in `#[mesh::test(..)]`\n= help: did you mean `processes`?\n\
           = note: available options: `processes`, `crate`"],
    );
}

#[test]
fn parts() {
    options(quote!(parts(a, b, a)), &["part `a` is listed twice"]);
    let elsewhere = |option: &str| {
        format!(
            "`{option}` is said of the whole actor, so not at its part `admin`\n\
             = help: move it to the block with `#[actor(parts(admin))]`"
        )
    };
    for (option, written) in [
        ("name", quote!(name = "x")),
        ("handles", quote!(handles(M))),
        ("resource", quote!(resource(Proc = self.procs))),
        ("mailbox", quote!(mailbox(capacity = 1))),
        ("restart", quote!(restart(max = 1))),
        ("parts", quote!(parts(b))),
    ] {
        options(quote!(part = admin, #written), &[&elsewhere(option)]);
    }
    let method = "a constructor and hooks belong to the whole actor, so not to its part `admin`\n\
                  = help: move the method to the block with `#[actor(parts(admin))]`";
    same(
        mesh_codegen::actor(
            quote!(part = admin),
            quote!(
                impl A {
                    #[new]
                    fn new() -> Self {
                        A
                    }
                    #[on_start]
                    fn start(&mut self) {}
                }
            ),
        ),
        &[method, method],
    );
}

#[test]
fn derived_actors() {
    let part = "a part is another `impl` block: `#[actor(part = …)] impl …`";
    same(
        mesh_codegen::derive_actor(quote!(
            #[actor(part = admin)]
            struct A;
        )),
        &[part],
    );
    same(
        mesh_codegen::derive_actor(quote!(
            #[actor]
            struct A;
        )),
        &["write `#[actor(handles(Message, ..))]`"],
    );
    same(
        mesh_codegen::derive_remote_spawn(quote!(
            union A {
                a: u8,
            }
        )),
        &["an actor that travels is a struct or an enum: a union cannot be encoded"],
    );
}

#[test]
fn derived_messages() {
    let derive = mesh_codegen::derive_message;
    same(
        derive(quote!(
            #[message(replay = u8)]
            struct M;
        )),
        &["unknown option `replay` in `#[message(..)]`\n= help: did you mean `reply`?\n\
           = note: available options: `reply`, `name`, `crate`"],
    );
    same(
        derive(quote!(
            #[message]
            struct M;
        )),
        &["write `#[message(reply = Type)]`"],
    );
    same(
        derive(quote!(
            struct M<'a>(&'a str);
        )),
        &["a message cannot borrow: it outlives its sender\n= help: own the data"],
    );
    same(
        derive(quote!(
            struct M<T>(T);
        )),
        &["a parameter of a message travels with it\n= help: write `T: mesh::RemoteArg`"],
    );
    same(
        derive(quote!(
            struct M<T>(T)
            where
                T: RemoteArg;
        )),
        &[],
    );
    same(derive(quote!(union M { a: u8 })), &["a message is a struct or an enum: a union cannot be encoded"]);
}

#[test]
fn derived_names() {
    let derive = mesh_codegen::derive_named;
    same(
        derive(quote!(
            #[named(nmae = "acme.Word")]
            struct Word;
        )),
        &["unknown option `nmae` in `#[named(..)]`\n= help: did you mean `name`?\n\
           = note: available options: `name`, `crate`"],
    );
    same(
        derive(quote!(
            #[named = "acme.Word"]
            struct Word;
        )),
        &["write `#[named(name = \"a.stable.name\")]`"],
    );
    same(
        derive(quote!(
            struct Word<'a>(&'a str);
        )),
        &[
            "a named type cannot borrow: its name stands for all of its values, in every process\n= help: own the data",
        ],
    );
}

#[test]
fn all_errors_are_reported_at_once() {
    let out = mesh_codegen::actor(
        quote!(nmae = "x", resource(P = q), handels(M)),
        quote! {
            impl A {
                #[new] fn new(&self, cx: &Context<Self>) {}
                #[handler(timeout = "5 parsecs", locale)] fn a(self, (x, y): (u8, u8), s: &str) {}
                #[handler] unsafe fn clone<T>(&self, t: T) {}
                #[on_start] fn start() {}
            }
        },
    );
    // options 3; new 3: self, return type, context; a 5: timeout, locale, self, pattern, &str; clone 3; start 1
    assert_eq!(errors(out).len(), 15);
}

#[test]
fn the_users_items_survive_errors() {
    let out = mesh_codegen::actor(
        quote!(),
        quote! { impl A { #[handler] pub fn bad(self) { body() } #[handler] pub fn good(&self) {} const N: u8 = 1; } },
    );
    let out = out.to_string();
    assert!(out.contains("pub fn bad (self) { body () }"), "{out}");
    assert!(out.contains("struct AGood"), "what is right is generated: {out}");
    assert!(!out.contains("struct ABad"), "{out}");
    assert!(!out.contains("[handler]") && !out.contains("# [handler"), "{out}");

    let out = mesh_codegen::actor(quote!(), quote!(impl H for A { #[mesh::handler(local)] fn f(&self) {} }));
    assert!(!out.to_string().contains("handler (local"), "helpers do not report themselves: {out}");
}

/// After any mistake: what each macro keeps of the user's, and what others go on naming.
#[test]
fn every_macro_keeps_what_others_name() {
    #[track_caller]
    fn keeps(out: TokenStream, wanted: &[&str]) {
        assert!(!errors(out.clone()).is_empty(), "nothing is wrong: {out}");
        let text = out.to_string();
        for wanted in wanted {
            assert!(text.contains(wanted), "`{wanted}` is missing: {text}");
        }
    }
    // A wrong option, handler, constructor or hook takes away nothing but itself.
    let block = quote! {
        impl A {
            #[new] fn new(&self) -> Self { A }
            #[on_start] fn start() {}
            #[handler] pub fn good(&self) -> u8 { 1 }
            #[handler] pub fn bad(self) {}
        }
    };
    let actor =
        ["fn new", "fn start", "fn good", "fn bad", "Actor for A", "struct AApi", "for AGood", "const NAME"];
    keeps(mesh_codegen::actor(quote!(nmae = "x"), block.clone()), &actor);
    keeps(mesh_codegen::actor(quote!(mailbox(capacity = 0)), block.clone()), &actor);
    keeps(
        mesh_codegen::actor(quote!(part = more), block),
        &["fn good", "fn bad", "for AGood", "Part <", "for A"],
    );
    // What is no sound block is given back.
    keeps(
        mesh_codegen::actor(
            quote!(),
            quote!(
                impl<'a> A<'a> {
                    #[handler]
                    fn f(&self) {}
                }
            ),
        ),
        &["fn f"],
    );
    keeps(mesh_codegen::actor(quote!(), quote!(impl H for A { #[handler] fn f(&self) {} })), &["fn f"]);
    keeps(
        mesh_codegen::actor(
            quote!(),
            quote!(
                struct A {
                    n: u8,
                }
            ),
        ),
        &["struct A { n : u8"],
    );
    // A derive stands beside the user's type: what is kept is the impl.
    let derived = mesh_codegen::derive_message(quote!(
        #[message(replay = u8, reply = u16)]
        struct M;
    ));
    keeps(derived, &["Message for M", "type Reply = u16", "RemoteMessage for M"]);
    keeps(
        mesh_codegen::derive_actor(quote!(
            #[actor(nmae = "x")]
            struct A;
        )),
        &["Actor for A", "struct AApi"],
    );
    // What is wrong with the options is said by the derive of `Actor`.
    let derived = mesh_codegen::derive_remote_spawn(quote!(
        #[actor(nmae = "x")]
        struct A;
    ))
    .to_string();
    assert!(derived.contains("RemoteSpawn for A") && derived.contains("IntoSpec for A"), "{derived}");
    // An entry point keeps its body, and a program its `main`.
    keeps(
        mesh_codegen::main(
            quote!(),
            quote!(
                fn main(cx: &Client) {
                    body()
                }
            ),
        ),
        &["body ()", "fn main () { }"],
    );
    keeps(
        mesh_codegen::main(
            quote!(thread = 1),
            quote!(
                async fn main(cx: &Client) {
                    body()
                }
            ),
        ),
        &["body ()"],
    );
    keeps(
        mesh_codegen::test(
            quote!(),
            quote!(
                fn t(cx: &Client) {
                    body()
                }
            ),
        ),
        &["body ()"],
    );
    keeps(
        mesh_codegen::test(
            quote!(process),
            quote!(
                async fn t(cx: &Client) {
                    body()
                }
            ),
        ),
        &["body ()"],
    );
    // A misplaced helper keeps its method.
    keeps(
        mesh_codegen::misplaced(
            "handler",
            quote!(
                fn f(&self) {
                    body()
                }
            ),
        ),
        &["fn f", "body ()"],
    );
}

/// Rust has no default arguments, says rustc: the block is given back, and nothing is added to that.
#[test]
fn a_default_argument_is_left_to_rustc() {
    let block = quote!(impl A { #[handler] fn f(&self, by: i64 = 1) {} });
    let out = mesh_codegen::actor(quote!(), block);
    same(out.clone(), &[]);
    assert!(out.to_string().contains("fn f (& self , by : i64 = 1)"), "{out}");
    // An `=` elsewhere is none.
    let out = mesh_codegen::actor(
        quote!(),
        quote!(impl A { fn f(&self, a: B<C = D>) {} fn g(&self, a: u8 b: u8) {} }),
    );
    assert_eq!(errors(out).len(), 1);
}

#[test]
fn bodies_are_not_parsed() {
    method(quote!(#[handler] fn f(&self) { let x = ; +++ }), &[]);
}
