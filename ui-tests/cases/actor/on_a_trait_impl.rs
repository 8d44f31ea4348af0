//! A hand-written handler is listed, not annotated.

use mesh::prelude::*;

pub struct Counter;

pub struct Get;

pub trait Handles<M> {
    fn handle(&mut self, message: M);
}

#[actor]
impl Handles<Get> for Counter {
    fn handle(&mut self, _: Get) {}
}

fn main() {}
