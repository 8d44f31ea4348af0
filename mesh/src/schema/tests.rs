use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer};

use super::*;

#[track_caller]
fn check<T: DeserializeOwned>(want: &str) {
    let first = schema_of::<T>();
    assert_eq!(first, want);
    assert_eq!(schema_of::<T>(), first, "the second time");
}

/// Declares types that are only ever deserialised.
macro_rules! types {
    ($($item:item)*) => { $( #[allow(dead_code, reason = "its structure is looked at, not its values")] #[derive(Deserialize)] $item )* };
}

types! {
    struct P { x: i32, y: Option<String> }
    enum E { A, B(P, u8), C { k: Vec<P> }, Rec(Box<E>) }
    struct Node { child: Option<Box<Node>>, name: String }
    struct Pair { first: Box<Expr>, second: Kind }
    enum Kind { One, Two }
    enum Expr { Add(Box<Expr>, Box<Expr>), In(Box<Pair>), Neg { of: Vec<Expr> }, Lit(i64) }
    enum Ping { To(Pong), Never(Box<Ping>) }
    enum Pong { Back(Box<Ping>), Again(Box<Ping>), Stop }
    enum OnlyVec { Many(Vec<OnlyVec>) }
    struct Endless(Box<Endless>);
    struct EndlessPair { a: Box<EndlessPair>, b: u8 }
    struct Unit;
    struct Newtype(u64);
    struct Tuple(u8, String);
    struct Of<T> { of: T }
    enum Void {}
    enum Outer { A(Inner), B }
    enum Inner { V0, V1(u8), V2(u16), V3(Deep) }
    enum Deep { X, Y, Z(Rc<[u8; 3]>) }
    #[serde(transparent)]
    struct Tree(Vec<Tree>);
    #[serde(transparent)]
    struct Chain(Option<Box<Chain>>);
    #[serde(untagged)]
    enum Untagged { A(u8), B(String) }
}

#[test]
fn a_type_is_written_with_its_names_and_order() {
    check::<E>("E;E=A|B(P,u8)|C{k:[P]}|Rec(E);P={x:i32,y:Option<str>}");
    check::<Unit>("Unit;Unit=()");
    check::<Newtype>("Newtype;Newtype=(u64)");
    check::<Tuple>("Tuple;Tuple=(u8,str)");
}

#[test]
fn types_of_the_standard_library_are_written() {
    check::<Duration>("Duration;Duration={secs:u64,nanos:u32}");
    check::<SystemTime>("SystemTime;SystemTime={secs_since_epoch:u64,nanos_since_epoch:u32}");
    check::<IpAddr>("IpAddr;IpAddr=V4((u8*4))|V6((u8*16))");
    check::<Vec<SocketAddr>>("[SocketAddr];SocketAddr=V4(((u8*4),u16))|V6(((u8*16),u16))");
    check::<NonZeroU32>("u32");
    check::<Result<u8, String>>("Result;Result=Ok(u8)|Err(str)");
    check::<[u16; 32]>("(u16*32)");
    check::<(u8, u8, char, f32, i128)>("(u8,u8,char,f32,i128)");
    check::<BTreeMap<String, Vec<bool>>>("{str:[bool]}");
    check::<BTreeSet<BTreeSet<u8>>>("[[u8]]");
    check::<std::ops::Range<u8>>("Range;Range={start:u8,end:u8}");
    check::<std::path::PathBuf>("str");
    check::<bytes::Bytes>("bytes");
    check::<Option<Option<()>>>("Option<Option<()>>");
    check::<()>("()");
}

#[test]
fn a_recursive_type_is_written_once_and_whole() {
    check::<Node>("Node;Node={child:Option<Node>,name:str}");
    check::<Expr>(
        "Expr;Expr=Add(Expr,Expr)|In(Pair)|Neg{of:[Expr]}|Lit(i64);\
         Pair={first:Expr,second:Kind};Kind=One|Two",
    );
    check::<Ping>("Ping;Ping=To(Pong)|Never(Ping);Pong=Back(Ping)|Again(Ping)|Stop");
    check::<OnlyVec>("OnlyVec;OnlyVec=Many([OnlyVec])");
    check::<Tree>("[^]");
    check::<Chain>("Option<^>");
}

#[test]
fn every_variant_is_found_however_deep() {
    check::<(Outer, Deep)>(
        "(Outer,Deep);Outer=A(Inner)|B;Inner=V0|V1(u8)|V2(u16)|V3(Deep);Deep=X|Y|Z((u8,u8,u8))",
    );
}

#[test]
fn types_of_one_name_are_told_apart() {
    check::<(Of<u8>, Of<bool>, Of<u8>)>("(Of,Of#2,Of);Of={of:u8};Of#2={of:bool}");
    check::<Of<Of<u8>>>("Of;Of={of:Of#2};Of#2={of:u8}");
}

#[test]
fn what_is_on_the_wire_decides() {
    mod before {
        #[derive(serde::Deserialize)]
        #[expect(dead_code, reason = "its structure is looked at, not its values")]
        pub(super) struct Job {
            id: u64,
            name: String,
        }
    }
    mod reordered {
        #[derive(serde::Deserialize)]
        #[expect(dead_code, reason = "its structure is looked at, not its values")]
        pub(super) struct Job {
            name: String,
            id: u64,
        }
    }
    mod renamed {
        #[derive(serde::Deserialize)]
        #[serde(rename = "Job")]
        #[expect(dead_code, reason = "its structure is looked at, not its values")]
        pub(super) struct Task {
            #[serde(rename = "id")]
            number: u64,
            name: String,
            #[serde(skip)]
            cache: Vec<u8>,
        }
    }
    let before = schema_of::<before::Job>();
    assert_ne!(before, schema_of::<reordered::Job>());
    assert_eq!(before, schema_of::<renamed::Task>());
}

/// A text that must be an address.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Dotted;

impl TryFrom<String> for Dotted {
    type Error = std::net::AddrParseError;

    fn try_from(text: String) -> Result<Dotted, Self::Error> {
        text.parse::<std::net::Ipv4Addr>().map(|_| Dotted)
    }
}

/// A text that nobody can guess.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Picky;

impl TryFrom<String> for Picky {
    type Error = &'static str;

    fn try_from(_: String) -> Result<Picky, Self::Error> {
        Err("not that one")
    }
}

types! {
    struct Server { name: String, at: Dotted, spare: Vec<Dotted>, port: u16 }
    struct Locked { id: u8, key: Picky, after: u8 }
    enum Door { Open(Picky, u8), Shut { why: Locked }, Gone }
    struct House { doors: Vec<Door>, void: Option<Maybe> }
    enum Maybe { Not(Void), Yes }
}

#[test]
fn a_value_that_is_rejected_is_tried_again_with_another() {
    check::<Server>("Server;Server={name:str,at:str,spare:[str],port:u16}");
    check::<Dotted>("str");
}

#[test]
fn a_type_that_rejects_everything_is_marked() {
    check::<Picky>("?<mesh::schema::tests::Picky>str");
    check::<Locked>(
        "?<mesh::schema::tests::Picky>Locked;Locked={id:u8,key:str}?<mesh::schema::tests::Picky>",
    );
    check::<(u8, Picky)>("?<mesh::schema::tests::Picky>(u8,str)");
    check::<Untagged>("?<mesh::schema::tests::Untagged>");
    check::<Void>("?<mesh::schema::tests::Void>Void;Void=");
}

/// As hidden as `Picky`, elsewhere.
mod elsewhere {
    #[derive(serde::Deserialize)]
    #[serde(try_from = "String")]
    pub(super) struct Picky;

    impl TryFrom<String> for Picky {
        type Error = &'static str;

        fn try_from(_: String) -> Result<Picky, Self::Error> {
            Err("nor that one")
        }
    }
}

/// Hidden, and said what it is.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Told;

impl TryFrom<String> for Told {
    type Error = &'static str;

    fn try_from(_: String) -> Result<Told, Self::Error> {
        Err("not that one")
    }
}

types! {
    struct Degrees { value: f64 }
    struct Weather { now: Degrees, before: Vec<Degrees>, wanted: Option<Degrees> }
}

crate::identity!(Told = "acme.Told 2", Degrees = concat!("acme.Degrees", ", Fahrenheit"));

#[test]
fn hidden_types_are_told_apart_by_their_paths() {
    assert_ne!(schema_of::<Picky>(), schema_of::<elsewhere::Picky>());
}

#[test]
fn what_is_said_of_a_type_stands_wherever_it_is_met() {
    check::<Told>(r#"?str"acme.Told 2""#);
    check::<(u8, Told)>(r#"?(u8,str"acme.Told 2")"#);
    check::<Weather>(
        "Weather;Weather={now:Degrees\"acme.Degrees, Fahrenheit\",\
         before:[Degrees\"acme.Degrees, Fahrenheit\"],wanted:Option<Degrees\"acme.Degrees, Fahrenheit\">};\
         Degrees={value:f64}",
    );
}

/// Text forms of instants, as `chrono`, `jiff` and `time` have them.
macro_rules! text_of {
    ($name:ident, $len:literal, $mark:literal) => {
        #[derive(Deserialize)]
        #[serde(try_from = "String")]
        struct $name;

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<$name, Self::Error> {
                (text.len() == $len && text.contains($mark)).then_some($name).ok_or("another text")
            }
        }
    };
}
text_of!(Instant, 20, "T");
text_of!(Day, 10, "-");
text_of!(Clock, 8, ":");

types! { struct Moment { at: Instant, on: Day, by: Clock } }

#[test]
fn instants_in_text_are_guessed() {
    check::<Moment>("Moment;Moment={at:str,on:str,by:str}");
}

#[test]
fn a_variant_that_rejects_everything_does_not_hide_the_others() {
    check::<House>(
        "House;House={doors:[Door],void:Option<Maybe>};\
         Door=Open(str)?<mesh::schema::tests::Picky>|Shut{why:Locked}?<mesh::schema::tests::Picky>|Gone;\
         Locked={id:u8,key:str}?<mesh::schema::tests::Picky>;\
         Maybe=Not(Void)?<mesh::schema::tests::Void>|Yes;Void=",
    );
}

#[test]
fn a_type_without_finite_values_ends_marked() {
    check::<Endless>("?<mesh::schema::tests::Endless>Endless;Endless=(Endless)?");
    check::<EndlessPair>("?<mesh::schema::tests::EndlessPair>EndlessPair;EndlessPair={a:EndlessPair}?");
    check::<Option<Endless>>(
        "?<core::option::Option<mesh::schema::tests::Endless>>Option<Endless>;Endless=(Endless)?",
    );
}

/// Panics on every value.
struct Fragile;

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fragile, D::Error> {
        let text = String::deserialize(deserializer)?;
        panic!("{text} is not for me")
    }
}

#[test]
fn a_panic_is_not_passed_on() {
    check::<(u8, Fragile)>("?<(u8, mesh::schema::tests::Fragile)>");
}

/// Asks for a tuple that no memory holds.
struct Huge;

impl<'de> Deserialize<'de> for Huge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Huge, D::Error> {
        struct All;
        impl<'de> serde::de::Visitor<'de> for All {
            type Value = Huge;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("all there is")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Huge, A::Error> {
                while seq.next_element::<u8>()?.is_some() {}
                Ok(Huge)
            }
        }
        deserializer.deserialize_tuple(usize::MAX, All)
    }
}

#[test]
fn a_huge_type_ends_marked_at_a_bound() {
    let schema = schema_of::<(u8, Huge)>();
    assert!(schema.starts_with("?<mesh::schema::tests::Huge>(u8,(u8*") && schema.len() < 100, "{schema}");
}

#[test]
fn a_wide_type_that_repeats_itself_ends() {
    type Two<T> = (Of<T>, Of<Option<T>>);
    type Wide = Two<Two<Two<Two<Two<Two<E>>>>>>;
    let schema = schema_of::<Wide>();
    assert!(schema.contains(";E=A|B(P,u8)|C{k:[P]}|Rec(E)"), "{schema}");
    assert!(!schema.contains('?'), "{schema}");
}
