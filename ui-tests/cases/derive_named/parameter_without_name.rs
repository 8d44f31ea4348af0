//! The name of a generic type has the names of its parameters.

#[derive(mesh::Named)]
pub struct Pair<T>(pub T, pub T);

pub struct Point;

pub fn name() -> String {
    <Pair<Point> as mesh::Named>::type_name()
}

fn main() {}
