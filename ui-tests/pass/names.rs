//! Raw identifiers, arguments named like generated locals, and handlers named like methods of other types.

#![deny(warnings)]
#![forbid(unsafe_code)]

use mesh::prelude::*;

#[allow(non_camel_case_types)]
pub struct r#type {
    r#in: i64,
}

#[actor]
impl r#type {
    #[new]
    pub fn new(r#in: i64) -> Self {
        r#type { r#in }
    }

    /// Named by a keyword, with arguments named like anything.
    #[handler]
    pub fn r#match(&mut self, r#fn: i64, cx: String, message: u8, out: u8, input: u8, target: u8) -> i64 {
        let _ = (cx, message, out, input, target);
        self.r#in + r#fn
    }

    #[handler]
    pub fn len(&self, values: [u8; Self::WIDTH]) -> usize {
        values.len()
    }

    /// Returns the actor's own type.
    #[handler(local)]
    pub fn copy(&self) -> Self {
        r#type { r#in: self.r#in }
    }

    const WIDTH: usize = 3;
}

fn main() {
    mesh::root::run_test(async |cx: &Client| {
        let actor = cx.spawn(r#type::new(1));
        let sum = actor.r#match(2, "x".into(), 0, 0, 0, 0).call(cx).await.expect("it runs");
        assert_eq!(sum, 3);
        assert_eq!(actor.len([1, 2, 3]).call(cx).await.expect("it runs"), 3);
        assert_eq!(actor.copy().call(cx).await.expect("it runs").r#in, 1);
        let _ = r#type::spec(1);
    });
}
