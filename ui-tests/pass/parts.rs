//! An actor of several blocks in several modules, generic and not.

#![deny(warnings)]

use mesh::prelude::*;

pub struct Host {
    n: u64,
}

#[actor(parts(admin, r#type))]
impl Host {
    #[new]
    fn new(n: u64) -> Self {
        Host { n }
    }

    #[handler]
    pub fn get(&self) -> u64 {
        self.n
    }
}

mod admin {
    use mesh::prelude::*;

    #[actor(part = admin)]
    impl super::Host {
        /// Sets it.
        #[handler]
        pub fn set(&mut self, n: u64) {
            self.n = n;
        }
    }
}

mod more {
    pub mod deep {
        use mesh::prelude::*;

        #[actor(part = r#type)]
        impl crate::Host {
            #[handler]
            pub async fn add(&mut self, cx: &Context<Self>, by: u64) -> Result<u64, String> {
                let _ = cx.rank();
                self.n += by;
                Ok(self.n)
            }

            #[handler]
            pub fn watch(&mut self, cx: &Context<Self>, #[stream] out: PortRef<u64>) {
                out.post(cx, self.n).expect("the client waits");
            }
        }
    }
}

pub struct Store<T> {
    value: T,
}

#[actor(parts(write))]
impl<T: RemoteArg + Clone> Store<T> {
    #[new]
    fn new(value: T) -> Self {
        Store { value }
    }

    #[handler]
    pub fn get(&mut self) -> T {
        self.value.clone()
    }
}

#[actor(part = write)]
impl<T: RemoteArg + Clone> Store<T> {
    #[handler]
    pub fn put(&mut self, value: T) {
        self.value = value;
    }
}

mesh::register!(Store<String>);

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 2)).await?;
    let hosts = procs.spawn(cx, "hosts", Host::spec(1)).await?;
    hosts.set(5).call(cx).await?;
    assert_eq!(hosts.rank(0).add(2).try_call(cx).await?, 7);
    assert_eq!(hosts.get().call(cx).await?.values(), [7, 5]);
    assert_eq!(hosts.rank(1).watch().stream(cx)?.receive().await?, 5);
    let stores = procs.spawn(cx, "stores", Store::spec("a".to_owned())).await?;
    stores.rank(0).put("b".into()).call(cx).await?;
    assert_eq!(stores.get().call(cx).await?.values(), ["b", "a"]);
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
