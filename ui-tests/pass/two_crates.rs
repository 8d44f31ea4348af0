//! Two crates with an actor of one name in one program, each spawned by its own.

#![deny(warnings)]

use mesh::Named;
use mesh::prelude::*;

pub struct Light;

#[actor]
impl Light {
    #[new]
    fn new() -> Self {
        Light
    }

    #[handler]
    pub fn color(&self) -> String {
        "of this crate".into()
    }
}

fn main() {
    assert_ne!(Light::TYPE_ID, ui_tests::Light::TYPE_ID);
    mesh::root::run_test(async |cx: &Client| {
        let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 2)).await?;
        let ours = procs.spawn(cx, "lights", Light::spec()).await?;
        let theirs = procs.spawn(cx, "lights", ui_tests::Light::spec("red".into())).await?;
        assert_eq!(ours.color().call(cx).await?.values(), ["of this crate", "of this crate"]);
        assert_eq!(theirs.rank(1).color().call(cx).await?, "red");
        Ok::<(), mesh::Error>(())
    });
}
