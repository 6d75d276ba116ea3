//! What a configuration says about one imported system. Plain data: the configuration room fills it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono_tz::Tz;
use scan_contract::{AccessKind, Privilege, Relation, ScopeName, Status, Subtype, SystemId};

/// One imported system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Configured id; the header of every native file must name it (CMP-1).
    pub system: SystemId,
    /// The scopes that must be there. `None` takes what the files claim; scopes of mapped files are always declared.
    pub scopes: Option<Vec<ScopeName>>,
    /// The files, in the order in which they are read. A scope belongs to exactly one file.
    pub files: Vec<FileSettings>,
    /// Our own limits.
    pub limits: Limits,
    /// Threads that parse native records. The result is the same for any number; zero counts as one.
    pub threads: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// Path as configured. Names that end in `.gz` and `.zst` are decompressed while they are read.
    pub path: PathBuf,
    /// What is in it.
    pub format: Format,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// The native format, version 1.
    Ndjson,
    /// Any table with a header row.
    Csv(Box<CsvSettings>),
}

/// What the columns of a table mean. Nothing is guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvSettings {
    /// JSON file with `as_of`, `rows` and `sha256`; without it the scope is never complete.
    pub manifest: Option<PathBuf>,
    /// The scope the table covers.
    pub scope: ScopeName,
    /// What every row is.
    pub kind: AccessKind,
    /// Column name per field, exactly as the header row writes it.
    pub columns: BTreeMap<Field, String>,
    /// Per field: our word, and the source's words that mean it. Words of time fields are `none` and `hidden`.
    pub values: BTreeMap<Field, BTreeMap<String, Vec<String>>>,
    /// Per time field: its `strftime` pattern. Without one a value must be an RFC 3339 instant or an ISO 8601 date.
    pub formats: BTreeMap<Field, String>,
    /// Zone of times without an offset, and of dates. `None`: dates are UTC days, times without offset are refused.
    pub time_zone: Option<Tz>,
    /// Character between cells.
    pub delimiter: u8,
    /// Encoding where no byte-order mark says otherwise.
    pub encoding: Encoding,
    /// Relation of the one holder a row names, where no column gives it.
    pub relation: Relation,
}

impl CsvSettings {
    /// A table with the usual delimiter and encoding, and no column mapped yet.
    pub fn new(scope: ScopeName, kind: AccessKind) -> Self {
        Self {
            manifest: None,
            scope,
            kind,
            columns: BTreeMap::new(),
            values: BTreeMap::new(),
            formats: BTreeMap::new(),
            time_zone: None,
            delimiter: b',',
            encoding: Encoding::Utf8,
            relation: Relation::Holder,
        }
    }
}

/// How the bytes of a table are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, little-endian unless a byte-order mark says otherwise.
    Utf16,
    /// Windows-1252.
    Windows1252,
}

impl Encoding {
    /// The word used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The encoding written as `word`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Utf8, Self::Utf16, Self::Windows1252].into_iter().find(|encoding| encoding.as_str() == word)
    }
}

/// Our own limits. What lies beyond one is a gap, never silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest line of a native file, and longest row of a table, in bytes without its end.
    pub line_bytes: usize,
    /// Bytes handed over as one sheet; at least one line of full length is always taken.
    pub chunk_bytes: usize,
    /// Bytes read from one file after decompression.
    pub file_bytes: u64,
    /// How many times larger a file may become by decompression, once it is past 64 MiB.
    pub compression_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, chunk_bytes: 2 << 20, file_bytes: 64 << 30, compression_ratio: 1000 }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// A field of an access, or of its holder, that a column can give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field {
            $($(#[$doc])* $variant,)+
        }

        impl Field {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in `columns`, `values` and `formats`, and the key of the native format.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The field written as `word`.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fields! {
    /// Immutable id. The only column a mapping must have.
    GrantId = "grant_id",
    /// Text for people.
    GrantDisplay = "grant_display",
    /// The grant's own switch.
    Status = "status",
    /// How far it reaches.
    Privilege = "privilege",
    /// What it is beyond its kind.
    Subtype = "subtype",
    /// Account it hangs from.
    Parent = "parent",
    /// What it opens.
    Target = "target",
    /// When it was made.
    CreatedAt = "created_at",
    /// When it was last used.
    LastUsedAt = "last_used_at",
    /// When it ends.
    ExpiresAt = "expires_at",
    /// When its secret was replaced.
    RotatedAt = "rotated_at",
    /// How coarse the last use is: a duration.
    LastUsedPrecision = "last_used_precision",
    /// Client or device class of a session.
    Client = "client",
    /// Sessions that began before it are dead.
    CutoffAt = "cutoff_at",
    /// Latest instant at which an unlistable session can be alive.
    LiveUntil = "live_until",
    /// Where the truth is kept.
    ManagedBy = "managed_by",
    /// Where the producer saw it.
    Evidence = "evidence",
    /// How the holder relates to the grant.
    Relation = "relation",
    /// Number in the roster.
    EmployeeId = "employee_id",
    /// Immutable id in this system.
    ProviderId = "provider_id",
    /// Login.
    Login = "login",
    /// Mail address.
    Email = "email",
    /// Name for people.
    Name = "name",
    /// Fingerprint of a public key.
    SshFingerprint = "ssh_fingerprint",
    /// Immutable id at another system.
    ExternalId = "external_id",
    /// That other system.
    ExternalSystem = "external_system",
    /// Since when the relation holds.
    Since = "since",
    /// Until when it held.
    Until = "until",
    /// When this person last used it.
    LastAt = "last_at",
}

impl Field {
    /// Whether its values are times.
    pub fn is_time(self) -> bool {
        matches!(
            self,
            Self::CreatedAt
                | Self::LastUsedAt
                | Self::ExpiresAt
                | Self::RotatedAt
                | Self::CutoffAt
                | Self::LiveUntil
                | Self::Since
                | Self::Until
                | Self::LastAt
        )
    }

    /// The words `values` may give it; empty where `values` makes no sense.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Status => Status::WORDS.to_vec(),
            Self::Privilege => Privilege::WORDS.to_vec(),
            Self::Subtype => Subtype::WORDS.to_vec(),
            Self::Relation => Relation::ALL.iter().map(|relation| relation.as_str()).collect(),
            time if time.is_time() => vec!["none", "hidden"],
            _ => Vec::new(),
        }
    }
}

