//! A type without annotation.

pub struct Point {
    pub x: i32,
}

mesh::register!(Point);

fn main() {}
