//! What is known of the types met so far, and which of their alternatives to look at next. Knows nothing of serde.
//!
//! A struct is an enum of one alternative here. `known` of a definition is an alternative that has once been built to
//! its end; it is set once and everything inside it was known before it, so that taking only known alternatives ends.

use std::collections::{BTreeMap, BTreeSet};

use super::identity;

/// How often a type is driven.
const ROUNDS_MAX: usize = 4096;

/// How many values are made up for one schema, over all rounds.
const STEPS_MAX: usize = 1 << 17;

/// How deep made-up values nest.
const DEPTH_MAX: usize = 128;

/// How often an alternative is tried that needs a type of which no finite value is known yet.
const ATTEMPTS_MAX: usize = 64;

/// How many made-up values of each primitive there are.
pub(super) const VALUES: usize = 12;

/// Equal runs in a tuple from this length are written once, with their number.
const RUN_MIN: usize = 4;

/// A named type.
struct Definition {
    /// As printed: the name that serde gives, numbered if another type has it too.
    name: String,
    is_enum: bool,
    alternatives: Vec<Alternative>,
    last_tried: usize,
    last_finished: usize,
    known: Option<usize>,
}

/// The body of a struct, or one variant of an enum.
#[derive(Default)]
struct Alternative {
    name: &'static str,
    /// What is in it; `None` until it has been seen.
    shape: Option<String>,
    /// The named types directly inside.
    inside: BTreeSet<usize>,
    attempts: usize,
}

/// A named type that is being built.
struct Frame {
    definition: usize,
    alternative: usize,
    field: usize,
    /// Whether it is only being finished.
    minimal: bool,
}

/// A place whose made-up value can be another: definition, alternative, field.
type Site = Option<(usize, usize, usize)>;

/// Why a round came to nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A type is needed of which no finite value is known yet.
    Unfinished,
    /// A value was rejected, and there is another to try.
    Rejected,
    /// There is nothing more to try.
    Hopeless,
}

/// Everything found out about one root type.
#[derive(Default)]
pub(super) struct Trace {
    definitions: Vec<Definition>,
    /// By the compiler's name and serde's: the former tells `P<u8>` from `P<u16>`, but is not for printing.
    index: BTreeMap<(&'static str, &'static str), usize>,
    roots: BTreeSet<usize>,
    stack: Vec<Frame>,
    containers: Vec<&'static str>,
    minimal: bool,
    depth: usize,
    steps: usize,
    values: BTreeMap<Site, usize>,
    last_site: Option<Site>,
    fault: Option<Fault>,
    /// The compiler's name of the root type.
    root: &'static str,
    /// That of the innermost type that could not be built in this round.
    refused: Option<&'static str>,
}

impl Trace {
    /// Of the type of this name, as the compiler has it.
    pub(super) fn of(root: &'static str) -> Trace {
        Trace { root, ..Trace::default() }
    }

    /// Drives the root type until nothing new can come of it, and writes what was found. `drive` tells whether a value
    /// was built, or `None` if it panicked.
    pub(super) fn run(&mut self, mut drive: impl FnMut(&mut Trace, &mut String) -> Option<bool>) -> String {
        let mut root = String::from("?");
        let mut whole = false;
        for _ in 0..ROUNDS_MAX {
            self.begin_round();
            let mut out = String::new();
            let built = drive(self, &mut out);
            if built == Some(true) {
                (root, whole) = (out, true);
                self.fault = None;
            } else {
                if !whole {
                    root = format!("?{out}");
                }
                if built.is_none() || self.blame() == Fault::Hopeless {
                    if !whole {
                        root = format!("{}{out}", self.unknown());
                    }
                    break;
                }
            }
            if self.steps >= STEPS_MAX || (self.fault.is_none() && !self.leads_on(&self.roots)) {
                break;
            }
        }
        self.print(root)
    }

    fn begin_round(&mut self) {
        self.stack.clear();
        self.containers.clear();
        self.minimal = false;
        self.depth = 0;
        self.last_site = None;
        self.fault = None;
        self.refused = None;
    }

    /// Hears of a value that could not be built; the innermost is the first.
    pub(super) fn refused_by(&mut self, type_name: &'static str) {
        self.refused.get_or_insert(type_name);
    }

