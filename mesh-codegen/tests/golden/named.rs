#[derive(Named)]
#[named(name = "acme.Celsius")]
pub struct Celsius(f64);

#[derive(Named)]
pub struct Pair<T, const N: usize> {
    values: [T; N],
}