/// A setting that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Key inside the system's block, such as `files[0].columns.status`.
    pub key: String,
    /// What was found and what was expected.
    pub says: String,
}

impl Settings {
    /// Settings without files, with the limits and one thread.
    pub fn new(system: SystemId) -> Self {
        Self { system, scopes: None, files: Vec::new(), limits: Limits::default(), threads: 1 }
    }

    /// Everything that is wrong with them, for the configuration room to show; empty if they can be followed.
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut say = |key: String, says: String| problems.push(SettingsProblem { key, says });
        if self.files.is_empty() {
            say(String::from("files"), String::from("an import needs at least one file"));
        }
        let mut declared = BTreeSet::new();
        for name in self.scopes.iter().flatten() {
            if name.as_str().trim().is_empty() {
                say(String::from("scopes"), String::from("a scope without a name"));
            }
            if !declared.insert(name.as_str()) {
                say(String::from("scopes"), format!("the scope {:?} is named twice", name.as_str()));
            }
        }
        let mut paths = BTreeSet::new();
        let mut served = BTreeSet::new();
        for (index, file) in self.files.iter().enumerate() {
            if !paths.insert(&file.path) {
                say(format!("files[{index}].path"), format!("{} is named twice", file.path.display()));
            }
            if let Format::Csv(csv) = &file.format {
                if !served.insert(csv.scope.as_str()) {
                    let says = format!(
                        "the scope {:?} is already served by another file; a scope has one file",
                        csv.scope.as_str()
                    );
                    say(format!("files[{index}].scope"), says);
                }
                for problem in csv.problems() {
                    say(format!("files[{index}].{}", problem.key), problem.says);
                }
            }
        }
        problems
    }
}

impl CsvSettings {
    fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let mut say = |key: String, says: String| problems.push(SettingsProblem { key, says });
        if self.scope.as_str().trim().is_empty() {
            say(String::from("scope"), String::from("a scope without a name"));
        }
        if !self.columns.contains_key(&Field::GrantId) {
            say(String::from("columns.grant_id"), String::from("no column gives the immutable id of a grant"));
        }
        if !self.delimiter.is_ascii() || matches!(self.delimiter, b'"' | b'\n' | b'\r') {
            say(
                String::from("delimiter"),
                String::from("expected one ASCII character that is no quote and no line end"),
            );
        }
        for (field, words) in &self.values {
            let key = format!("values.{}", field.as_str());
            if !self.columns.contains_key(field) {
                say(key.clone(), String::from("no column is mapped to this field"));
            }
            let valid = field.words();
            if valid.is_empty() {
                say(key.clone(), String::from("this field has no vocabulary"));
                continue;
            }
            let mut seen = BTreeSet::new();
            for (word, sources) in words {
                if !valid.contains(&word.as_str()) {
                    say(key.clone(), format!("{word:?} is not one of {}", valid.join(", ")));
                }
                for source in sources {
                    if !seen.insert(source.as_str()) {
                        say(key.clone(), format!("the source's word {source:?} is listed twice"));
                    }
                }
            }
        }
        for (field, pattern) in &self.formats {
            let key = format!("formats.{}", field.as_str());
            if !field.is_time() {
                say(key, String::from("this field is no time"));
                continue;
            }
            if !self.columns.contains_key(field) {
                say(key.clone(), String::from("no column is mapped to this field"));
            }
            if let Err(says) = crate::csv::pattern_problem(pattern, self.time_zone) {
                say(key, says);
            }
        }
        problems
    }
}
