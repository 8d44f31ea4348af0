//! The name of a generic actor has the names of its parameters.

use mesh::prelude::*;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Point;

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
