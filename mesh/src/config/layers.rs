//! The layers of a configuration, and where each is read from. Knows every key only through the table in `keys`.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keys::{ENTRIES, SECRET, SECRET_FILE, Values};
use super::secret::{HIDDEN, Secret};
use super::value::Setting;

/// The environment variable that names the configuration file.
pub const CONFIG_FILE: &str = "MESH_CONFIG";

/// Environment variables of this prefix are marks that processes leave each other, not settings.
pub const MARK_PREFIX: &str = "MESH_MARK_";

/// What all environment variables of `mesh` begin with.
const ENV_PREFIX: &str = "MESH_";

/// The longest configuration file that is read, in bytes.
const FILE_LEN_MAX: u64 = 1 << 20;

/// The longest unknown key for which a known one is suggested, in bytes.
const SUGGEST_LEN_MAX: usize = 64;

/// Where the value of a key came from; a later layer wins over an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Layer {
    /// Built in.
    Default,
    /// Sent by the process that started this one.
    Inherited,
    /// The file named by `MESH_CONFIG`.
    File,
    /// Set by the program.
    Runtime,
    /// An environment variable.
    Environment,
    /// Set by a test.
    Test,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Default => "default",
            Layer::Inherited => "inherited",
            Layer::File => "file",
            Layer::Runtime => "runtime",
            Layer::Environment => "environment",
            Layer::Test => "test",
        })
    }
}

/// Names one setting of type `T`; the keys are the constants of this module.
pub struct Key<T: 'static> {
    pub(super) read: fn(&Values) -> &Slot<T>,
    pub(super) write: fn(&mut Values) -> &mut Slot<T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Key<T> {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The value of one key.
#[derive(Clone)]
pub(super) struct Slot<T> {
    value: T,
    layer: Layer,
    least: Option<T>,
}

impl<T: Setting> Slot<T> {
    pub(super) fn new(value: T, least: Option<T>) -> Slot<T> {
        Slot { value, layer: Layer::Default, least }
    }

    pub(super) fn layer(&self) -> Layer {
        self.layer
    }

    pub(super) fn print(&self) -> String {
        self.value.print()
    }

    pub(super) fn show(&self) -> String {
        self.value.show()
    }

    fn in_range(&self, value: T) -> T {
        let value = value.bounded();
        match &self.least {
            Some(least) => value.max(least.clone()),
            None => value,
        }
    }

    /// Takes the value unless a higher layer has spoken (`CONFIG-1`).
    fn set(&mut self, layer: Layer, value: T) {
        if layer >= self.layer {
            self.value = self.in_range(value);
            self.layer = layer;
        }
    }

    /// As [`set`](Slot::set), of what a person wrote; gives back what is wrong with it.
    pub(super) fn set_text(&mut self, layer: Layer, text: &str) -> Result<(), Option<String>> {
        let value = T::parse(text).ok_or(None)?;
        if self.in_range(value.clone()) != value {
            return Err(self.least.as_ref().map(Setting::print));
        }
        self.set(layer, value);
        Ok(())
    }
}

/// What is known of a key without its type.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) env: &'static str,
    pub(super) doc: &'static str,
    pub(super) inherited: bool,
    pub(super) form: &'static str,
    pub(super) is_hidden: bool,
    pub(super) set: fn(&mut Values, Layer, &str) -> Result<(), Option<String>>,
    pub(super) print: fn(&Values) -> String,
    pub(super) show: fn(&Values) -> String,
    pub(super) layer: fn(&Values) -> Layer,
}

/// The value of every setting. Cheap to clone, and a value: no clone sees another's changes (`CONFIG-3`).
#[derive(Clone, Default)]
pub struct Config {
    values: Arc<Values>,
}

impl Config {
    /// Reads the environment, and the file that `MESH_CONFIG` names if it is set.
    ///
    /// # Errors
    ///
    /// Names the first key that is unknown or has a bad value, where it stands, and what would be right; or the file
    /// that could not be read (`CONFIG-2`).
    pub fn load() -> Result<Config, ConfigError> {
        Config::load_from(std::env::vars_os(), &read_bounded)
    }

    pub(super) fn load_from(
        vars: impl Iterator<Item = (OsString, OsString)>,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        // Sorted, so that of several mistakes the same one is reported each time.
        let mut vars: Vec<_> = vars.filter(|(name, _)| is_setting(&name.to_string_lossy())).collect();
        vars.sort();
        for (name, value) in vars {
            if name == CONFIG_FILE {
                config.read_file(Path::new(&value), read)?;
                continue;
            }
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            config.set(&name, |entry| entry.env, &value, &Place::Environment)?;
        }
        config.read_secret(read)?;
        Ok(config)
    }

