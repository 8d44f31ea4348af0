//! A message owns all of itself.

#[derive(serde::Serialize, mesh::Message)]
pub struct Health<'a> {
    pub name: &'a str,
}

fn main() {}
