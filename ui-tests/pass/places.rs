//! Actors in bodies of functions, in private modules, and two of one name.

#![deny(warnings)]
#![deny(missing_docs)]

use mesh::prelude::*;

mod red {
    use mesh::prelude::*;

    pub(crate) struct Light;

    #[actor]
    impl Light {
        #[new]
        fn new() -> Self {
            Light
        }

        #[handler]
        pub(crate) fn color(&self) -> String {
            "red".into()
        }
    }
}

mod green {
    use mesh::prelude::*;

    struct Secret;

    pub(crate) struct Light(Secret);

    #[actor(name = "traffic.green")]
    impl Light {
        #[new]
        fn new() -> Self {
            let _ = &Light(Secret).0;
            Light(Secret)
        }

        #[handler]
        pub(crate) fn color(&self) -> String {
            "green".into()
        }
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    struct Local {
        n: u64,
    }

    #[actor]
    impl Local {
        #[new]
        fn new(n: u64) -> Self {
            Local { n }
        }

        #[handler]
        fn get(&self) -> u64 {
            self.n
        }
    }

    let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 2)).await?;
    let locals = procs.spawn(cx, "locals", Local::spec(3)).await?;
    assert_eq!(locals.get().reduce(Sum).call(cx).await?, 6);
    let red = procs.spawn(cx, "lights", red::Light::spec()).await?;
    let green = procs.spawn(cx, "lights", green::Light::spec()).await?;
    assert_eq!(red.rank(0).color().call(cx).await?, "red");
    assert_eq!(green.rank(1).color().call(cx).await?, "green");
    assert_eq!(green::Light::type_name(), "traffic.green");
    assert!(red::Light::type_name().ends_with("::red::Light"), "{}", red::Light::type_name());
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