    /// Reads the text of a configuration file; `path` is what errors call it. Files that it names are not read.
    ///
    /// # Errors
    ///
    /// As [`load`](Config::load) for the file (`CONFIG-2`).
    pub fn of_text(path: impl AsRef<Path>, text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        config.read_file(path.as_ref(), &|_| Ok(text.to_owned()))?;
        Ok(config)
    }

    fn read_file(
        &mut self,
        path: &Path,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<(), ConfigError> {
        let text = read(path).map_err(|cause| ConfigError::File { path: path.to_owned(), cause })?;
        let mut seen = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let place = Place::File { path: path.to_owned(), line: index + 1 };
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let Some((name, value)) = line.split_once('=') else {
                let is_secret = ENTRIES.iter().any(|entry| entry.is_hidden && line.starts_with(entry.name));
                let text = if is_secret { HIDDEN } else { line }.to_owned();
                return Err(ConfigError::NotASetting { text, place });
            };
            let (name, value) = (name.trim(), value.trim());
            self.set(name, |entry| entry.name, value, &place)?;
            if seen.contains(&name) {
                return Err(ConfigError::Repeated { key: name.to_owned(), place });
            }
            seen.push(name);
        }
        Ok(())
    }

    /// Reads the file that `secret_file` names, unless the secret itself is set in that layer or a higher one.
    fn read_secret(&mut self, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<(), ConfigError> {
        let (Some(path), layer) = (self.get(SECRET_FILE), self.layer(SECRET_FILE)) else { return Ok(()) };
        if self.layer(SECRET) >= layer {
            return Ok(());
        }
        let path = PathBuf::from(&*path);
        let text = match read(&path) {
            Ok(text) => text,
            Err(cause) => return Err(ConfigError::SecretFile { path, cause }),
        };
        let slot = (SECRET.write)(Arc::make_mut(&mut self.values));
        slot.set_text(layer, text.trim()).map_err(|_| ConfigError::BadSecret { path })
    }

    /// The value of `key`.
    pub fn get<T: Clone>(&self, key: Key<T>) -> T {
        (key.read)(&self.values).value.clone()
    }

    /// The layer that the value of `key` came from.
    pub fn layer<T: Setting>(&self, key: Key<T>) -> Layer {
        (key.read)(&self.values).layer()
    }

    /// Sets `key` as the program: the environment and a test still win. A value outside the key's range becomes the
    /// nearest one inside it.
    #[must_use]
    pub fn with<T: Setting>(self, key: Key<T>, value: T) -> Config {
        self.with_layer(Layer::Runtime, key, value)
    }

    /// Sets `key` as a test: nothing wins over it. A value outside the key's range becomes the nearest one inside it.
    #[must_use]
    pub fn with_test<T: Setting>(self, key: Key<T>, value: T) -> Config {
        self.with_layer(Layer::Test, key, value)
    }

    fn with_layer<T: Setting>(mut self, layer: Layer, key: Key<T>, value: T) -> Config {
        (key.write)(Arc::make_mut(&mut self.values)).set(layer, value);
        self
    }

    /// What a child process is told: the names and values of the inherited keys that differ from built-in ones.
    pub fn inheritable(&self) -> Vec<(String, String)> {
        ENTRIES
            .iter()
            .filter(|entry| entry.inherited && (entry.layer)(&self.values) > Layer::Default)
            .map(|entry| (entry.name.to_owned(), (entry.print)(&self.values)))
            .collect()
    }

    /// Takes what the parent's [`inheritable`](Config::inheritable) said, and settings named as in the environment;
    /// every layer but the defaults wins over it.
    ///
    /// # Errors
    ///
    /// Names the first pair whose key is unknown or whose value is bad: the parent is another version.
    pub fn inherit(
        mut self,
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        for (name, value) in pairs {
            // What the parent has is named as in a file, what was set for these children alone as in the environment.
            let name_of: fn(&Entry) -> &'static str =
                if name.starts_with(ENV_PREFIX) { |entry| entry.env } else { |entry| entry.name };
            self.set(&name, name_of, &value, &Place::Parent)?;
        }
        Ok(self)
    }

    /// Sets the key that is called `name` in this place.
    fn set(
        &mut self,
        name: &str,
        name_of: fn(&Entry) -> &'static str,
        value: &str,
        place: &Place,
    ) -> Result<(), ConfigError> {
        let Some(entry) = ENTRIES.iter().find(|entry| name_of(entry) == name) else {
            let nearest = nearest(name, ENTRIES.iter().map(name_of));
            return Err(ConfigError::UnknownKey { key: name.to_owned(), place: place.clone(), nearest });
        };
        (entry.set)(Arc::make_mut(&mut self.values), place.layer(), value).map_err(|least| {
            ConfigError::BadValue {
                key: name.to_owned(),
                value: if entry.is_hidden { HIDDEN.to_owned() } else { value.to_owned() },
                place: place.clone(),
                wanted: match least {
                    Some(least) => format!("{}, at least {least}", entry.form),
                    None => entry.form.to_owned(),
                },
            }
        })
    }

    /// Every key with its meaning, its value and the layer it came from, as a configuration file; a secret is hidden.
    pub fn dump(&self) -> String {
        let about = |entry: &Entry| format!("#{}\n{}\n", entry.doc, self.line(entry));
        ENTRIES.iter().map(about).collect()
    }

    fn line(&self, entry: &Entry) -> String {
        format!("{} = {}  # {}", entry.name, (entry.show)(&self.values), (entry.layer)(&self.values))
    }
}

/// One line for each key: its name, value and layer.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ENTRIES.iter().try_for_each(|entry| writeln!(f, "{}", self.line(entry)))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for entry in ENTRIES.iter().filter(|entry| (entry.layer)(&self.values) > Layer::Default) {
            map.entry(&entry.name, &format_args!("{}", (entry.show)(&self.values)));
        }
        map.finish_non_exhaustive()
    }
}

