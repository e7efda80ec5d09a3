//! The policy as it is written down: [`PolicySpec`], made by `config` or from the command line.
//!
//! The store keeps it as JSON beside the baseline, so that the rules of an earlier run can be
//! compiled again. Nothing is checked here; `Policy::compile` does that. Field order and names are
//! part of the stored form and of the policy's digest.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waxseal_hashers::{HashType, HashTypes};

use super::path_pattern::PathPattern;

/// All rules of a policy in the order of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// The rules; of equally deep ones the later wins.
    pub monitors: Vec<MonitorSpec>,
}

/// One `[[monitor]]`: some paths and how to look at them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorSpec {
    /// What reports call the rule; unique.
    pub name: String,
    /// What is watched.
    pub paths: Vec<PathPattern>,
    /// The paths as they were written, once [`PolicySpec::resolved`] has put their real places
    /// into `paths`; empty before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<PathPattern>,
    /// Whether everything below is watched, or only the direct children.
    pub recursive: bool,
    /// Patterns of what is left out.
    pub exclude_files: Vec<String>,
    /// Patterns one of which a file must match, unless the list is empty.
    pub include_files: Vec<String>,
    /// The digests computed of each file.
    #[serde(
        serialize_with = "write_hash_types",
        deserialize_with = "read_hash_types"
    )]
    pub hash_types: HashTypes,
    /// The list that [`Attributes::parse`](super::Attributes::parse) reads.
    pub attributes: Vec<String>,
    /// What becomes of a change.
    pub accept: Accept,
    /// Whether `watch` follows it as it happens, or only scans look.
    pub realtime: bool,
    /// Words copied to each event.
    pub tags: Vec<String>,
    /// Whether the walk stays on the file system of each root.
    pub one_file_system: bool,
    /// Files and streams above this many bytes are not hashed.
    pub max_file_size: Option<u64>,
}

/// What becomes of a change after it was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// It stays open until somebody approves it.
    #[default]
    Manual,
    /// It becomes trusted at once.
    Auto,
}

impl Accept {
    /// Returns the name it has in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Accept::Manual => "manual",
            Accept::Auto => "auto",
        }
    }
}

impl MonitorSpec {
    /// Says whether two monitors were written alike, wherever their paths led then.
    pub fn is_written_like(&self, other: &MonitorSpec) -> bool {
        self.as_written() == other.as_written()
    }

    /// Says whether two monitors were written with the same paths, wherever those led then.
    pub fn has_paths_of(&self, other: &MonitorSpec) -> bool {
        self.written_paths() == other.written_paths()
    }

    fn written_paths(&self) -> &[PathPattern] {
        match self.written.as_slice() {
            [] => &self.paths,
            written => written,
        }
    }

    fn as_written(&self) -> MonitorSpec {
        let mut spec = self.clone();
        if !spec.written.is_empty() {
            spec.paths = std::mem::take(&mut spec.written);
        }
        spec
    }

    /// Returns a monitor of these paths with every other setting at its default.
    pub fn new(name: &str, paths: Vec<PathPattern>) -> MonitorSpec {
        MonitorSpec {
            name: name.to_owned(),
            paths,
            written: Vec::new(),
            recursive: true,
            exclude_files: Vec::new(),
            include_files: Vec::new(),
            hash_types: HashTypes::single(HashType::Sha256),
            attributes: vec!["default".to_owned()],
            accept: Accept::Manual,
            realtime: true,
            tags: Vec::new(),
            one_file_system: false,
            max_file_size: None,
        }
    }
}

impl PolicySpec {
    /// Returns the policy of `waxseal scan PATH...` without a configuration file.
    ///
    /// The paths must be absolute and are taken literally, whatever characters they have.
    pub fn builtin(paths: &[PathBuf], hash_types: Option<HashTypes>) -> PolicySpec {
        let paths = paths
            .iter()
            .map(|path| PathPattern::literal(path))
            .collect();
        let mut monitor = MonitorSpec::new("command line", paths);
        if let Some(hash_types) = hash_types {
            monitor.hash_types = hash_types;
        }
        PolicySpec {
            monitors: vec![monitor],
        }
    }
}

fn write_hash_types<S: Serializer>(types: &HashTypes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(types.iter().map(HashType::name))
}

fn read_hash_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashTypes, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let parsed = names.iter().map(|name| name.parse::<HashType>());
    parsed
        .collect::<Result<HashTypes, _>>()
        .map_err(serde::de::Error::custom)
}
