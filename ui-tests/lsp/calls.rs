//! What an editor is asked about: an actor, and calls of its handlers on every kind of target.

/// The module that owns the actor.
pub mod counter {
    use mesh::prelude::*;

    /// A counter.
    pub struct Counter {
        n: i64,
    }

    #[actor]
    impl Counter {
        #[new]
        fn new(start: i64) -> Self {
            Counter { n: start }
        }

        /// Adds `by` and returns the new value.
        #[handler]
        pub async fn add(&mut self, by: i64) -> i64 {
            self.n += by;
            self.n
        }

        /// The value.
        #[handler]
        pub fn get(&self) -> i64 {
            self.n
        }

        /// Whether it is what this module expects.
        #[handler]
        fn audit(&self) -> bool {
            self.n >= 0
        }

        /// Not a handler.
        pub fn helper(&self) -> i64 {
            self.n
        }
    }

    /// Where the handlers are called, in the module that wrote them.
    pub async fn inside(
        cx: &Client,
        handle: ActorHandle<Counter>,
        actor_ref: ActorRef<Counter>,
        mesh: ActorMesh<Counter>,
    ) -> mesh::Result<()> {
        handle.add(1).call(cx).await?;
        actor_ref.add(2).call(cx).await?;
        mesh.add(3).cast(cx)?;
        mesh.rank(0).get().call(cx).await?;
        handle.audit().send(cx)?;
        Ok(())
    }
}

/// Somebody else's module: it names the actor in a type, and imports nothing.
pub mod elsewhere {
    /// Where a handler is called from another module.
    pub async fn outside(
        cx: &mesh::Client,
        actor_ref: mesh::ActorRef<super::counter::Counter>,
    ) -> mesh::Result<i64> {
        let value = actor_ref.add(4).call(cx).await?;
        Ok(value)
    }
}

/// A generic actor.
pub mod store {
    use mesh::prelude::*;

    /// Keeps values.
    pub struct Store<T> {
        values: Vec<T>,
    }

    #[actor]
    impl<T: RemoteArg + Clone> Store<T> {
        /// Keeps a value.
        #[handler]
        pub fn put(&mut self, value: T) -> u64 {
            self.values.push(value);
            self.values.len() as u64
        }
    }

    /// Where a value is kept.
    pub async fn keep(cx: &Client, store: ActorRef<Store<String>>) -> mesh::Result<u64> {
        let kept = store.put("a".into()).call(cx).await?;
        Ok(kept)
    }
}
