//! A reply travels.

pub struct Point {
    pub x: i32,
}

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = Point)]
pub struct Health;

fn main() {}