/// Where a setting was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// The environment of this process.
    Environment,
    /// A line of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// What the parent process sent.
    Parent,
}

impl Place {
    fn layer(&self) -> Layer {
        match self {
            Place::Environment => Layer::Environment,
            Place::File { .. } => Layer::File,
            Place::Parent => Layer::Inherited,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Environment => f.write_str("the environment"),
            Place::File { path, line } => write!(f, "{}:{line}", path.display()),
            Place::Parent => f.write_str("what the parent process sent"),
        }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such key.
    #[error("`{key}` in {place} is not a setting{}", suggestion(*.nearest))]
    UnknownKey {
        /// What was written.
        key: String,
        /// Where.
        place: Place,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The key has no such value.
    #[error("`{key}` in {place} cannot be `{value}`: write {wanted}")]
    BadValue {
        /// The key.
        key: String,
        /// What was written.
        value: String,
        /// Where.
        place: Place,
        /// What would be right.
        wanted: String,
    },
    /// A line of a file is not `key = value`.
    #[error("`{text}` in {place} is not a setting: write `key = value`")]
    NotASetting {
        /// The line.
        text: String,
        /// Where.
        place: Place,
    },
    /// A file sets one key twice.
    #[error("`{key}` in {place} was set before in this file: keep one of the two")]
    Repeated {
        /// The key.
        key: String,
        /// Where it is set again.
        place: Place,
    },
    /// The file of the secret cannot be read.
    #[error("the file {} that `secret_file` names cannot be read", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// What is in the file of the secret is none.
    #[error("what is in {}, the file that `secret_file` names, is not {}", path.display(), Secret::FORM)]
    BadSecret {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("the configuration file {} that MESH_CONFIG names cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!(": did you mean `{name}`?"),
        None => {
            format!("; the settings are {}", ENTRIES.iter().map(|e| e.name).collect::<Vec<_>>().join(", "))
        }
    }
}

fn is_setting(name: &str) -> bool {
    name.starts_with(ENV_PREFIX) && !name.starts_with(MARK_PREFIX)
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read_bytes = std::fs::File::open(path)?.take(FILE_LEN_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(read_bytes).is_ok_and(|len| len <= FILE_LEN_MAX) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {FILE_LEN_MAX} bytes")))
    }
}

/// The name that differs least from `text`, if less than half of it is another word.
fn nearest(text: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if text.len() > SUGGEST_LEN_MAX {
        return None;
    }
    let (distance, name) = names
        .map(|name| (edit_distance(&text.to_ascii_lowercase(), &name.to_ascii_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance * 2 < text.len().max(name.len())).then_some(name)
}

/// How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein, 1966).
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}