    /// What stands where nothing is known, for want of a value that is liked.
    fn unknown(&self) -> String {
        identity::instead_of_structure(self.refused.unwrap_or(self.root))
    }

    fn print(&self, mut text: String) -> String {
        for definition in &self.definitions {
            let body = |a: &Alternative| format!("{}{}", a.name, a.shape.as_deref().unwrap_or("?"));
            let bodies: Vec<String> = definition.alternatives.iter().map(body).collect();
            text.push_str(&format!(";{}={}", definition.name, bodies.join("|")));
        }
        text
    }

    /// Counts one more made-up value, one level deeper; refused at the bounds.
    pub(super) fn descend(&mut self) -> bool {
        self.steps += 1;
        if self.steps >= STEPS_MAX || self.depth >= DEPTH_MAX {
            self.fault = Some(Fault::Hopeless);
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Which of the made-up values to offer here.
    pub(super) fn value(&mut self) -> usize {
        let site = self.stack.last().map(|frame| (frame.definition, frame.alternative, frame.field));
        self.last_site = Some(site);
        self.values.get(&site).copied().unwrap_or(0)
    }

    /// Enters the `field`-th field of the type that is being built.
    pub(super) fn field(&mut self, field: usize) {
        if let Some(frame) = self.stack.last_mut() {
            frame.field = field;
        }
    }

    /// Enters an option, sequence or map, by the compiler's name of it: whether it is to have something in it, and
    /// whether it is inside itself.
    pub(super) fn open_container(&mut self, type_name: &'static str) -> Container {
        let again = self.containers.contains(&type_name);
        self.containers.push(type_name);
        Container { filled: !again && !self.minimal, again }
    }

    pub(super) fn close_container(&mut self) {
        self.containers.pop();
    }

    /// Enters a named type and chooses the alternative to build; `None` if there is none to choose.
    pub(super) fn open(
        &mut self,
        type_name: &'static str,
        name: &'static str,
        alternatives: Option<&'static [&'static str]>,
    ) -> (String, Option<usize>) {
        let id = self.define(type_name, name, alternatives);
        let printed = self.definitions[id].name.clone();
        if !self.minimal {
            let inside = match self.stack.last() {
                Some(frame) => &mut self.definitions[frame.definition].alternatives[frame.alternative].inside,
                None => &mut self.roots,
            };
            inside.insert(id);
        }
        let minimal = self.minimal || self.stack.iter().any(|frame| frame.definition == id);
        let chosen = if minimal { self.choose_to_finish(id) } else { self.choose_to_learn(id) };
        if let Some(alternative) = chosen {
            self.stack.push(Frame { definition: id, alternative, field: 0, minimal });
            self.minimal = minimal;
        }
        (printed, chosen)
    }

    fn define(
        &mut self,
        type_name: &'static str,
        name: &'static str,
        alternatives: Option<&'static [&'static str]>,
    ) -> usize {
        if let Some(id) = self.index.get(&(type_name, name)) {
            return *id;
        }
        let id = self.definitions.len();
        let namesakes = self.index.keys().filter(|(_, other)| *other == name).count();
        let names = alternatives.unwrap_or(&[""]);
        self.definitions.push(Definition {
            name: if namesakes == 0 { name.to_owned() } else { format!("{name}#{}", namesakes + 1) },
            is_enum: alternatives.is_some(),
            alternatives: names.iter().map(|name| Alternative { name, ..Alternative::default() }).collect(),
            last_tried: names.len().saturating_sub(1),
            last_finished: names.len().saturating_sub(1),
            known: None,
        });
        self.index.insert((type_name, name), id);
        id
    }

    /// The next alternative of which the shape is not known, or one that leads to such a type, or any that works.
    fn choose_to_learn(&mut self, id: usize) -> Option<usize> {
        let definition = &self.definitions[id];
        let count = definition.alternatives.len();
        let unseen = (1..=count)
            .map(|step| (definition.last_tried + step) % count)
            .find(|i| definition.alternatives[*i].shape.is_none());
        if let Some(next) = unseen {
            self.definitions[id].last_tried = next;
            return Some(next);
        }
        let leading = (0..count).find(|i| self.leads_on_past(&definition.alternatives[*i].inside, id));
        let chosen = leading.or(definition.known);
        if chosen.is_none() {
            self.fault = Some(Fault::Hopeless);
        }
        chosen
    }

