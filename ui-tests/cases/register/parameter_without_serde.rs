//! A parameter that cannot travel.

use mesh::prelude::*;

pub struct Point {
    pub x: i32,
}

pub struct Store<T> {
    value: T,
}

#[actor]
impl<T: RemoteArg + Clone> Store<T> {
    #[new]
    pub fn new(value: T) -> Self {
        Store { value }
    }

    #[handler]
    pub fn get(&mut self) -> T {
        self.value.clone()
    }
}

mesh::register!(Store<Point>);

fn main() {}