    /// The alternative that is known to end, or the next that may.
    fn choose_to_finish(&mut self, id: usize) -> Option<usize> {
        let definition = &mut self.definitions[id];
        if definition.known.is_some() {
            return definition.known;
        }
        let inside_itself = self.stack.iter().any(|frame| frame.definition == id && frame.minimal);
        if inside_itself || definition.alternatives.is_empty() {
            self.fault = Some(Fault::Unfinished);
            return None;
        }
        definition.last_finished = (definition.last_finished + 1) % definition.alternatives.len();
        Some(definition.last_finished)
    }

    /// Leaves the named type entered last, with the shape of what was built, or of as much as was.
    pub(super) fn close(&mut self, mut shape: String, built: bool) {
        let frame = self.stack.pop().expect("every type that is left was entered");
        self.minimal = self.stack.last().is_some_and(|outer| outer.minimal);
        let fault = if built { None } else { Some(self.blame()) };
        let unknown = if fault == Some(Fault::Hopeless) { self.unknown() } else { "?".to_owned() };
        let definition = &mut self.definitions[frame.definition];
        if built {
            definition.known.get_or_insert(frame.alternative);
        }
        let alternative = &mut definition.alternatives[frame.alternative];
        if frame.minimal {
            return;
        }
        match fault {
            None => {}
            Some(Fault::Rejected) => return,
            Some(Fault::Unfinished) => {
                alternative.attempts += 1;
                if alternative.attempts < ATTEMPTS_MAX {
                    return;
                }
                shape.push_str(&unknown);
            }
            Some(Fault::Hopeless) => {
                shape.push_str(&unknown);
                alternative.inside.clear();
                if definition.is_enum {
                    // The other variants may do.
                    self.fault = Some(Fault::Unfinished);
                }
            }
        }
        alternative.shape.get_or_insert(shape);
    }

    /// Why what is being left could not be built. The first to ask decides; the rest of the way out hears the same.
    fn blame(&mut self) -> Fault {
        if let Some(fault) = self.fault {
            return fault;
        }
        let other = self.last_site.is_some_and(|site| {
            let value = self.values.entry(site).or_insert(0);
            *value += 1;
            *value < VALUES
        });
        let fault = if other { Fault::Rejected } else { Fault::Hopeless };
        self.fault = Some(fault);
        fault
    }

    fn leads_on(&self, from: &BTreeSet<usize>) -> bool {
        self.search(from, &mut BTreeSet::new())
    }

    /// As [`leads_on`](Trace::leads_on), by a way that does not pass what is being built, nor `id`.
    fn leads_on_past(&self, from: &BTreeSet<usize>, id: usize) -> bool {
        let mut passed: BTreeSet<usize> = self.stack.iter().map(|frame| frame.definition).collect();
        passed.insert(id);
        self.search(from, &mut passed)
    }

    /// Whether an alternative that has not been seen can be reached.
    fn search(&self, from: &BTreeSet<usize>, passed: &mut BTreeSet<usize>) -> bool {
        from.iter().any(|id| {
            let alternatives = &self.definitions[*id].alternatives;
            passed.insert(*id)
                && alternatives.iter().any(|a| a.shape.is_none() || self.search(&a.inside, passed))
        })
    }
}

/// How to build an option, sequence or map.
pub(super) struct Container {
    pub(super) filled: bool,
    pub(super) again: bool,
}

/// Elements in order, equal neighbours counted.
#[derive(Default)]
pub(super) struct Runs(Vec<(String, usize)>);

impl Runs {
    pub(super) fn push(&mut self, part: String) {
        match self.0.last_mut() {
            Some((last, count)) if *last == part => *count += 1,
            _ => self.0.push((part, 1)),
        }
    }

    pub(super) fn join(&self) -> String {
        let run = |(part, count): &(String, usize)| {
            if *count < RUN_MIN { vec![part.as_str(); *count].join(",") } else { format!("{part}*{count}") }
        };
        self.0.iter().map(run).collect::<Vec<_>>().join(",")
    }
}
